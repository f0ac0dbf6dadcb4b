// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which files are copied, and where they are found in the clone. The copying itself is copies/layer.c's. */
#include "copies.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include "config.h"
#include "copies/store.h"
#include "op.h"
#include "settle/copied.h"
#include "settle/memory.h"
#include "settle/regular.h"

/* What is copied of a directory beside what is open for writing, all of it in the pause. */
#define NEIGHBOURS_MAX_BYTES (UINT64_C(256) << 20)
#define NEIGHBOURS_MAX_NAMES 4096

int ptree_copies_failed(struct ptree_op *op, int r, const char *what)
{
	const char *way_out = "";

	if (r == -ENOSPC || r == -EDQUOT)
		way_out = "the copies are in " PTREE_STATE_DIR "; ";
	else if (r == -ETIMEDOUT)
		way_out = "with a longer --max-pause it may be done in time; ";
	return ptree_error_set(&op->error, r, op->pid, "%s: cannot copy files for the clone: %s: %m; %s--files=share does without",
			       ptree_step_name(op->step), what, way_out);
}

/* /sys and its like have no contents of their own; they tell no size, as tmpfs without a limit does not either. */
static bool has_contents(const struct ptree_file *f)
{
	_cleanup_close_ int fd = ptree_file_borrow(f);
	struct statfs fs;

	return fd >= 0 && fstatfs(fd, &fs) == 0 && (fs.f_blocks > 0 || fs.f_type == TMPFS_MAGIC);
}

bool ptree_copies_wants(const struct ptree_op *op, const struct ptree_file *f)
{
	bool written = false;

	if (op->policies.contents != PTREE_POLICY_PRIVATE || !S_ISREG(f->info.mode))
		return false;
	for (const struct ptree_file *d = f->first; d; d = d->next) {
		if (!ptree_regular_is(d))
			continue;
		if (d->info.is & PTREE_FILE_LEASED)
			return false;
		written |= ptree_file_writes(d);
	}
	return written && has_contents(f);
}

void ptree_copies_discard(struct ptree_op *op)
{
	if (op->copies.store)
		ptree_store_remove(op->id);
	ptree_copies_done(&op->copies);
}

int ptree_copies_prepare(struct ptree_op *op)
{
	struct ptree_copies *c = &op->copies;
	int r;

	if (op->policies.contents != PTREE_POLICY_PRIVATE)
		return 0;
	/* Its root has exited: the walk says so. */
	if (op->namespaces.root_fd < 0)
		return 0;
	r = ptree_journal_write(&op->journal, "COPIES", "%llu", (unsigned long long)op->id);
	if (r >= 0)
		r = ptree_store_make(op->id, &c->store);
	if (r < 0)
		return ptree_copies_failed(op, r, "making a directory for them in " PTREE_STATE_DIR);
	op->namespaces.copies = c;
	return ptree_copies_named(op);
}

/* The path in the clone's mount namespace at which the twin has it open or mapped. -ENOENT: there is none. */
static int path_find(const struct ptree_op *op, const struct ptree_file *f, char *path)
{
	const struct ptree_member *m = f->nr_fds > 0 ? f->fds[0].member : f->mappings[0].member;
	_cleanup_close_ int original = -1, found = -1;
	char link[96];
	ssize_t n;

	if (f->info.is & PTREE_FILE_UNLINKED || !ptree_namespaces_has(op, m, PTREE_NAMESPACE_MNT))
		return -ENOENT;
	if (f->nr_fds > 0)
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", m->twin, f->fds[0].fd);
	else
		snprintf(link, sizeof(link), "/proc/%d/map_files/%llx-%llx", m->twin,
			 (unsigned long long)f->mappings[0].info.start,
			 (unsigned long long)(f->mappings[0].info.start + f->mappings[0].info.length));
	n = readlink(link, path, PATH_MAX - 1);
	if (n < 0)
		return errno == ENAMETOOLONG ? -ENOENT : -errno;
	path[n] = '\0';
	original = open(link, O_PATH | O_CLOEXEC);
	if (original < 0)
		return -errno;
	found = ptree_namespaces_find(&op->namespaces, path, original);
	return found < 0 ? found : 0;
}

static bool is_in_use(const struct ptree_file *f)
{
	return f->nr_fds + f->nr_mappings > 0 && !f->gone && f->replaced_by < 0;
}

/* Nobody removes or renames by name what is only standard output, and others may write in that directory. */
static bool is_standard_output(const struct ptree_file *f)
{
	for (const struct ptree_file *d = f->first; d; d = d->next) {
		if (d->nr_mappings > 0)
			return false;
		for (size_t i = 0; i < d->nr_fds; i++)
			if (d->fds[i].fd > STDERR_FILENO)
				return false;
	}
	return true;
}

static int written_add(struct ptree_op *op, const struct ptree_file *f, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *directory = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	struct ptree_place *p = directory ? ptree_place_add(&op->copies, directory) : NULL;

	if (!p)
		return -ENOMEM;
	if (slash == path)
		p->why_single = "the root directory cannot be replaced";
	else if (!is_standard_output(f))
		p->single = false;
	return ptree_names_has(&p->written, slash + 1) ? 0 : ptree_names_add(&p->written, slash + 1);
}

/* One inode, under the first path that leads to it; all its descriptions go there. */
static int inode_place(struct ptree_op *op, struct ptree_file *first)
{
	char path[PATH_MAX];
	int r = -ENOENT;

	for (struct ptree_file *f = first; f && r == -ENOENT; f = f->next)
		if (ptree_copied_is(f) && is_in_use(f))
			r = path_find(op, f, path);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = written_add(op, first, path);
	for (struct ptree_file *f = first; f && r == 0; f = f->next) {
		if (!ptree_copied_is(f))
			continue;
		ptree_copied_of(f)->path = strdup(path);
		r = ptree_copied_of(f)->path ? 0 : -ENOMEM;
	}
	return r;
}

