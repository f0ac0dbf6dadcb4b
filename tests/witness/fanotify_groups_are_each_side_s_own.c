// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fanotify: the same marks on inodes, mounts and file systems in a group of each side's own. Of an inode and a file system
 * both sides hear what either does, of a mount only what is done by way of their own; and neither takes an event from the other.
 * A group that was made without rights has none in the clone.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "witness.h"

#define EVENTS_MAX 64
#define UNPRIVILEGED_UID 65534

struct event {
	uint64_t mask;
	ino_t ino;		/* of what was opened for the reader; 0: nothing was */
	pid_t pid;
	char name[32];		/* "": none came with it */
};

static int files, mounts, whole, idle, deleted;

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static void name_read(const struct fanotify_event_metadata *m, char *name, size_t size)
{
	const struct fanotify_event_info_fid *info = (const void *)(m + 1);
	const struct file_handle *handle = (const void *)info->handle;

	*name = '\0';
	if (m->event_len > sizeof(*m) && info->hdr.info_type == FAN_EVENT_INFO_TYPE_DFID_NAME)
		snprintf(name, size, "%s", (const char *)handle->f_handle + handle->handle_bytes);
}

/* All that can be read now; those of one inode or name are one. */
static size_t events_read(int group, struct event *events)
{
	char buffer[4096] __attribute__((aligned(8)));
	size_t nr = 0;
	ssize_t n;

	while ((n = read(group, buffer, sizeof(buffer))) > 0) {
		const struct fanotify_event_metadata *m = (const void *)buffer;

		for (; FAN_EVENT_OK(m, n); m = FAN_EVENT_NEXT(m, n)) {
			struct event event = { .mask = m->mask, .pid = m->pid };
			size_t i = 0;

			if (m->fd >= 0) {
				event.ino = inode_of(m->fd);
				close(m->fd);
			}
			name_read(m, event.name, sizeof(event.name));
			while (i < nr && (events[i].ino != event.ino || strcmp(events[i].name, event.name) != 0))
				i++;
			if (i < nr)
				events[i].mask |= event.mask;
			else if (nr < EVENTS_MAX)
				events[nr++] = event;
		}
	}
	if (n == 0 || errno != EAGAIN)
		FAIL("reading events: %zd (errno %d)", n, errno);
	return nr;
}

static void check_events(int line, int group, const struct event *expected, size_t nr_expected)
{
	struct event events[EVENTS_MAX];
	size_t nr = events_read(group, events);

	for (size_t i = 0; i < nr || i < nr_expected; i++) {
		const struct event *e = &events[i], *x = &expected[i];

		if (i >= nr)
			FAIL("line %d: %zu of %zu events came", line, nr, nr_expected);
		else if (i >= nr_expected)
			FAIL("line %d: one event more: mask %#llx, inode %lu, name %s", line, (unsigned long long)e->mask,
			     (unsigned long)e->ino, e->name);
		else if (e->mask != x->mask || e->ino != x->ino || strcmp(e->name, x->name) != 0)
			FAIL("line %d: event %zu is mask %#llx, inode %lu, name %s and not %#llx, %lu, %s", line, i,
			     (unsigned long long)e->mask, (unsigned long)e->ino, e->name,
			     (unsigned long long)x->mask, (unsigned long)x->ino, x->name);
	}
}

#define CHECK_EVENTS(group, ...) \
	check_events(__LINE__, group, (struct event[]){ __VA_ARGS__ }, \
		     sizeof((struct event[]){ __VA_ARGS__ }) / sizeof(struct event))
#define CHECK_NO_EVENTS(group) check_events(__LINE__, group, NULL, 0)

static void write_to(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) < 0)
		FAIL("cannot write to %s (errno %d)", name, errno);
}

static ino_t inode_at(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? st.st_ino : 0;
}

/* What only an unprivileged group has: it is not told who did it, and marks no mounts. */
static int unprivileged(void *ready)
{
	struct event events[EVENTS_MAX];
	int group;

	MUST(setresgid(UNPRIVILEGED_UID, UNPRIVILEGED_UID, UNPRIVILEGED_UID) == 0);
	MUST(setresuid(UNPRIVILEGED_UID, UNPRIVILEGED_UID, UNPRIVILEGED_UID) == 0);
	group = fanotify_init(FAN_REPORT_FID | FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY);
	MUST(group >= 0 && fanotify_mark(group, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, "file") == 0);
	MUST(write(*(int *)ready, "r", 1) == 1);
	witness_wait_go();
	witness_wait_point("changed");
	CHECK_EQUAL(events_read(group, events), 1);
	CHECK_EQUAL(events[0].mask, FAN_MODIFY);
	CHECK_EQUAL(events[0].pid, 0);
	CHECK(fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_MODIFY, AT_FDCWD, ".") < 0 && errno == EPERM);
	return 0;
}

