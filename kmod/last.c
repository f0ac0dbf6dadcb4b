// SPDX-License-Identifier: GPL-2.0-only
/*
 * What twins do last, before they may run, in their own context: a thread whose source sleeps in vfork() goes to sleep until
 * its child's twin runs a program or ends; a leader that had exited while its threads ran on exits.
 *
 * Until then they are like all others, and make calls for us. Mirrors kernel_clone() and wait_for_vfork_done()
 * (kernel/fork.c), read in v6.1, v6.12, v7.2.
 */
#include <linux/cgroup.h>
#include <linux/completion.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <asm/unistd.h>
#include "op.h"
#include "state.h"
#include "symbols.h"

struct last {
	struct callback_head work;
	struct completion *begun;	/* the releaser's: it waits for it */
	struct task_struct *child;	/* counted; NULL: current exits */
	int status;
};

/* The thread whose stack a completion is on. */
static struct ptree_thread *waiter_find(struct ptree_op *op, const struct completion *done)
{
	unsigned long at = (unsigned long)done;
	unsigned int i, t;

	for (i = 0; i < op->nr_members; i++) {
		struct ptree_member *member = &op->members[i];

		for (t = 0; t < member->nr_threads; t++) {
			unsigned long stack = (unsigned long)READ_ONCE(member->threads[t].source->stack);

			if (stack && at >= stack && at < stack + THREAD_SIZE)
				return &member->threads[t];
		}
	}
	return NULL;
}

/* Another thread makes the twin of a leader that cannot. */
static int carrier_choose(struct ptree_member *member)
{
	unsigned int t;

	for (t = member->carrier; t < member->nr_threads; t++) {
		if (member->threads[t].awaits)
			continue;
		member->carrier = t;
		return 0;
	}
	if (member->maker)
		return 0;
	return ptree_op_fail(member->op, member_source(member), -EAGAIN,
			     "waits in vfork() for pid %d, which does not share its memory; try again when that has called exec",
			     task_tgid_nr_ns(member_source(member->threads[member->carrier].awaits), member->op->owner_ns));
}

/**
 * ptree_vfork_resolve() - find the threads that sleep in vfork(), and for whom
 * @op: the op; who shares what is known
 *
 * A child knows where its parent waits for it: on the parent's kernel stack. A parent outside of the tree has no twin that
 * could wait.
 *
 * Errors: -EAGAIN.
 */
int ptree_vfork_resolve(struct ptree_op *op)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < op->nr_members; i++) {
		const struct completion *done = READ_ONCE(member_source(&op->members[i])->vfork_done);
		struct ptree_thread *waiter = done ? waiter_find(op, done) : NULL;

		if (waiter && !op->members[i].zombie)
			waiter->awaits = &op->members[i];
	}
	for (i = 0; i < op->nr_members && r == 0; i++)
		if (!op->members[i].zombie)
			r = carrier_choose(&op->members[i]);
	return r;
}

/*
 * ptree_vfork_return() - let a twin return from vfork() when it has waited
 * @twin: has never run
 * @thread: whose it is; its source sleeps there
 */
void ptree_vfork_return(struct task_struct *twin, const struct ptree_thread *thread)
{
	struct task_struct *child = member_source(thread->awaits);
	pid_t nr;

	/* The source may be killed and lose its pid at any time. */
	rcu_read_lock();
	nr = task_pid_nr_ns(child, task_active_pid_ns(thread->source));
	rcu_read_unlock();
	ptree_arch_return(twin, nr);
}

/* false: the child is exiting, and may not say so any more. */
static bool wait_begin(struct task_struct *child, struct completion *done)
{
	bool exiting;

	task_lock(child);
	child->vfork_done = done;
	task_unlock(child);
	/* Pairs with exit_signals(), which sets the flag long before exit_mm() looks whether somebody waits. */
	smp_mb();
	exiting = READ_ONCE(child->flags) & PF_EXITING;
	if (exiting) {
		task_lock(child);
		if (child->vfork_done == done)
			child->vfork_done = NULL;
		task_unlock(child);
	}
	return !exiting;
}

static void child_await(struct task_struct *child, struct completion *begun)
{
	DECLARE_COMPLETION_ONSTACK(done);
	bool waits = wait_begin(child, &done);

	complete(begun);
	if (!waits)
		return;
	borrowed(cgroup_enter_frozen)();
	if (wait_for_completion_state(&done, TASK_KILLABLE | TASK_FREEZABLE)) {
		task_lock(child);
		child->vfork_done = NULL;
		task_unlock(child);
	}
	borrowed(cgroup_leave_frozen)(false);
}

static void last_callback(struct callback_head *work)
{
	struct last last = *container_of(work, struct last, work);

	kfree(container_of(work, struct last, work));
	if (current->flags & PF_EXITING) {
		complete(last.begun);
	} else if (last.child) {
		child_await(last.child, last.begun);
	} else {
		borrowed(cgroup_leave_frozen)(true);
		module_put(THIS_MODULE);
		complete(last.begun);
		ptree_system_call(__NR_exit, (unsigned long[6]){ last.status });
	}
	if (last.child)
		put_task_struct(last.child);
	/* The end of the module waits until every task is out of it (main.c). */
	module_put(THIS_MODULE);
}

static int last_do(struct task_struct *twin, struct task_struct *child, int status)
{
	DECLARE_COMPLETION_ONSTACK(begun);
	struct last *last;

	last = kmalloc(sizeof(*last), GFP_KERNEL_ACCOUNT);
	if (!last)
		return -ENOMEM;
	*last = (struct last){
		.begun = &begun,
		.child = child ? get_task_struct(child) : NULL,
		.status = status,
	};
	init_task_work(&last->work, last_callback);
	/* As long as it waits: the code that it comes back to is here. */
	__module_get(THIS_MODULE);
	if (borrowed(task_work_add)(twin, &last->work, TWA_SIGNAL)) {
		if (child)
			put_task_struct(child);
		kfree(last);
		module_put(THIS_MODULE);
		return 0;
	}
	/* A twin of a frozen clone comes to it at once, and one that is killed does too. */
	wait_for_completion(&begun);
	return 0;
}

/**
 * ptree_last_do() - have the twins do what they do last
 * @op: about to be released
 *
 * Errors: -ENOMEM. May sleep.
 */
int ptree_last_do(struct ptree_op *op)
{
	unsigned int i, t;
	int r = 0;

	for (i = 0; i < op->nr_members; i++) {
		struct ptree_member *member = &op->members[i];

		for (t = 0; t < member->nr_threads && r == 0; t++)
			if (member->threads[t].awaits)
				r = last_do(member->threads[t].twin, member_twin(member->threads[t].awaits), 0);
		if (r == 0 && member->headless)
			r = last_do(member_twin(member), NULL, (member_source(member)->exit_code >> 8) & 0xff);
	}
	return r;
}
