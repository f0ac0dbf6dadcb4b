// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finding watched inodes. What watches them is the business of each kind. */
#include "watched.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../copies.h"
#include "fdinfo.h"

/* A place where a file system is mounted. */
struct ptree_way {
	uint64_t dev;
	char path[PATH_MAX];
};

/* The kernel's own numbering, 20 bits of minor. */
uint64_t ptree_watched_dev(uint64_t sdev)
{
	return makedev((unsigned)(sdev >> 20), (unsigned)(sdev & 0xfffff));
}

static bool handle_parse(const char *hex, size_t size, struct ptree_watched *w)
{
	unsigned char *bytes = (unsigned char *)w->h.room + offsetof(struct file_handle, f_handle);

	if (size > PTREE_HANDLE_MAX)
		return false;
	for (size_t i = 0; i < size; i++) {
		unsigned byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		bytes[i] = (unsigned char)byte;
	}
	w->h.handle.handle_bytes = (unsigned)size;
	return true;
}

int ptree_watched_parse(const char *line, struct ptree_watched *ret)
{
	struct ptree_watched w = { 0 };
	uint64_t dev, size, type;
	const char *hex;
	int r;

	r = ptree_fdinfo_field(line, "ino:", 16, &w.ino);
	if (r == 0)
		r = ptree_fdinfo_field(line, "sdev:", 16, &dev);
	if (r < 0)
		return r;
	w.dev = ptree_watched_dev(dev);
	if (ptree_fdinfo_field(line, "fhandle-bytes:", 16, &size) == 0 &&
	    ptree_fdinfo_field(line, "fhandle-type:", 16, &type) == 0) {
		hex = strstr(line, "f_handle:");
		if (!hex || !handle_parse(hex + strlen("f_handle:"), size, &w))
			return -EBADMSG;
		w.h.handle.handle_type = (int)type;
	}
	*ret = w;
	return 0;
}

static bool is_wanted(const struct ptree_ways *ways, uint64_t dev)
{
	for (size_t i = 0; i < ways->nr_devs; i++)
		if (ways->devs[i] == dev)
			return true;
	return false;
}

int ptree_ways_want(struct ptree_ways *ways, uint64_t dev)
{
	uint64_t *grown;

	if (is_wanted(ways, dev))
		return 0;
	grown = reallocarray(ways->devs, ways->nr_devs + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	ways->devs = grown;
	grown[ways->nr_devs++] = dev;
	return 0;
}

/* "\040" for a blank, as mountinfo has it. */
static void unescape(char *path)
{
	char *to = path;

	for (; *path; path++, to++) {
		*to = *path;
		if (path[0] == '\\' && strspn(path + 1, "01234567") >= 3) {
			*to = (char)((path[1] - '0') * 64 + (path[2] - '0') * 8 + (path[3] - '0'));
			path += 3;
		}
	}
	*to = '\0';
}

int ptree_ways_find(struct ptree_ways *ways, const struct ptree_copies *copies, pid_t twin)
{
	_cleanup_fclose_ FILE *mounts = NULL;
	_cleanup_free_ char *line = NULL;
	char path[64];
	size_t size = 0;

	ways->copies = copies;
	ways->twin = twin;
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", twin);
	mounts = fopen(path, "re");
	if (!mounts)
		return -errno;
	while (getline(&line, &size, mounts) > 0) {
		unsigned id, major, minor;
		struct ptree_way *grown;
		struct statx found;
		int start, end;

		if (sscanf(line, "%u %*u %u:%u %*s %n%*s%n", &id, &major, &minor, &start, &end) != 3)
			continue;
		if (!is_wanted(ways, makedev(major, minor)))
			continue;
		grown = reallocarray(ways->ways, ways->nr + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		ways->ways = grown;
		grown += ways->nr;
		line[end] = '\0';
		unescape(line + start);
		grown->dev = makedev(major, minor);
		if (snprintf(grown->path, sizeof(grown->path), "/proc/%d/root%s", twin, line + start) >=
		    (int)sizeof(grown->path))
			continue;
		if (statx(AT_FDCWD, grown->path, AT_NO_AUTOMOUNT, STATX_MNT_ID | STATX_TYPE, &found) < 0)
			continue;
		if (found.stx_mnt_id == id && S_ISDIR(found.stx_mode))
			ways->nr++;
	}
	return 0;
}

int ptree_ways_open(const struct ptree_ways *ways, uint64_t dev)
{
	for (size_t i = 0; i < ways->nr; i++) {
		int fd = ways->ways[i].dev == dev ? open(ways->ways[i].path, O_PATH | O_CLOEXEC) : -1;

		if (fd >= 0)
			return fd;
	}
	return -ESTALE;
}

/*
 * The mount is told by the working directory, since a descriptor for that would have to be one that is open, which those
 * who watch the directory would see.
 */
static int original_open(const struct ptree_ways *ways, const struct ptree_watched *w)
{
	union {
		struct file_handle handle;
		char room[sizeof(w->h.room)];
	} h;

	memcpy(&h, &w->h, sizeof(h));
	for (size_t i = 0; i < ways->nr && h.handle.handle_bytes; i++) {
		struct stat st;
		int fd;

		if (ways->ways[i].dev != w->dev || chdir(ways->ways[i].path) < 0)
			continue;
		fd = open_by_handle_at(AT_FDCWD, &h.handle, O_PATH | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == w->ino)
			return fd;
		ptree_close_fd(fd);
	}
	/* Deleted, it may live on because the tree has it open. */
	return w->open ? ptree_file_borrow_twin(w->open) : -ESTALE;
}

/* Where the clone has a copy of it, that is what it watches. Takes @fd. */
static int copy_open(const struct ptree_ways *ways, int fd)
{
	char path[PATH_MAX + 32], link[64];
	int copy, root;
	ssize_t n;

	root = snprintf(path, sizeof(path), "/proc/%d/root", ways->twin);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path + root, sizeof(path) - (size_t)root - 1);
	if (n < 0)
		return fd;
	path[root + n] = '\0';
	if (!ptree_copies_covers(ways->copies, path + root))
		return fd;
	copy = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (copy < 0)
		return fd;
	close(fd);
	return copy;
}

int ptree_watched_open(const struct ptree_ways *ways, const struct ptree_watched *w)
{
	int fd = original_open(ways, w);

	return fd < 0 ? fd : copy_open(ways, fd);
}

void ptree_ways_done(struct ptree_ways *ways)
{
	free(ways->devs);
	free(ways->ways);
	*ways = (struct ptree_ways){ 0 };
}
