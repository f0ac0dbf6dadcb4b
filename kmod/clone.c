// SPDX-License-Identifier: GPL-2.0-only
/* Making the twins: each leader copies itself, in its own context; all leaders at once. Threads are thread.c's task. */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include "fault.h"
#include "op.h"
#include "spaces.h"
#include "state.h"
#include "symbols.h"
#include "tty.h"

/* The last thing that a callback does: the op may be gone when this returns. */
void ptree_callback_done(struct ptree_op *op)
{
	if (!atomic_dec_and_test(&op->pending))
		return;
	complete(&op->kick);
	complete(&op->idle);
}

/* Runs in the twin's leader on its first way to user mode, before anything of the program. */
static void twin_callback(struct callback_head *work)
{
	struct ptree_member *member = container_of(work, struct ptree_member, twin_work);
	struct ptree_op *op = member->op;

	if (current->flags & PF_EXITING) {
		ptree_op_fail(op, member_source(member), -EINTR, "has a twin that was killed before it was complete");
		goto done;
	}
	if (member->cgroup_fd >= 0 && !member->files_of)
		close_fd(member->cgroup_fd);
	if (!ptree_op_aborted(op) && ptree_fault(op, "twin") == 0 && ptree_clone_threads(member) == 0 &&
	    ptree_pending_copy(member) == 0 && ptree_memory_give(member) == 0 &&
	    ptree_clone_zombies(member) == 0 && member->space->reaper == member)
		ptree_spaces_make(op, member->space);
done:
	ptree_callback_done(op);
}

/* Lends current a descriptor of the clone's cgroup: CLONE_INTO_CGROUP looks it up in current's table. */
static int cgroup_fd_lend(struct ptree_op *op)
{
	int fd;

	fd = borrowed(__get_unused_fd_flags)(O_CLOEXEC, INT_MAX);
	if (fd < 0)
		return ptree_op_fail(op, current, fd, "has no room for one more file descriptor (fs.nr_open)");
	get_file(op->cgroup);
	fd_install(fd, op->cgroup);
	return fd;
}

/* What copy_process() took from current, and the twin is to have from its source. */
static int state_copy(struct ptree_member *member, struct task_struct *twin, const struct ptree_borrow *loan)
{
	struct task_struct *source = member_source(member);
	int r;

	if (current == source) {
		ptree_state_copy_leader(twin, loan);
		return 0;
	}
	if (member->headless) {
		ptree_state_copy_headless(twin, source);
		return 0;
	}
	r = ptree_state_copy_process(twin, member);
	if (r == 0)
		r = ptree_state_copy_thread(twin, source);
	if (r == 0 && member->threads[0].awaits)
		ptree_vfork_return(twin, &member->threads[0]);
	return r < 0 ? ptree_op_fail(member->op, source, r, "cannot be duplicated: error %d for its state", r) : 0;
}

/* What is left to do for a twin that copy_process() has made, until it may run. */
static void twin_complete(struct ptree_member *member, struct task_struct *twin, const struct ptree_borrow *loan,
			  const struct cred *exact)
{
	int r;

	get_task_struct(twin);
	WRITE_ONCE(member->threads[0].twin, twin);
	ptree_cred_settle(twin, loan->raised, exact, NULL);
	r = state_copy(member, twin, loan);
	ptree_tty_take(member, twin);
	ptree_kinship_adopt(member->op, twin);

	if (!member->maker) {
		task_lock(twin);
		compat_lru_gen_add_mm(twin->mm);
		task_unlock(twin);
	}
	if (r == 0) {
		init_task_work(&member->twin_work, twin_callback);
		atomic_inc(&member->op->pending);
		/* Cannot fail: a task that has never run has not exited. */
		borrowed(task_work_add)(twin, &member->twin_work, TWA_RESUME);
	} else {
		send_sig(SIGKILL, twin, 1);
	}
	borrowed(wake_up_new_task)(twin);
}

