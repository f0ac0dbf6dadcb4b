// SPDX-License-Identifier: LGPL-2.1-or-later
/* The open files of a tree: from the module's arrays to who has what, and descriptors of ours for them. */
#include "files.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "op.h"
#include "proc.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL	/* Linux 6.9 */
#endif

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_fds(const void *a, const void *b)
{
	const struct ptree_fd *x = a, *y = b;

	return compare_u64(x->file->index, y->file->index) ?: compare_u64(x->member->number, y->member->number) ?:
	       compare_u64((uint64_t)x->fd, (uint64_t)y->fd);
}

static int compare_mappings(const void *a, const void *b)
{
	const struct ptree_mapping *x = a, *y = b;

	return compare_u64(x->file->index, y->file->index) ?: compare_u64(x->member->number, y->member->number) ?:
	       compare_u64(x->info.start, y->info.start);
}

static int compare_inodes(const void *a, const void *b)
{
	const struct ptree_file *x = *(struct ptree_file *const *)a, *y = *(struct ptree_file *const *)b;

	return compare_u64(x->info.dev, y->info.dev) ?: compare_u64(x->info.ino, y->info.ino);
}

static int compare_inodes_then_index(const void *a, const void *b)
{
	const struct ptree_file *x = *(struct ptree_file *const *)a, *y = *(struct ptree_file *const *)b;

	return compare_inodes(a, b) ?: compare_u64(x->index, y->index);
}

static int compare_cookies(const void *a, const void *b)
{
	const struct ptree_file *x = *(struct ptree_file *const *)a, *y = *(struct ptree_file *const *)b;

	return compare_u64(x->info.cookie, y->info.cookie);
}

/* Anonymous inodes are one inode for all: they are nobody's double. */
static bool has_own_inode(const struct ptree_file *f)
{
	return (f->info.mode & S_IFMT) != 0 && f->info.fs_magic != ANON_INODE_FS_MAGIC;
}

/* Sorts files into their indexes and chains the descriptions of one inode. */
static int index_make(struct ptree_files *files)
{
	struct ptree_file *last = NULL;
	size_t nr = 0, kept = 0;

	files->by_inode = calloc(files->nr_files + 1, sizeof(struct ptree_file *));
	files->by_cookie = calloc(files->nr_files + 1, sizeof(struct ptree_file *));
	if (!files->by_inode || !files->by_cookie)
		return -ENOMEM;
	for (size_t i = 0; i < files->nr_files; i++) {
		struct ptree_file *f = &files->files[i];

		f->first = f;
		if (has_own_inode(f))
			files->by_inode[nr++] = f;
		if (f->info.cookie)
			files->by_cookie[files->nr_by_cookie++] = f;
	}
	qsort(files->by_inode, nr, sizeof(struct ptree_file *), compare_inodes_then_index);
	qsort(files->by_cookie, files->nr_by_cookie, sizeof(struct ptree_file *), compare_cookies);
	for (size_t i = 0; i < nr; i++) {
		struct ptree_file *f = files->by_inode[i];

		if (last && compare_inodes(&last, &f) == 0) {
			f->first = last->first;
			last->next = f;
		} else {
			files->by_inode[kept++] = f;
		}
		last = f;
	}
	files->nr_by_inode = kept;
	return 0;
}

static void users_assign(struct ptree_files *files)
{
	qsort(files->fds, files->nr_fds, sizeof(*files->fds), compare_fds);
	qsort(files->mappings, files->nr_mappings, sizeof(*files->mappings), compare_mappings);
	for (size_t i = files->nr_fds; i-- > 0;) {
		files->fds[i].file->fds = &files->fds[i];
		files->fds[i].file->nr_fds++;
	}
	for (size_t i = files->nr_mappings; i-- > 0;) {
		files->mappings[i].file->mappings = &files->mappings[i];
		files->mappings[i].file->nr_mappings++;
	}
}

/* The arrays as the module gave them, into structs that point at each other. */
static int files_fill(struct ptree_files *files, struct ptree_kernel_files *raw, struct ptree_member **members,
		      size_t nr_members)
{
	files->files = calloc(raw->nr_files + 1, sizeof(*files->files));
	files->fds = calloc(raw->nr_fds + 1, sizeof(*files->fds));
	files->mappings = calloc(raw->nr_mappings + 1, sizeof(*files->mappings));
	if (!files->files || !files->fds || !files->mappings)
		return -ENOMEM;
	for (size_t i = 0; i < raw->nr_files; i++) {
		files->files[i] = (struct ptree_file){
			.info = raw->files[i],
			.index = (unsigned)i,
			.fdinfo = raw->texts ? TAKE_PTR(raw->texts[i]) : NULL,
			.twin_fd = -1,
			.replaced_by = -1,
		};
		files->nr_files++;
	}
	for (size_t i = 0; i < raw->nr_fds; i++) {
		const struct ptree_fd_info *fd = &raw->fds[i];

		if (fd->file >= raw->nr_files || fd->member >= nr_members)
			return -EPROTO;
		files->fds[files->nr_fds++] = (struct ptree_fd){
			.member = members[fd->member],
			.file = &files->files[fd->file],
			.fd = fd->fd,
			.cloexec = fd->flags & 1,
		};
	}
	for (size_t i = 0; i < raw->nr_mappings; i++) {
		const struct ptree_mapping_info *mapping = &raw->mappings[i];

		if (mapping->file >= raw->nr_files || mapping->member >= nr_members)
			return -EPROTO;
		files->mappings[files->nr_mappings++] = (struct ptree_mapping){
			.member = members[mapping->member],
			.file = &files->files[mapping->file],
			.info = *mapping,
		};
	}
	users_assign(files);
	return index_make(files);
}

