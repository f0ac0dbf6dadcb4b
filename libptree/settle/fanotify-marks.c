// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Marks are added by a path, which leads to an inode, to the mount it is on, or to its file system: here always that of an
 * O_PATH descriptor in /proc/self/fd, which is not seen by those who watch.
 */
#include "fanotify-marks.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../op.h"
#include "aside.h"
#include "fdinfo.h"

#define LINE_MIN 40	/* bytes that a mark has at least in fdinfo */

static int object_parse(const char *line, struct ptree_fanotify_mark *m)
{
	uint64_t dev;

	if (ptree_watched_parse(line, &m->inode) == 0) {
		m->on = FAN_MARK_INODE;
		return 0;
	}
	if (ptree_fdinfo_field(line, "mnt_id:", 16, &m->number) == 0) {
		m->on = FAN_MARK_MOUNT;
		return 0;
	}
	if (ptree_fdinfo_field(line, "mnt_ns:", 10, &m->number) == 0) {
		m->on = FAN_MARK_MNTNS;
		return 0;
	}
	/* Of an inode that is not understood, nothing is guessed. */
	if (ptree_fdinfo_field(line, "ino:", 16, &dev) != -ENOENT || ptree_fdinfo_field(line, "sdev:", 16, &dev) < 0)
		return -EBADMSG;
	m->on = FAN_MARK_FILESYSTEM;
	m->inode.dev = ptree_watched_dev(dev);
	return 0;
}

int ptree_fanotify_mark_parse(const char *line, struct ptree_fanotify_mark *ret)
{
	struct ptree_fanotify_mark m = { 0 };
	uint64_t flags;

	if (ptree_fdinfo_field(line, "mflags:", 16, &flags) < 0 || ptree_fdinfo_field(line, "mask:", 16, &m.mask) < 0 ||
	    ptree_fdinfo_field(line, "ignored_mask:", 16, &m.ignored) < 0 || object_parse(line, &m) < 0)
		return -EBADMSG;
	m.flags = (unsigned)flags;
	*ret = m;
	return 0;
}

static const struct ptree_mount *mount_by_id(const struct ptree_mounts *mounts, uint64_t id)
{
	for (size_t i = 0; i < mounts->nr; i++)
		if (mounts->mounts[i].id == id)
			return &mounts->mounts[i];
	return NULL;
}

/* A mount namespace that is the member's is its twin's there. Another one has no name. */
static int namespace_check(const struct ptree_member *member, uint64_t number)
{
	struct stat ns;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", member->living);
	if (stat(path, &ns) < 0)
		return -errno;
	return ns.st_ino == number ? 0 : -ESTALE;
}

/* What has numbers that may be another's once the source runs: its mounts, and its mount namespace. */
static int number_resolve(struct ptree_fanotify_marks *marks, struct ptree_fanotify_mark *m, const struct ptree_member *member)
{
	int r = 0;

	if (m->on == FAN_MARK_MNTNS)
		return namespace_check(member, m->number);
	if (m->on != FAN_MARK_MOUNT)
		return 0;
	if (!marks->source.mounts)
		r = ptree_mounts_read(&marks->source, member->living);
	if (r < 0)
		return r;
	m->mount = mount_by_id(&marks->source, m->number);
	return m->mount ? 0 : -ESTALE;
}