/* With all that the twin is to have from others lent to current. */
static int twin_make(struct ptree_member *member, u64 flags)
{
	struct ptree_op *op = member->op;
	struct task_struct *source = member_source(member), *twin;
	const struct cred *exact = get_task_cred(source);
	pid_t numbers[MAX_PID_NS_LEVEL + 1];
	struct kernel_clone_args args = {
		.flags = flags,
		.exit_signal = member->parent ? source->exit_signal : SIGCHLD,
		.set_tid = numbers,
		.set_tid_size = ptree_space_numbers(member->space, source, numbers),
		.cgroup = member->cgroup_fd,
	};
	struct ptree_borrow loan;
	int r;

	r = ptree_borrow_begin(&loan, op, exact, member_carrier(member), member->space->twin);
	if (r < 0) {
		ptree_op_fail(op, source, r, r == -ESRCH ? "was killed" : "cannot be duplicated: out of memory");
		goto out;
	}
	if (current == source)
		twin = borrowed(copy_process)(NULL, 0, NUMA_NO_NODE, &args);
	else
		twin = ptree_copy_without_filters(&args);
	if (!IS_ERR(twin))
		twin_complete(member, twin, &loan, exact);
	ptree_borrow_end(&loan);

	r = PTR_ERR_OR_ZERO(twin);
	if (r == -ERESTARTNOINTR || r == -EINTR)
		r = ptree_op_fail(op, source, -EINTR, "was killed");
	else if (r == -EEXIST)
		ptree_op_fail(op, source, r, "has a number that is taken in the clone's pid namespace (%d)", member_nr(member));
	else if (r == -EAGAIN)
		ptree_op_fail(op, source, r, "cannot have a twin: RLIMIT_NPROC or pids.max is reached");
	else if (r < 0)
		ptree_op_fail(op, source, r, "cannot be duplicated: error %d", r);
out:
	put_cred(exact);
	return r;
}

/* Current is a thread of the source: the twin gets a copy of its memory. */
static int copy_clone(struct ptree_member *member, u64 flags)
{
	int fd, r;

	fd = cgroup_fd_lend(member->op);
	if (fd < 0)
		return fd;
	member->cgroup_fd = fd;
	r = ptree_memory_open(member);
	if (r < 0) {
		ptree_op_fail(member->op, member_source(member), r,
			      "cannot be duplicated: error %d for its MADV_DONTFORK memory", r);
		goto close;
	}
	r = twin_make(member, flags | CLONE_INTO_CGROUP);
	ptree_memory_close(member);
close:
	close_fd(fd);
	return r;
}

static int leader_clone(struct ptree_member *member)
{
	struct ptree_op *op = member->op;
	struct ptree_lent lent;
	int r;

	r = member->maker ? 0 : ptree_vet_memory(member);
	if (r < 0)
		return r;
	r = ptree_fault(op, member->maker ? "sharer" : "leader");
	if (r < 0)
		return r;
	r = ptree_lend_begin(&lent, member);
	if (r < 0)
		return ptree_op_fail(op, member_source(member), r, "shares something with a process that was killed");
	/* What makes a twin that shares its memory is in the clone's cgroup, and its child will be. */
	r = member->maker ? twin_make(member, lent.flags) : copy_clone(member, lent.flags);
	ptree_lend_end(&lent);
	return r;
}

/*
 * Runs in the member's worker: a thread of the source inside the freezer's trap, or the twin that shares its memory, which
 * may still be on its way there. At its exit if it is killed.
 */
static void source_callback(struct callback_head *work)
{
	struct ptree_member *member = container_of(work, struct ptree_member, source_work);
	struct ptree_op *op = member->op;

	if (current->flags & PF_EXITING)
		ptree_op_fail(op, member_source(member), -ESRCH, "was killed");
	else if (!member->maker && !cgroup_task_frozen(current))
		ptree_op_fail(op, current, -EAGAIN, "is not frozen any more");
	else if (!ptree_op_aborted(op))
		leader_clone(member);
	if (!member->maker)
		ptree_stop_again(current, member->stop_signal);
	complete(&member->worker_done);
	ptree_callback_done(op);
}

static bool is_work(struct callback_head *work, void *data)
{
	return work == data;
}

/* Takes back the callbacks that have not begun: those of sources that cannot run them. */
static void callbacks_cancel(struct ptree_op *op)
{
	unsigned int i;

	if (op->init_work.func && borrowed(task_work_cancel_match)(op->init, is_work, &op->init_work)) {
		ptree_op_fail(op, NULL, -EBUSY, "the clone's init does not respond");
		ptree_callback_done(op);
	}
	for (i = 0; i < op->nr_members; i++) {
		struct ptree_member *member = &op->members[i];

		if (!member->source_work.func)
			continue;
		if (!borrowed(task_work_cancel_match)(member_worker(member), is_work, &member->source_work))
			continue;
		if (!member->maker)
			ptree_stop_again(member_worker(member), member->stop_signal);
		ptree_op_fail(op, member_source(member), -EBUSY, "does not respond (state %c)",
			      task_state_to_char(member_worker(member)));
		ptree_callback_done(op);
	}
}