int ptree_files_read(struct ptree_files *files, struct ptree_kernel *k, uint32_t op_number,
		     struct ptree_member **members, size_t nr_members, int requester_pidfd, const char *step,
		     struct ptree_error *e)
{
	_cleanup_free_ int *pidfds = NULL;
	struct ptree_kernel_files raw;
	int r;

	*files = (struct ptree_files){ 0 };
	if (!op_number) {
		pidfds = calloc(nr_members, sizeof(*pidfds));
		if (!pidfds)
			return ptree_error_oom(e, step);
		for (size_t i = 0; i < nr_members; i++) {
			members[i]->number = (uint32_t)i;
			pidfds[i] = members[i]->pidfd;
		}
	}
	r = ptree_kernel_files(k, op_number, pidfds, op_number ? 0 : nr_members, requester_pidfd, &raw, step, e);
	if (r == 0) {
		r = files_fill(files, &raw, members, nr_members);
		if (r < 0)
			ptree_error_set(e, r, 0, "%s: cannot take in the list of open files: %m", step);
	}
	ptree_kernel_files_done(&raw);
	return r;
}

void ptree_files_done(struct ptree_files *files)
{
	for (size_t i = 0; i < files->nr_files; i++) {
		ptree_close_fd(files->files[i].twin_fd);
		free(files->files[i].fdinfo);
		free(files->files[i].note);
	}
	free(files->files);
	free(files->fds);
	free(files->mappings);
	free(files->by_inode);
	free(files->by_cookie);
	*files = (struct ptree_files){ 0 };
}

struct ptree_file *ptree_files_by_inode(const struct ptree_files *files, uint64_t dev, uint64_t ino)
{
	struct ptree_file key = { .info = { .dev = dev, .ino = ino } }, *wanted = &key, **found;

	found = bsearch(&wanted, files->by_inode, files->nr_by_inode, sizeof(struct ptree_file *), compare_inodes);
	return found ? *found : NULL;
}

struct ptree_file *ptree_files_by_cookie(const struct ptree_files *files, uint64_t cookie)
{
	struct ptree_file key = { .info = { .cookie = cookie } }, *wanted = &key, **found;

	found = bsearch(&wanted, files->by_cookie, files->nr_by_cookie, sizeof(struct ptree_file *), compare_cookies);
	return found ? *found : NULL;
}

static int mapped_open(pid_t pid, const struct ptree_mapping *mapping)
{
	static const int modes[] = { O_RDWR, O_RDONLY };
	char path[96];
	int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", pid, (unsigned long long)mapping->info.start,
		 (unsigned long long)(mapping->info.start + mapping->info.length));
	for (size_t i = 0; i < ARRAY_SIZE(modes) && fd < 0; i++)
		fd = open(path, modes[i] | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int pidfd_getfd_(int pidfd, int fd)
{
	int r = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return r < 0 ? -errno : r;
}

/*
 * A main thread that has ended has no files. Its twin has, and the same, until something is installed there; before there is
 * one, another thread is asked, which Linux knows pidfds of since 6.9.
 */
static int borrow_from_thread(const struct ptree_file *f)
{
	_cleanup_close_ int pidfd = -1;

	if (f->fds[0].member->twin)
		return ptree_file_borrow_twin(f);
	pidfd = (int)syscall(SYS_pidfd_open, f->fds[0].member->living, PIDFD_THREAD);
	return pidfd < 0 ? -errno : pidfd_getfd_(pidfd, f->fds[0].fd);
}

int ptree_file_borrow(const struct ptree_file *f)
{
	if (f->nr_fds > 0 && f->fds[0].member->living != f->fds[0].member->pid)
		return borrow_from_thread(f);
	if (f->nr_fds > 0)
		return pidfd_getfd_(f->fds[0].member->pidfd, f->fds[0].fd);
	if (f->nr_mappings > 0)
		return mapped_open(f->mappings[0].member->living, &f->mappings[0]);
	return -EBADF;
}

int ptree_file_borrow_twin(const struct ptree_file *f)
{
	_cleanup_close_ int pidfd = -1;

	if (f->nr_fds == 0)
		return f->nr_mappings > 0 ? mapped_open(f->mappings[0].member->twin, &f->mappings[0]) : -EBADF;
	pidfd = ptree_proc_pidfd_open(f->fds[0].member->twin, 0);
	return pidfd < 0 ? pidfd : pidfd_getfd_(pidfd, f->fds[0].fd);
}

/* What /proc calls it; its name where that cannot be read any more. The twin stands still, its source may close it. */
static void link_read(const struct ptree_file *f, char *buffer, size_t size)
{
	const struct ptree_member *m = f->nr_fds > 0 ? f->fds[0].member : f->mappings[0].member;
	pid_t pid = m->twin ?: m->living;
	char path[96];
	ssize_t n;

	if (f->nr_fds > 0)
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, f->fds[0].fd);
	else
		snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", pid,
			 (unsigned long long)f->mappings[0].info.start,
			 (unsigned long long)(f->mappings[0].info.start + f->mappings[0].info.length));
	n = readlink(path, buffer, size - 1);
	if (n > 0)
		buffer[n] = '\0';
	else
		snprintf(buffer, size, "%.31s", f->info.name);
}

const char *ptree_file_describe(const struct ptree_file *f, char *buffer, size_t size)
{
	char name[256];

	link_read(f, name, sizeof(name));
	if (f->nr_fds > 0)
		snprintf(buffer, size, "fd %d of pid %d (%s), %s", f->fds[0].fd, f->fds[0].member->pid,
			 f->fds[0].member->comm, name);
	else
		snprintf(buffer, size, "memory at %#llx of pid %d (%s), %s", (unsigned long long)f->mappings[0].info.start,
			 f->mappings[0].member->pid, f->mappings[0].member->comm, name);
	return buffer;
}
