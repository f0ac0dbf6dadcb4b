// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pidfds: of a member becomes of the member's twin. Of somebody else it stays what it is: there is one such process.
 * The clone can wait for its end. It cannot signal it, not even if it is its parent: the pid is not in its namespace, and
 * the kernel says EINVAL.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "../children.h"
#include "../proc.h"
#include "fdinfo.h"
#include "pidfd.h"

#define PIDFS_MAGIC 0x50494446		/* "PIDF"; since 6.9, in <linux/magic.h> of later ones */
#define THREAD O_EXCL			/* PIDFD_THREAD, since 6.9: of a thread, not of a process */

struct pidfd {
	const struct ptree_member *member;
	pid_t number;		/* of the thread, in the innermost pid namespace, which is the same in the clone */
};

bool ptree_pidfd_is(const struct ptree_file *f)
{
	return f->info.fs_magic == PIDFS_MAGIC ||
	       (f->info.is & PTREE_FILE_INTERNAL && !strcmp(f->info.name, "[pidfd]"));
}

/* Whose it is, as this process numbers it; -1: that one is gone. -errno. */
static int whose(const struct ptree_file *f, pid_t *ret)
{
	_cleanup_close_ int dir = ptree_proc_open(f->fds[0].member->living);
	char name[32], text[1024];
	uint64_t pid;
	int r;

	if (dir < 0)
		return dir;
	snprintf(name, sizeof(name), "fdinfo/%d", f->fds[0].fd);
	r = ptree_proc_read(dir, name, text, sizeof(text));
	if (r < 0)
		return r;
	r = ptree_fdinfo_number(text, "Pid:", 10, &pid);
	if (r < 0)
		return r;
	*ret = (pid_t)pid;
	return 0;
}

static int status_of(int dir, const char *name, struct ptree_proc_status *ret)
{
	_cleanup_close_ int proc = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return proc < 0 ? -errno : ptree_proc_status(proc, ret);
}

/* The member that a thread belongs to, and the thread's own number. */
static int thread_look(struct ptree_op *op, pid_t tid, struct pidfd *ret)
{
	struct ptree_proc_status status;
	char path[64];
	int r;

	for (size_t i = 0; i < op->nr_members; i++) {
		snprintf(path, sizeof(path), "%d", tid);
		r = status_of(op->members[i]->task_fd, path, &status);
		if (r == -ENOENT || r == -ESRCH)
			continue;
		if (r < 0)
			return r;
		ret->member = op->members[i];
		ret->number = status.numbers[status.nr_numbers - 1];
		return 0;
	}
	return 0;
}

int ptree_pidfd_judge(struct ptree_op *op, struct ptree_file *f)
{
	struct pidfd *state;
	pid_t pid = 0;
	int r;

	if (f->policy != PTREE_POLICY_PRIVATE)
		return 0;
	state = calloc(1, sizeof(*state));
	if (!state)
		return ptree_error_oom(&op->error, "settle");
	f->state = state;
	r = f->nr_fds ? whose(f, &pid) : -EBADF;
	if (r < 0)
		return ptree_file_error(op, f, r, "asking whose it is");
	if (f->info.flags & THREAD)
		r = thread_look(op, pid, state);
	else if (pid > 0)
		state->member = ptree_walk_find(op, pid);
	if (r < 0)
		return ptree_file_error(op, f, r, "asking whose thread it is");
	if (state->member)
		return 0;
	f->policy = PTREE_POLICY_SHARE;
	if (pid <= 0)
		return ptree_file_note(f, "of a process that is gone");
	return ptree_file_note(f, "of pid %d, which is not cloned: the clone sees its end, but cannot signal it", pid);
}

/* The thread of the twin that has the same number. -ESRCH. */
static int twin_thread(const struct pidfd *state)
{
	_cleanup_close_ int task = -1;
	struct ptree_pids threads = { 0 };
	char path[64];
	int found = -ESRCH;

	snprintf(path, sizeof(path), "/proc/%d/task", state->member->twin);
	task = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (task < 0)
		return -errno;
	if (ptree_threads_read(task, &threads) < 0)
		found = -ENOMEM;
	for (size_t i = 0; i < threads.nr && found == -ESRCH; i++) {
		struct ptree_proc_status status;

		snprintf(path, sizeof(path), "%d", threads.pids[i]);
		if (status_of(task, path, &status) == 0 && status.numbers[status.nr_numbers - 1] == state->number)
			found = threads.pids[i];
	}
	free(threads.pids);
	return found;
}

int ptree_pidfd_settle(struct ptree_op *op, struct ptree_file *f)
{
	const struct pidfd *state = f->state;
	int pid = f->info.flags & THREAD ? twin_thread(state) : state->member->twin;

	if (pid < 0)
		return ptree_file_error(op, f, pid, "finding the thread's twin");
	/* PIDFD_NONBLOCK and PIDFD_THREAD are these flags. */
	f->twin_fd = (int)syscall(SYS_pidfd_open, pid, f->info.flags & (O_NONBLOCK | THREAD));
	return f->twin_fd < 0 ? ptree_file_error(op, f, -errno, "opening one of the twin") : 0;
}

void ptree_pidfd_release(struct ptree_file *f)
{
	free(f->state);
	f->state = NULL;
}
