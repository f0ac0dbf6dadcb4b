// SPDX-License-Identifier: GPL-2.0-only
/* Kinship: parents, order of children, process groups and sessions of the twins, and their common end. */
#define pr_fmt(fmt) "ptree: " fmt

#include <linux/bsearch.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/wait.h>
#include "fault.h"
#include "op.h"
#include "spaces.h"
#include "state.h"
#include "symbols.h"

/* How long killed twins may take to be gone: they only have to leave the kernel. */
#define DISCARD_TIMEOUT (30 * HZ)

/*
 * The pid in the clone's namespace that a group or session is named by: a number that belongs to no process there.
 * Returned counted.
 */
static struct pid *extra_pid_get(struct ptree_op *op, pid_t nr)
{
	struct ptree_extra_pid *extra;

	list_for_each_entry(extra, &op->extra_pids, link)
		if (extra->nr == nr)
			return get_pid(extra->pid);
	extra = kzalloc(sizeof(*extra), GFP_KERNEL_ACCOUNT);
	if (!extra)
		return ERR_PTR(-ENOMEM);
	extra->nr = nr;
	extra->pid = borrowed(alloc_pid)(op->ns, &nr, 1);
	if (IS_ERR(extra->pid)) {
		struct pid *error = extra->pid;

		kfree(extra);
		return error;
	}
	/* alloc_pid()'s own count belongs to free_pid(); this one to the list. */
	get_pid(extra->pid);
	list_add(&extra->link, &op->extra_pids);
	return get_pid(extra->pid);
}

static int nr_compare(const void *a, const void *b)
{
	struct ptree_member *const *x = a, *const *y = b;

	return member_nr(*x) - member_nr(*y);
}

static int members_sort(struct ptree_op *op)
{
	unsigned int i;

	op->by_nr = kvmalloc_array(op->nr_members, sizeof(*op->by_nr), GFP_KERNEL_ACCOUNT);
	if (!op->by_nr)
		return ptree_op_fail(op, NULL, -ENOMEM, "no memory for %u members", op->nr_members);
	for (i = 0; i < op->nr_members; i++)
		op->by_nr[i] = &op->members[i];
	sort(op->by_nr, op->nr_members, sizeof(*op->by_nr), nr_compare, NULL);
	return 0;
}

static struct ptree_member *member_find(struct ptree_op *op, pid_t nr)
{
	struct ptree_thread thread = { .nr = nr };
	struct ptree_member key = { .threads = &thread }, *wanted = &key, **found;

	found = bsearch(&wanted, op->by_nr, op->nr_members, sizeof(*op->by_nr), nr_compare);
	return found ? *found : NULL;
}

/* What a group or session of the source is in the clone. */
static int group_find(struct ptree_op *op, struct pid *pid, enum pid_type type, struct ptree_group *ret)
{
	pid_t nr = pid_nr_ns(pid, op->source_ns);
	struct pid *found;

	ret->member = member_find(op, nr);
	if (ret->member)
		return 0;
	if (nr == 0)
		/* Led from outside the source's namespace: getpgrp() says 0, and init's own do so in the clone's. */
		found = get_task_pid(op->init, type);
	else if (nr == 1)
		found = get_pid(op->init_pid);
	else
		found = extra_pid_get(op, nr);
	if (IS_ERR(found))
		return PTR_ERR(found);
	ret->pid = found;
	return 0;
}

/**
 * ptree_kinship_prepare() - find each twin's group and session
 * @op: the op
 *
 * Errors: -ENOMEM; -EEXIST a number is taken in the clone's namespace.
 */
int ptree_kinship_prepare(struct ptree_op *op)
{
	unsigned int i;
	int r;

	r = ptree_fault(op, "kinship");
	if (r < 0)
		return r;
	r = members_sort(op);
	if (r < 0)
		return r;
	for (i = 0; i < op->nr_members; i++) {
		struct ptree_member *member = &op->members[i];
		struct task_struct *source = member_source(member);
		struct pid *pgrp, *session;

		read_lock(ptree_tasklist_lock);
		pgrp = get_pid(task_pgrp(source));
		session = get_pid(task_session(source));
		member->session_leader = source->signal->leader;
		read_unlock(ptree_tasklist_lock);

		r = group_find(op, pgrp, PIDTYPE_PGID, &member->pgrp);
		if (r == 0)
			r = group_find(op, session, PIDTYPE_SID, &member->session);
		put_pid(pgrp);
		put_pid(session);
		if (r < 0)
			return ptree_op_fail(op, source, r, "has a group or session whose number cannot be had");
	}
	return 0;
}

