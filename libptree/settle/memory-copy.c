// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The contents of shared memory, from one object to another. This happens in the pause, so it is one copy by the kernel,
 * write() from a mapping of the source's pages, and for an object without holes one system call.
 */
#include <string.h>
#include <sys/mman.h>

#include "memory.h"

#define BOUNCE_SIZE (2u << 20)

static int write_all(int to, const char *from, off_t start, off_t end)
{
	while (start < end) {
		ssize_t n = pwrite(to, from + start, (size_t)(end - start), start);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		start += n;
	}
	return 0;
}

/* Runs of data, as the file system tells them. Pages that were swapped out count, pages never touched do not. */
static int copy_runs(int from, const char *data, off_t size, int to)
{
	off_t start = 0, end;
	int r;

	while (start < size) {
		start = lseek(from, start, SEEK_DATA);
		if (start < 0)
			return errno == ENXIO ? 0 : -errno;
		end = lseek(from, start, SEEK_HOLE);
		if (end < 0)
			return -errno;
		r = write_all(to, data, start, end < size ? end : size);
		if (r < 0)
			return r;
		start = end;
	}
	return 0;
}

/*
 * The last page goes on behind the end of the file. Who has mapped it can write there, and others who have mapped it can
 * read that. Only a mapping reaches it.
 */
static int copy_tail(const char *data, const struct stat *st, int to)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), used = (size_t)st->st_size % page;
	const char *tail = data + st->st_size;
	off_t last = st->st_size - (off_t)used;
	char *map;

	if (!used || (!*tail && !memcmp(tail, tail + 1, page - used - 1)))
		return 0;
	map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, to, last);
	if (map == MAP_FAILED)
		return -errno;
	memcpy(map + used, tail, page - used);
	munmap(map, page);
	return 0;
}

/* Whether there is a page at the end of the file: looking at it would make one. */
static int has_tail(int from, const struct stat *st)
{
	off_t start = st->st_size - 1;

	if (st->st_size % sysconf(_SC_PAGESIZE) == 0)
		return 0;
	return lseek(from, start, SEEK_DATA) == start;
}

static int copy_small_pages(int from, int64_t pos, const struct stat *st, int to)
{
	bool moved = false;
	char *data;
	int r = 0;

	/* Private, since a sealed memfd cannot be mapped shared before 6.7; of what is only read there is no copy. */
	data = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, from, 0);
	if (data == MAP_FAILED)
		return -errno;
	if (st->st_blocks * 512 >= st->st_size) {
		r = write_all(to, data, 0, st->st_size);
	} else {
		r = copy_runs(from, data, st->st_size, to);
		moved = true;
	}
	if (r == 0 && st->st_size % sysconf(_SC_PAGESIZE)) {
		moved = true;
		if (has_tail(from, st))
			r = copy_tail(data, st, to);
	}
	if (moved && lseek(from, pos, SEEK_SET) < 0 && r == 0)
		r = -errno;
	munmap(data, (size_t)st->st_size);
	return r;
}

static bool is_zero(const char *data, size_t size)
{
	return !*data && !memcmp(data, data + 1, size - 1);
}

/*
 * hugetlbfs knows neither SEEK_DATA nor write(), and to read a hole in a mapping fills it: so what is read is looked at,
 * and what is not zero is stored in a mapping of one page. mmap() reserves it: when the pool is empty it says so, where
 * storing would be SIGBUS.
 */
static int copy_huge_page(int from, off_t start, size_t size, char *bounce, int to)
{
	char *page = NULL;
	ssize_t n;
	int r = 0;

	for (size_t at = 0; at < size; at += (size_t)n) {
		n = pread(from, bounce, size - at < BOUNCE_SIZE ? size - at : BOUNCE_SIZE, start + (off_t)at);
		if (n <= 0) {
			r = n < 0 ? -errno : -EIO;
			break;
		}
		if (is_zero(bounce, (size_t)n))
			continue;
		if (!page) {
			page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, to, start);
			if (page == MAP_FAILED)
				return -errno;
		}
		memcpy(page + at, bounce, (size_t)n);
	}
	if (page)
		munmap(page, size);
	return r;
}

static int copy_huge_pages(int from, const struct stat *st, int to)
{
	_cleanup_free_ char *bounce = malloc(BOUNCE_SIZE);
	int r = 0;

	if (!bounce)
		return -ENOMEM;
	for (off_t at = 0; at < st->st_size && r == 0; at += st->st_blksize)
		r = copy_huge_page(from, at, (size_t)st->st_blksize, bounce, to);
	return r;
}

int ptree_memory_copy(int from, int64_t pos, const struct stat *st, bool huge, int to)
{
	if (st->st_size == 0 || st->st_blocks == 0)
		return 0;
	return huge ? copy_huge_pages(from, st, to) : copy_small_pages(from, pos, st, to);
}
