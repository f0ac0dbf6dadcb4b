// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lending: for the time of one copy_process(), current has open files and directories that the twin is to share or to get
 * copies of; and where current is not the twin's source but its maker, the source's limits.
 *
 * Current is frozen and in here; its other threads have tables of their own task_struct and notice nothing. Who looks at
 * /proc/PID/fd may see the lent ones for some microseconds.
 */
#include <linux/fdtable.h>
#include <linux/fs_struct.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include "op.h"
#include "state.h"
#include "symbols.h"

/* The table of a task, counted, or NULL if it has exited. */
static struct files_struct *files_get(struct task_struct *task)
{
	struct files_struct *files;

	task_lock(task);
	files = task->files;
	if (files)
		atomic_inc(&files->count);
	task_unlock(task);
	return files;
}

static struct fs_struct *fs_get(struct task_struct *task)
{
	struct fs_struct *fs;

	task_lock(task);
	fs = task->fs;
	if (fs) {
		compat_fs_lock(fs);
		fs->users++;
		compat_fs_unlock(fs);
	}
	task_unlock(task);
	return fs;
}

static void fs_put(struct fs_struct *fs)
{
	bool last;

	compat_fs_lock(fs);
	last = !--fs->users;
	compat_fs_unlock(fs);
	if (last)
		borrowed(free_fs_struct)(fs);
}

static void limits_lend(struct ptree_lent *lent, struct task_struct *source)
{
	struct signal_struct *own = current->signal;

	lent->limits = true;
	task_lock(current->group_leader);
	memcpy(lent->own_limits, own->rlim, sizeof(own->rlim));
	memcpy(own->rlim, source->signal->rlim, sizeof(own->rlim));
	task_unlock(current->group_leader);
	lent->own_oom_score_adj = own->oom_score_adj;
	lent->own_oom_score_adj_min = own->oom_score_adj_min;
	own->oom_score_adj = source->signal->oom_score_adj;
	own->oom_score_adj_min = source->signal->oom_score_adj_min;
}

static void limits_return(struct ptree_lent *lent)
{
	struct signal_struct *own = current->signal;

	task_lock(current->group_leader);
	memcpy(own->rlim, lent->own_limits, sizeof(own->rlim));
	task_unlock(current->group_leader);
	own->oom_score_adj = lent->own_oom_score_adj;
	own->oom_score_adj_min = lent->own_oom_score_adj_min;
}

/**
 * ptree_lend_begin() - let current have what @member's twin is to get
 * @lent: for ptree_lend_end(); its flags are copy_process()'s
 * @member: current is its worker
 *
 * Errors: -ESRCH a process that the twin has something from was killed.
 */
int ptree_lend_begin(struct ptree_lent *lent, struct ptree_member *member)
{
	struct task_struct *source = member_carrier(member), *from;

	*lent = (struct ptree_lent){ .own_files = current->files, .own_fs = current->fs };
	from = member->files_of ? member_twin(member->files_of) : member->maker ? source : NULL;
	if (from) {
		lent->files = files_get(from);
		if (!lent->files)
			return -ESRCH;
	}
	from = member->fs_of ? member_twin(member->fs_of) : member->maker ? source : NULL;
	if (from) {
		lent->fs = fs_get(from);
		if (!lent->fs) {
			if (lent->files)
				borrowed(put_files_struct)(lent->files);
			return -ESRCH;
		}
	}
	if (member->files_of)
		lent->flags |= CLONE_FILES;
	if (member->fs_of)
		lent->flags |= CLONE_FS;
	if (member->maker)
		lent->flags |= CLONE_VM | (member->shares_handlers ? CLONE_SIGHAND : 0);

	task_lock(current);
	if (lent->files)
		current->files = lent->files;
	if (lent->fs)
		current->fs = lent->fs;
	task_unlock(current);
	if (member->maker)
		limits_lend(lent, source);
	return 0;
}

void ptree_lend_end(struct ptree_lent *lent)
{
	if (lent->limits)
		limits_return(lent);
	task_lock(current);
	current->files = lent->own_files;
	current->fs = lent->own_fs;
	task_unlock(current);
	if (lent->files)
		borrowed(put_files_struct)(lent->files);
	if (lent->fs)
		fs_put(lent->fs);
}