/*
 * With tasklist_lock held for writing. All threads of a process have one parent; its children's list has the leader
 * (forget_original_parent(), kernel/exit.c).
 */
static void parent_set(struct task_struct *twin, struct task_struct *parent)
{
	struct task_struct *thread;

	for_each_thread(twin, thread) {
		thread->real_parent = parent;
		thread->parent = parent;
	}
	list_move_tail(&twin->sibling, &parent->children);
}

/*
 * ptree_kinship_adopt() - make a new twin a child of the clone's init
 * copy_process() made it a child of current, its source, which must never see it. From here on killing init kills it.
 */
void ptree_kinship_adopt(struct ptree_op *op, struct task_struct *twin)
{
	write_lock_irq(ptree_tasklist_lock);
	parent_set(twin, op->init);
	write_unlock_irq(ptree_tasklist_lock);
}

/* With tasklist_lock held for writing. */
static void group_set(struct task_struct *twin, enum pid_type type, const struct ptree_group *group)
{
	struct pid *now = type == PIDTYPE_PGID ? task_pgrp(twin) : task_session(twin);
	struct pid *pid = group->member ? task_pid(member_twin(group->member)) : group->pid;

	if (pid && pid != now)
		compat_change_pid(twin, type, pid);
}

static void member_link(struct ptree_member *member)
{
	struct task_struct *source = member_source(member), *twin = member_twin(member);

	if (member->parent) {
		struct task_struct *parent = member->parent->threads[member->parent_thread].twin;

		/* One that was killed since has handed its children to init, and there this one stays. */
		if (!parent->exit_state)
			parent_set(twin, parent);
	}
	twin->parent_exec_id = source->parent_exec_id;
	if (member->zombie)
		twin->exit_signal = source->exit_signal;
	twin->signal->leader = member->session_leader;
	group_set(twin, PIDTYPE_PGID, &member->pgrp);
	group_set(twin, PIDTYPE_SID, &member->session);
}

/**
 * ptree_kinship_link() - give all twins their parents, groups and sessions, in one go
 * @op: the op, with all its twins made
 *
 * Cannot fail: everything that could was done before. Holds tasklist_lock, with interrupts off, once per member.
 * Nobody can see the tree half linked but /proc: all twins are frozen.
 */
void ptree_kinship_link(struct ptree_op *op)
{
	struct ptree_extra_pid *extra, *next;
	unsigned int i;

	for (i = 0; i < op->nr_members; i++) {
		struct ptree_member *member = &op->members[i];

		write_lock_irq(ptree_tasklist_lock);
		/* A twin that was killed and reaped since has no place any more. */
		if (pid_task(task_pid(member_twin(member)), PIDTYPE_PID))
			member_link(member);
		write_unlock_irq(ptree_tasklist_lock);
		ptree_space_link(member);
		cond_resched();
	}
	ptree_spaces_count_on(op);
	/* The numbers belong to their users now: the last one frees them. */
	list_for_each_entry_safe(extra, next, &op->extra_pids, link) {
		list_del(&extra->link);
		put_pid(extra->pid);
		kfree(extra);
	}
}

/* Frees the numbers of groups that no twin has come to use. */
void ptree_kinship_done(struct ptree_op *op)
{
	struct ptree_extra_pid *extra, *next;

	list_for_each_entry_safe(extra, next, &op->extra_pids, link) {
		list_del(&extra->link);
		borrowed(free_pid)(extra->pid);
		put_pid(extra->pid);
		kfree(extra);
	}
}

/**
 * ptree_discard_twins() - kill the clone and wait until nothing of it is left
 * @op: the op
 *
 * The end of init ends every process of its pid namespace, and init is only gone when they are
 * (zap_pid_ns_processes(), kernel/pid_namespace.c).
 *
 * Errors: -ETIMEDOUT something hangs in the kernel.
 */
int ptree_discard_twins(struct ptree_op *op)
{
	/* Numbers that name groups count as processes of the namespace: init would wait for them. */
	ptree_kinship_done(op);
	send_sig(SIGKILL, op->init, 1);
	if (!wait_event_timeout(op->init_pid->wait_pidfd, READ_ONCE(op->init->exit_state), DISCARD_TIMEOUT)) {
		pr_warn("the discarded clone of op %u does not end\n", op->number);
		return -ETIMEDOUT;
	}
	return 0;
}