/* Runs in the clone's init. */
static void init_callback(struct callback_head *work)
{
	struct ptree_op *op = container_of(work, struct ptree_op, init_work);

	if (current->flags & PF_EXITING)
		ptree_op_fail(op, NULL, -EINTR, "the clone's init was killed");
	else if (!ptree_op_aborted(op))
		ptree_spaces_make(op, &op->spaces[0]);
	ptree_callback_done(op);
}

static void init_start(struct ptree_op *op)
{
	init_task_work(&op->init_work, init_callback);
	atomic_inc(&op->pending);
	if (borrowed(task_work_add)(op->init, &op->init_work, TWA_SIGNAL)) {
		ptree_op_fail(op, NULL, -ESRCH, "the clone's init is exiting");
		op->init_work.func = NULL;
		ptree_callback_done(op);
	}
}

static void source_start(struct ptree_member *member)
{
	struct ptree_op *op = member->op;

	init_task_work(&member->source_work, source_callback);
	atomic_inc(&op->pending);
	if (borrowed(task_work_add)(member_worker(member), &member->source_work, TWA_SIGNAL)) {
		ptree_op_fail(op, member_source(member), -ESRCH, "is exiting; try again");
		member->source_work.func = NULL;
		ptree_callback_done(op);
	} else if (member->stop_signal && !member->maker) {
		ptree_stop_suspend(member_worker(member));
	}
}

/* A round: callbacks that run at the same time, until all have finished. */
static void round_begin(struct ptree_op *op)
{
	atomic_set(&op->pending, 1);
	reinit_completion(&op->kick);
	reinit_completion(&op->idle);
	/* Pairs with op_abort(), which sets before it completes. */
	smp_mb();
	if (READ_ONCE(op->aborted))
		complete(&op->kick);
}

static int round_end(struct ptree_op *op, bool stall)
{
	s64 left = ktime_us_delta(op->deadline, ktime_get());

	if (!stall)
		ptree_callback_done(op);
	if (!wait_for_completion_timeout(&op->kick, left > 0 ? usecs_to_jiffies(left) + 1 : 0)) {
		callbacks_cancel(op);
		ptree_op_fail(op, NULL, -ETIMEDOUT, "not done when its time was over");
		ptree_op_thaw_source(op);
	} else if (ptree_op_aborted(op)) {
		callbacks_cancel(op);
	}
	if (stall)
		ptree_callback_done(op);
	wait_for_completion(&op->idle);
	if (READ_ONCE(op->aborted))
		return ptree_op_fail(op, NULL, -ECANCELED, "the op was cancelled");
	return READ_ONCE(op->error);
}

/* It needs twins of others before it. */
static bool is_late(const struct ptree_member *member)
{
	return member->maker || member->files_of || member->fs_of;
}

/*
 * One round of the duplication: those that share nothing with others all at once, and the others one after the other, when
 * the twins are there that they have something from.
 */
static int round_clone(struct ptree_op *op, unsigned int round)
{
	unsigned int i;
	int r;

	round_begin(op);
	for (i = 0; i < op->nr_members && !ptree_op_aborted(op); i++) {
		struct ptree_member *member = &op->members[i];

		if (!member->zombie && ptree_space_round(member) == round && !is_late(member))
			source_start(member);
	}
	r = round_end(op, round == UINT_MAX && ptree_fault_is("stall"));
	for (i = 0; i < op->nr_members && r == 0; i++) {
		struct ptree_member *member = &op->members[i];

		if (member->zombie || ptree_space_round(member) != round || !is_late(member))
			continue;
		round_begin(op);
		source_start(member);
		r = round_end(op, false);
	}
	return r;
}

/* The pid 1s of nested namespaces: from above to below, each level in the namespaces that the one above has made. */
static int reapers_clone(struct ptree_op *op)
{
	unsigned int depth;
	int r;

	if (op->nr_spaces == 1)
		return 0;
	round_begin(op);
	init_start(op);
	r = round_end(op, false);
	for (depth = 1; depth <= op->max_depth && r == 0; depth++)
		r = round_clone(op, depth);
	return r;
}

/**
 * ptree_clone_members() - make all twins, with their threads and zombie children
 * @op: the op, with its members resolved and vetted
 *
 * Returns when every callback has finished or was taken back: nothing of the op runs in any task after that. Sleeps
 * until then; the source is thawed first if the deadline passes.
 *
 * Errors: see CLONE in uapi/ptree.h.
 */
int ptree_clone_members(struct ptree_op *op)
{
	int r;

	if (ktime_us_delta(op->deadline, ktime_get()) <= 0)
		return ptree_op_fail(op, NULL, -ETIMEDOUT, "the deadline had passed before it began");
	op->begun = true;
	r = reapers_clone(op);
	if (r < 0)
		return r;
	return round_clone(op, UINT_MAX);
}