int ptree_fanotify_marks_read(const char *text, const struct ptree_member *member, struct ptree_fanotify_marks **ret)
{
	const char *at = text ?: "", *line;
	size_t max = strlen(at) / LINE_MIN + 1, size = sizeof(**ret) + max * sizeof((*ret)->marks[0]);
	struct ptree_fanotify_marks *marks;
	int r = 0;

	marks = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (marks == MAP_FAILED)
		return -ENOMEM;
	*ret = marks;
	marks->size = size;
	while ((line = ptree_fdinfo_next(&at, "fanotify "))) {
		struct ptree_fanotify_mark *m = &marks->marks[marks->nr];

		/* The group's own line. */
		if (strncmp(line, "flags:", strlen("flags:")) == 0)
			continue;
		r = marks->nr < max ? ptree_fanotify_mark_parse(line, m) : -EBADMSG;
		if (r < 0)
			return r;
		marks->at = marks->nr++;
		r = number_resolve(marks, m, member);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Two mounts that look the same. A /proc of the clone's own is another file system, in the place of the source's. */
static bool is_like(const struct ptree_mount *a, const struct ptree_mount *b)
{
	return strcmp(a->point, b->point) == 0 && strcmp(a->root, b->root) == 0 &&
	       (a->dev == b->dev || (strcmp(a->type, "proc") == 0 && strcmp(b->type, "proc") == 0));
}

/* Where the twin has the same mount namespace it is the same one, else that of the same rank among those that are alike. */
static const struct ptree_mount *counterpart(const struct ptree_fanotify_marks *marks, const struct ptree_mount *m)
{
	const struct ptree_mount *same = mount_by_id(&marks->clone, m->id);
	size_t rank = 0;

	if (same && is_like(same, m))
		return same;
	for (const struct ptree_mount *before = marks->source.mounts; before < m; before++)
		rank += is_like(before, m);
	for (size_t i = 0; i < marks->clone.nr; i++)
		if (is_like(&marks->clone.mounts[i], m) && rank-- == 0)
			return &marks->clone.mounts[i];
	return NULL;
}

static int mark_find(struct ptree_fanotify_marks *marks, struct ptree_fanotify_mark *m, const struct ptree_op *op,
		     const struct ptree_member *member)
{
	int r = 0;

	switch (m->on) {
	case FAN_MARK_MNTNS:
		return 0;
	case FAN_MARK_MOUNT:
		if (!marks->clone.mounts)
			r = ptree_mounts_read(&marks->clone, member->twin);
		if (r < 0)
			return r;
		m->mount = counterpart(marks, m->mount);
		return m->mount ? 0 : -ESTALE;
	case FAN_MARK_INODE:
		m->inode.open = ptree_files_by_inode(&op->files, m->inode.dev, m->inode.ino);
		/* fall through */
	default:
		return ptree_ways_want(&marks->ways, m->inode.dev);
	}
}

int ptree_fanotify_marks_find(struct ptree_fanotify_marks *marks, const struct ptree_op *op, const struct ptree_member *member)
{
	for (marks->at = 0; marks->at < marks->nr; marks->at++) {
		int r = mark_find(marks, &marks->marks[marks->at], op, member);

		if (r < 0)
			return r;
	}
	return ptree_ways_find(&marks->ways, &op->copies, member->twin);
}

static int mount_open(const struct ptree_fanotify_marks *marks, const struct ptree_mount *m)
{
	_cleanup_close_ int root = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root", marks->ways.twin);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -errno : ptree_mount_open(root, m);
}

/* In the child. */
static int object_open(const struct ptree_fanotify_marks *marks, const struct ptree_fanotify_mark *m)
{
	char path[64];
	int fd;

	switch (m->on) {
	case FAN_MARK_INODE:
		return ptree_watched_open(&marks->ways, &m->inode);
	case FAN_MARK_MOUNT:
		return mount_open(marks, m->mount);
	case FAN_MARK_FILESYSTEM:
		return ptree_ways_open(&marks->ways, m->inode.dev);
	default:
		snprintf(path, sizeof(path), "/proc/%d/ns/mnt", marks->ways.twin);
		fd = open(path, O_PATH | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
}

static int mark_add(const struct ptree_fanotify_marks *marks, const struct ptree_fanotify_mark *m)
{
	unsigned flags = FAN_MARK_ADD | m->on | (m->flags & FAN_MARK_EVICTABLE);
	unsigned ignore = m->flags & FAN_MARK_IGNORE ?: FAN_MARK_IGNORED_MASK;
	_cleanup_close_ int fd = object_open(marks, m);
	uint64_t mask = m->mask;
	char path[64];
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* The kernel has added it for some groups, but does not always take it. */
	if (!S_ISDIR(st.st_mode))
		mask &= ~(uint64_t)FAN_EVENT_ON_CHILD;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (mask && fanotify_mark(marks->fd, flags, mask, AT_FDCWD, path) < 0)
		return -errno;
	flags |= ignore | (m->flags & FAN_MARK_IGNORED_SURV_MODIFY);
	return m->ignored && fanotify_mark(marks->fd, flags, m->ignored, AT_FDCWD, path) < 0 ? -errno : 0;
}

static int marks_add(void *argument)
{
	struct ptree_fanotify_marks *marks = argument;
	int r = 0;

	marks->fd = ptree_aside_keep(marks->fd, 3);
	if (marks->fd < 0)
		return marks->fd;
	for (marks->at = 0; marks->at < marks->nr; marks->at++) {
		r = mark_add(marks, &marks->marks[marks->at]);
		if (r < 0)
			break;
	}
	return r;
}

int ptree_fanotify_marks_add(struct ptree_fanotify_marks *marks, int fd)
{
	marks->fd = fd;
	return marks->nr ? ptree_aside(marks_add, marks, 64) : 0;
}

const char *ptree_fanotify_marks_describe(const struct ptree_fanotify_marks *marks, char *buffer, size_t size)
{
	const struct ptree_fanotify_mark *m = &marks->marks[marks->at];

	if (marks->at >= marks->nr)
		snprintf(buffer, size, "its marks");
	else if (m->on == FAN_MARK_INODE)
		snprintf(buffer, size, "inode %" PRIu64 " of device %u:%u", m->inode.ino, major(m->inode.dev), minor(m->inode.dev));
	else if (m->on == FAN_MARK_FILESYSTEM)
		snprintf(buffer, size, "the file system of device %u:%u", major(m->inode.dev), minor(m->inode.dev));
	else if (m->on == FAN_MARK_MNTNS)
		snprintf(buffer, size, "mount namespace %" PRIu64, m->number);
	else
		snprintf(buffer, size, "mount %" PRIu64 " (%.128s)", m->number, m->mount ? m->mount->point : "in none of its namespaces");
	return buffer;
}

void ptree_fanotify_marks_free(struct ptree_fanotify_marks *marks)
{
	if (!marks)
		return;
	ptree_ways_done(&marks->ways);
	ptree_mounts_done(&marks->source);
	ptree_mounts_done(&marks->clone);
	munmap(marks, marks->size);
}
