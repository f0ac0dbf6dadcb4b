// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pipes and FIFOs: the clone gets a pipe of its own with the same bytes in it, and each end as often as the source has it
 * open. What is in the source's pipe is copied with tee(), which moves nothing and wakes nobody there.
 *
 * The twin of a FIFO is a FIFO without a name, on a file system of its own: opening the source's would join its pipe and
 * let go whoever waits for a partner in open().
 */
#include "pipe.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "status.h"

/* open() sets it for everybody on 64 bits, where the C library says 0; pipe() does not. */
#define KERNEL_O_LARGEFILE 0100000

/* As many bytes fit into a new pipe. */
#define NEW_PIPE_SIZE 65536

struct pipe_state {
	bool quiet;		/* this end: a FIFO's reader that no writer has come to yet: poll() does not say POLLHUP */
	/* Of the whole pipe, in the state of the end that leads. */
	int held[2];		/* a pipe with the bytes, or -1 */
	int capacity;
	uid_t uid;
	gid_t gid;
	bool settled;
};

static void cleanup_ends(int (*ends)[2])
{
	(*ends)[0] = ptree_close_fd((*ends)[0]);
	(*ends)[1] = ptree_close_fd((*ends)[1]);
}

/* O_PATH is no end of it, and not of this kind. */
static bool is_end(const struct ptree_file *f)
{
	return !(f->info.flags & O_PATH);
}

static bool has_name(const struct ptree_file *f)
{
	return f->info.fs_magic != PIPEFS_MAGIC;
}

static bool reads(const struct ptree_file *f)
{
	return is_end(f) && ptree_file_reads(f);
}

static bool writes(const struct ptree_file *f)
{
	return is_end(f) && ptree_file_writes(f);
}

/* The first end of the pipe that @f is one of. */
static struct ptree_file *lead_of(const struct ptree_file *f)
{
	struct ptree_file *lead = f->first;

	while (!is_end(lead))
		lead = lead->next;
	return lead;
}

bool ptree_pipe_is(const struct ptree_file *f)
{
	return S_ISFIFO(f->info.mode) && is_end(f);
}

static struct ptree_pipe_census census_take(const struct ptree_file *f)
{
	struct ptree_pipe_census census = { .nr_readers = 0 };

	for (const struct ptree_file *end = f->first; end; end = end->next) {
		census.nr_readers += reads(end);
		census.nr_writers += writes(end);
		census.readers_outside |= reads(end) && end->info.nr_outside;
		census.writers_outside |= writes(end) && end->info.nr_outside;
	}
	census.readers_outside |= f->info.readers > census.nr_readers;
	census.writers_outside |= f->info.writers > census.nr_writers;
	return census;
}

int ptree_pipe_judge(struct ptree_op *op, struct ptree_file *f)
{
	struct ptree_pipe_census census = census_take(f);
	const char *note;

	f->policy = ptree_pipe_policy(&census, ptree_policy_asked(op, PTREE_GROUP_PIPES), &note);
	return note ? ptree_file_note(f, "%s", note) : 0;
}

