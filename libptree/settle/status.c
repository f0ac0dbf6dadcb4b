// SPDX-License-Identifier: LGPL-2.1-or-later
/* Status flags, owner and signal of an open file. */
#include "status.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "call.h"
#include "proc.h"
#include "settle.h"

/* What F_SETFL can change; O_ASYNC comes last. */
#define STATUS_FLAGS (O_APPEND | O_DIRECT | O_NOATIME | O_NONBLOCK)

/* The innermost number of a thread: the same in source and clone. 0: it is gone. */
static pid_t thread_number(int task_fd, const char *name)
{
	struct ptree_proc_status status;
	_cleanup_close_ int fd = -1;

	fd = openat(task_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || ptree_proc_status(fd, &status) < 0 || status.nr_numbers == 0)
		return 0;
	return status.numbers[status.nr_numbers - 1];
}

static pid_t twin_thread_find(const struct ptree_member *m, pid_t number)
{
	struct dirent *entry;
	char path[64];
	pid_t tid = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", m->twin);
	dir = opendir(path);
	if (!dir)
		return 0;
	while (!tid && (entry = readdir(dir)))
		if (*entry->d_name != '.' && thread_number(dirfd(dir), entry->d_name) == number)
			tid = (pid_t)atoi(entry->d_name);
	closedir(dir);
	return tid;
}

static pid_t thread_owner(const struct ptree_op *op, pid_t owner)
{
	const struct ptree_member *leader = ptree_walk_find(op, owner);
	char name[16];

	if (leader)
		return leader->twin;
	snprintf(name, sizeof(name), "%d", owner);
	for (size_t i = 0; i < op->nr_members; i++) {
		pid_t number = thread_number(op->members[i]->task_fd, name);

		if (number)
			return op->members[i]->twin ? twin_thread_find(op->members[i], number) : 0;
	}
	return 0;
}

/* A group lives on when its leader is gone; then whoever is in it knows its number. */
static pid_t group_owner(const struct ptree_op *op, pid_t owner)
{
	const struct ptree_member *leader = ptree_walk_find(op, owner);

	if (leader && leader->twin && getpgid(leader->twin) == leader->twin)
		return leader->twin;
	for (size_t i = 0; i < op->nr_members; i++) {
		const struct ptree_member *m = op->members[i];
		pid_t group = m->twin && getpgid(m->pid) == owner ? getpgid(m->twin) : 0;

		if (group > 0 && group != owner)
			return group;
	}
	return 0;
}

pid_t ptree_status_owner(const struct ptree_op *op, int type, pid_t owner)
{
	const struct ptree_member *m;

	switch (type) {
	case F_OWNER_TID:
		return thread_owner(op, owner);
	case F_OWNER_PGRP:
		return group_owner(op, owner);
	default:
		m = ptree_walk_find(op, owner);
		return m ? m->twin : 0;
	}
}

int ptree_status_set(struct ptree_op *op, struct ptree_file *f, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct f_owner_ex owner = { .type = F_OWNER_PID };

	if (flags < 0)
		return ptree_file_error(op, f, -errno, "cannot read the flags of its twin");
	flags = (flags & ~STATUS_FLAGS) | ((int)f->info.flags & STATUS_FLAGS);
	if (fcntl(fd, F_SETFL, flags) < 0)
		return ptree_file_error(op, f, -errno, "cannot set the flags of its twin");
	if (f->info.owner_signal && fcntl(fd, F_SETSIG, f->info.owner_signal) < 0)
		return ptree_file_error(op, f, -errno, "cannot set the signal of its twin");
	if (f->info.owner) {
		owner.pid = ptree_status_owner(op, f->info.owner_type, (pid_t)f->info.owner);
		if (owner.pid)
			owner.type = f->info.owner_type;
		else if (!f->note && ptree_file_note(f, "signals for its owner, pid %u outside of the tree, are not sent",
						     f->info.owner) < 0)
			return -ENOMEM;
		if (owner.pid && fcntl(fd, F_SETOWN_EX, &owner) < 0)
			return ptree_file_error(op, f, -errno, "cannot set the owner of its twin");
	}
	return 0;
}

int ptree_status_finish(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	struct f_owner_ex owner;
	int r;

	if (!(f->info.flags & O_ASYNC) || f->twin_fd < 0 || f->nr_fds == 0)
		return 0;
	if (fcntl(f->twin_fd, F_GETOWN_EX, &owner) < 0)
		return ptree_file_error(op, f, -errno, "cannot read the owner of its twin");
	ptree_calls_add(&calls, SYS_fcntl, CALL_NUMBER(f->fds[0].fd), CALL_NUMBER(F_SETFL),
			CALL_NUMBER((f->info.flags & STATUS_FLAGS) | O_ASYNC));
	/* Terminals appoint whoever sets it where there was no owner. */
	if (!owner.pid)
		ptree_calls_add(&calls, SYS_fcntl, CALL_NUMBER(f->fds[0].fd), CALL_NUMBER(F_SETOWN), CALL_NUMBER(0));
	r = ptree_calls_run(&calls, op, f->fds[0].member, 0, "settle");
	return r < 0 && op->error.code == 0 ? ptree_file_error(op, f, r, "cannot set O_ASYNC of its twin") : r;
}