static int place_list(struct ptree_op *op, struct ptree_place *p)
{
	_cleanup_close_ int fd = -1;
	int r;

	fd = openat(op->namespaces.root_fd, p->path[1] ? p->path + 1 : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &p->st) < 0)
		return ptree_copies_failed(op, -errno, p->path);
	if (!p->single) {
		r = ptree_place_list(p, fd, p->whole ? UINT64_MAX : NEIGHBOURS_MAX_BYTES, p->whole ? SIZE_MAX : NEIGHBOURS_MAX_NAMES);
		if (r == -EFBIG) {
			p->single = true;
			p->why_single = "its directory is too large to be copied as well";
		} else if (r < 0) {
			return ptree_copies_failed(op, r, p->path);
		}
	}
	for (size_t i = 0; p->single && i < p->written.nr; i++)
		if (ptree_names_add(&p->copied, p->written.names[i]) < 0)
			return ptree_error_oom(&op->error, "capture");
	return 0;
}

static int note_single(const struct ptree_place *p, struct ptree_file *f)
{
	return ptree_file_note(f, "copied: what the clone writes is its own; %s: the clone cannot rename or remove it",
			       p->why_single ?: "the directory is the source's");
}

/*
 * What is open, and not for writing, at a path that leads to a copy in the clone. Directories too: where one is not in
 * a place, what is found from it on has to be as by any other way.
 */
static int reader_place(struct ptree_op *op, struct ptree_file *f)
{
	char path[PATH_MAX];
	const char *rest;
	int r;

	r = path_find(op, f, path);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (S_ISREG(f->info.mode) && !ptree_place_of(&op->copies, path, &rest))
		return 0;
	r = ptree_copied_mark(f);
	if (r < 0)
		return r;
	ptree_copied_of(f)->path = strdup(path);
	return ptree_copied_of(f)->path ? 0 : -ENOMEM;
}

/* Once for the inode. */
static int loose_copy(struct ptree_op *op, struct ptree_file *f)
{
	struct ptree_copied *c = ptree_copied_of(ptree_copied_loose(f));
	_cleanup_close_ int borrowed = ptree_file_borrow(f), from = -1;
	struct stat st;
	char link[64];

	if (c->fd >= 0)
		return 0;
	if (borrowed < 0)
		return borrowed;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", borrowed);
	from = open(link, O_RDONLY | O_CLOEXEC | O_NOATIME);
	c->fd = open(op->copies.store, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (from < 0 || c->fd < 0 || fstat(from, &st) < 0 || fchown(c->fd, st.st_uid, st.st_gid) < 0 ||
	    fchmod(c->fd, st.st_mode & 07777) < 0)
		return -errno;
	if (ioctl(c->fd, FICLONE, from) == 0)
		return 0;
	if (ftruncate(c->fd, st.st_size) < 0)
		return -errno;
	return ptree_memory_copy(from, 0, &st, false, c->fd);
}

static int file_capture(struct ptree_op *op, struct ptree_file *f)
{
	struct ptree_copied *c = f->state;
	const struct ptree_place *p;
	const char *rest;
	int r = 0;

	if (!c)
		return op->copies.nr > 0 ? reader_place(op, f) : 0;
	if (!c->path) {
		r = loose_copy(op, f);
	} else {
		p = ptree_place_of(&op->copies, c->path, &rest);
		if (p && p->single)
			r = note_single(p, f);
	}
	return r < 0 ? r : ptree_locks_capture(f);
}

int ptree_copies_capture(struct ptree_op *op)
{
	uint64_t deadline = op->pause_start_usec + op->max_pause_usec;
	struct ptree_copies *c = &op->copies;
	char what[PTREE_HELPER_WHAT_MAX];
	int r = 0;

	if (!c->store)
		return 0;
	for (size_t i = 0; i < op->files.nr_files && r == 0; i++) {
		struct ptree_file *f = &op->files.files[i];

		if (ptree_copied_is(f) && ptree_copied_loose(f) == f)
			r = inode_place(op, f->first);
		if (r < 0)
			return op->error.code < 0 ? r : ptree_file_error(op, f, r, "looking for its path");
	}
	ptree_places_sort(c);
	for (size_t i = 0; i < c->nr && r == 0; i++)
		r = place_list(op, &c->places[i]);
	if (r < 0)
		return r;
	for (size_t i = 0; i < op->files.nr_files; i++) {
		struct ptree_file *f = &op->files.files[i];

		if (f->kind->settle != ptree_regular_settle || f->policy != PTREE_POLICY_PRIVATE || !is_in_use(f))
			continue;
		r = file_capture(op, f);
		if (r < 0)
			return op->error.code < 0 ? r : ptree_file_error(op, f, r, "copying it");
	}
	if (c->nr > 0)
		r = ptree_layers_copy(c, op->namespaces.fds[PTREE_NAMESPACE_MNT], deadline, what);
	return r < 0 ? ptree_copies_failed(op, r, what) : 0;
}

int ptree_copies_settle(struct ptree_op *op)
{
	char what[PTREE_HELPER_WHAT_MAX];
	int r;

	if (op->copies.nr == 0)
		return 0;
	r = ptree_layers_mount(&op->copies, op->namespaces.fds[PTREE_NAMESPACE_MNT], what);
	return r < 0 ? ptree_copies_failed(op, r, what) : 0;
}