static void build(void)
{
	files = fanotify_init(FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
	mounts = fanotify_init(FAN_NONBLOCK | FAN_UNLIMITED_MARKS | FAN_UNLIMITED_QUEUE, O_RDONLY | O_CLOEXEC);
	whole = fanotify_init(FAN_NONBLOCK | FAN_CLOEXEC | FAN_REPORT_DFID_NAME, O_RDONLY);
	idle = fanotify_init(FAN_CLASS_CONTENT, O_RDONLY);
	if (files < 0 && errno == ENOSYS)
		witness_skip("this kernel has no fanotify");
	MUST(files >= 0 && mounts >= 0 && whole >= 0 && idle >= 0);
	MUST(mkdir("dir", 0755) == 0);
	write_to("file");
	write_to("dir/seen");
	write_to("dir/quiet");
	write_to("deleted");
	deleted = open("deleted", O_RDWR | O_CLOEXEC);
	MUST(deleted >= 0);
	MUST(fanotify_mark(files, FAN_MARK_ADD, FAN_MODIFY | FAN_CLOSE_WRITE, AT_FDCWD, "file") == 0);
	MUST(fanotify_mark(files, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_CLOSE_WRITE | FAN_EVENT_ON_CHILD, AT_FDCWD, "dir") == 0);
	MUST(fanotify_mark(files, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY, FAN_CLOSE_WRITE,
			   AT_FDCWD, "dir/quiet") == 0);
	MUST(fanotify_mark(files, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, "deleted") == 0);
	MUST(unlink("deleted") == 0);
	MUST(fanotify_mark(mounts, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_CLOSE_WRITE, AT_FDCWD, ".") == 0);
	MUST(fanotify_mark(whole, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CREATE | FAN_DELETE, AT_FDCWD, ".") == 0);
}

static void change(void)
{
	write_to("file");
	write_to("dir/seen");
	write_to("dir/quiet");
	CHECK_EQUAL(write(deleted, "x", 1), 1);
	write_to("new");
	CHECK_EQUAL(unlink("new"), 0);
}

static void judge(bool mine)
{
	struct event events[EVENTS_MAX];

	CHECK_EVENTS(files, { .mask = FAN_MODIFY | FAN_CLOSE_WRITE, .ino = inode_at("file") },
		     { .mask = FAN_CLOSE_WRITE, .ino = inode_at("dir/seen") }, { .mask = FAN_MODIFY, .ino = inode_of(deleted) });
	CHECK_EVENTS(whole, { .mask = FAN_CREATE | FAN_DELETE, .name = "new" });
	CHECK_EQUAL(events_read(mounts, events), mine ? 4 : 0);
}

int main(int argc, char **argv)
{
	int pipe_fds[2];
	char byte;
	pid_t child;

	witness_start(argc, argv);
	if (geteuid() != 0)
		witness_skip("mount() needs root");
	MUST(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	MUST(chdir(argv[1]) == 0 && mkdir("place", 0755) == 0 && mount("place", "place", "tmpfs", 0, NULL) == 0);
	MUST(chdir("place") == 0);
	build();
	MUST(pipe(pipe_fds) == 0);
	child = witness_fork(unprivileged, &pipe_fds[1]);
	MUST(read(pipe_fds[0], &byte, 1) == 1);
	witness_ready();

	/* To make marks anew tells nobody. */
	CHECK_NO_EVENTS(files);
	CHECK_NO_EVENTS(mounts);
	CHECK_NO_EVENTS(whole);
	witness_meet("begun");
	if (!witness_is_clone())
		change();
	witness_meet("changed");
	judge(!witness_is_clone());
	witness_meet("heard");
	if (witness_is_clone())
		change();
	witness_meet("changed again");
	judge(witness_is_clone());
	/* Marks that are made and removed from now on are one side's. */
	witness_meet("heard again");
	if (witness_is_clone())
		CHECK_EQUAL(fanotify_mark(files, FAN_MARK_REMOVE, FAN_MODIFY | FAN_CLOSE_WRITE, AT_FDCWD, "file"), 0);
	witness_meet("removed");
	CHECK_EQUAL(fanotify_mark(files, FAN_MARK_REMOVE, FAN_MODIFY, AT_FDCWD, "file"), witness_is_clone() ? -1 : 0);
	CHECK_EQUAL(fanotify_mark(idle, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN, AT_FDCWD, "."), 0);
	CHECK_EQUAL(fcntl(files, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CHECK_EQUAL(fcntl(files, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(fcntl(mounts, F_GETFD), 0);
	CHECK_EQUAL(fcntl(idle, F_GETFL) & O_NONBLOCK, 0);
	witness_reap(child, EXITED(0));
	return witness_verdict();
}