/* Copies what is in the pipe of @fd, which reads from it, to one of ours. Nothing in the pipe is marked, moved or woken. */
static int bytes_hold(struct pipe_state *pipe, int fd)
{
	int size;

	if (ioctl(fd, FIONREAD, &size) < 0)
		return -errno;
	if (size == 0)
		return 0;
	if (pipe2(pipe->held, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	if (pipe->capacity > NEW_PIPE_SIZE && fcntl(pipe->held[1], F_SETPIPE_SZ, pipe->capacity) < 0)
		return -errno;
	/* EAGAIN: a reader outside of the tree has emptied it. */
	if (tee(fd, pipe->held[1], INT_MAX, SPLICE_F_NONBLOCK) < 0 && errno != EAGAIN)
		return -errno;
	return 0;
}

static int bytes_capture(struct ptree_op *op, struct pipe_state *pipe, struct ptree_file *lead, int lead_fd)
{
	_cleanup_close_ int other = -1;
	struct ptree_file *end = lead;
	int fd = lead_fd, r;

	while (end && !reads(end))
		end = end->next;
	if (!end) /* what is in it nobody can read any more */
		return 0;
	if (end != lead) {
		fd = other = ptree_file_borrow(end);
		if (fd < 0)
			return ptree_file_error(op, end, fd, "cannot be looked at");
	}
	r = bytes_hold(pipe, fd);
	if (r == -EINVAL)
		return ptree_file_error(op, lead, -EOPNOTSUPP, "it carries notifications of the kernel");
	return r < 0 ? ptree_file_error(op, end, r, "cannot copy what is in it") : 0;
}

static int pipe_capture(struct ptree_op *op, struct ptree_file *lead, int fd)
{
	struct pipe_state *pipe = lead->state;
	struct stat st;

	pipe->capacity = fcntl(fd, F_GETPIPE_SZ);
	if (pipe->capacity < 0 || fstat(fd, &st) < 0)
		return ptree_file_error(op, lead, -errno, "cannot be looked at");
	pipe->uid = st.st_uid;
	pipe->gid = st.st_gid;
	return bytes_capture(op, pipe, lead, fd);
}

/* See pipe_poll() and fifo_open(), fs/pipe.c, read in v6.1, v6.12, v7.2. */
static bool is_quiet(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, 0) == 0 || !(poller.revents & POLLHUP);
}

int ptree_pipe_capture(struct ptree_op *op, struct ptree_file *f)
{
	bool leads = f == lead_of(f), may_be_quiet = has_name(f) && reads(f) && f->info.writers == 0;
	_cleanup_close_ int fd = -1;
	struct pipe_state *state;

	state = calloc(1, sizeof(*state));
	if (!state)
		return ptree_error_oom(&op->error, "capture");
	state->held[0] = state->held[1] = -1;
	f->state = state;
	if (!leads && !may_be_quiet)
		return 0;
	fd = ptree_file_borrow(f);
	if (fd < 0)
		return ptree_file_error(op, f, fd, "cannot be looked at");
	state->quiet = may_be_quiet && is_quiet(fd);
	return leads ? pipe_capture(op, f, fd) : 0;
}

/* The file system is gone with the last that is open on it, however we end. */
static int fifo_new(int ends[2])
{
	_cleanup_close_ int context = -1, dir = -1;

	context = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	dir = fsmount(context, FSMOUNT_CLOEXEC, 0);
	if (dir < 0 || mknodat(dir, "fifo", S_IFIFO | 0600, 0) < 0)
		return -errno;
	/* The first does not wait for a writer, the second need not wait for a reader. */
	ends[0] = openat(dir, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (ends[0] < 0)
		return -errno;
	ends[1] = openat(dir, "fifo", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	return ends[1] < 0 || unlinkat(dir, "fifo", 0) < 0 ? -errno : 0;
}

/* A pipe like the source's, with the same bytes in it. */
static int pipe_new(const struct pipe_state *pipe, const struct ptree_file *lead, int ends[2])
{
	bool mergeable = false, packets = false;
	int r;

	r = has_name(lead) ? fifo_new(ends) : pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;
	if (r < 0)
		return r;
	if (fchown(ends[0], pipe->uid, pipe->gid) < 0 || fchmod(ends[0], lead->info.mode & 07777) < 0)
		return -errno;
	if (fcntl(ends[1], F_GETPIPE_SZ) != pipe->capacity && fcntl(ends[1], F_SETPIPE_SZ, pipe->capacity) < 0)
		return -errno;
	for (const struct ptree_file *end = lead; end; end = end->next) {
		mergeable |= writes(end);
		packets |= writes(end) && end->info.flags & O_DIRECT;
	}
	return pipe->held[0] < 0 ? 0 : ptree_pipe_move(pipe->held[0], ends[1], mergeable && !packets);
}

/* Another description of the pipe, with the flags that only open() sets. */
static int end_open(const struct ptree_file *f, int of)
{
	int flags = (int)f->info.flags & (O_ACCMODE | O_SYNC);
	char path[64];
	int fd;

	/* Without it open() of a FIFO waits for the other side. */
	if (has_name(f))
		flags |= O_NONBLOCK;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", of);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The clone's end for @f. What pipe() made once, pipe() has made in @ends; all others were opened. */
static int end_make(struct ptree_file *f, const int ends[2], bool used[2])
{
	int side = writes(f) ? 1 : 0;

	if (!(f->info.flags & KERNEL_O_LARGEFILE) && !(reads(f) && writes(f)) && !used[side]) {
		used[side] = true;
		f->twin_fd = fcntl(ends[side], F_DUPFD_CLOEXEC, 0);
		return f->twin_fd < 0 ? -errno : 0;
	}
	f->twin_fd = end_open(f, ends[side]);
	return f->twin_fd < 0 ? f->twin_fd : 0;
}

static bool is_captured(const struct ptree_file *f)
{
	return is_end(f) && f->state;
}

/* @quiet: those that must be opened while there is no writer, not even us; else all others. */
static int ends_make(struct ptree_op *op, struct ptree_file *lead, const int ends[2], bool quiet)
{
	bool used[2] = { false, false };

	for (struct ptree_file *f = lead->first; f; f = f->next) {
		const struct pipe_state *state = f->state;
		int r;

		if (!is_captured(f) || state->quiet != quiet)
			continue;
		r = end_make(f, ends, used);
		if (r < 0)
			return ptree_file_error(op, f, r, "cannot open its twin");
	}
	return 0;
}

static int pipe_settle(struct ptree_op *op, struct ptree_file *lead)
{
	_cleanup_(cleanup_ends) int ends[2] = { -1, -1 };
	struct pipe_state *pipe = lead->state;
	int r;

	r = pipe_new(pipe, lead, ends);
	if (r < 0)
		return ptree_file_error(op, lead, r, "cannot make its twin");
	cleanup_ends(&pipe->held);
	r = ends_make(op, lead, ends, false);
	if (r < 0)
		return r;
	ends[1] = ptree_close_fd(ends[1]);
	r = ends_make(op, lead, ends, true);
	if (r < 0)
		return r;
	cleanup_ends(&ends);
	for (struct ptree_file *f = lead->first; f; f = f->next) {
		r = is_captured(f) ? ptree_status_set(op, f, f->twin_fd) : 0;
		if (r < 0)
			return r;
	}
	pipe->settled = true;
	return 0;
}

int ptree_pipe_settle(struct ptree_op *op, struct ptree_file *f)
{
	struct ptree_file *lead = lead_of(f);
	const struct pipe_state *pipe = lead->state;

	return pipe->settled ? 0 : pipe_settle(op, lead);
}

void ptree_pipe_release(struct ptree_file *f)
{
	struct pipe_state *state = f->state;

	if (!state)
		return;
	cleanup_ends(&state->held);
	free(state);
	f->state = NULL;
}
