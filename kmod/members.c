// SPDX-License-Identifier: GPL-2.0-only
/* From pidfds to members: their threads, parents, groups and sessions. Who may not be cloned is vet.c's task. */
#include <linux/bsearch.h>
#include <linux/nsproxy.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/tty.h>
#include "fault.h"
#include "op.h"
#include "spaces.h"
#include "state.h"
#include "symbols.h"

/* Where a thread of the source is found again by its task. */
struct place {
	struct task_struct *task;
	struct ptree_member *member;
	unsigned int thread;
};

/*
 * ptree_members_init() - look up the members' pidfds, in the caller's file table
 * Errors: -EBADF no pidfd; -ESRCH the process has gone; -ENOMEM.
 */
int ptree_members_init(struct ptree_op *op, const s32 *pidfds, unsigned int nr)
{
	unsigned int i;

	op->members = kvcalloc(nr, sizeof(*op->members), GFP_KERNEL_ACCOUNT);
	if (!op->members)
		return ptree_op_fail(op, NULL, -ENOMEM, "no memory for %u members", nr);
	for (i = 0; i < nr; i++) {
		struct ptree_member *member = &op->members[i];
		struct task_struct *task;
		unsigned int flags;
		struct pid *pid;

		pid = borrowed(pidfd_get_pid)(pidfds[i], &flags);
		if (IS_ERR(pid))
			return ptree_op_fail(op, NULL, PTR_ERR(pid), "member %u of %u has no valid pidfd", i, nr);
		task = get_pid_task(pid, PIDTYPE_TGID);
		put_pid(pid);
		if (!task)
			return ptree_op_fail(op, NULL, -ESRCH, "member %u of %u has exited and was waited for", i, nr);

		member->op = op;
		member->cgroup_fd = -1;
		init_completion(&member->worker_done);
		member->nr_threads = 1;
		member->threads = kzalloc(sizeof(*member->threads), GFP_KERNEL_ACCOUNT);
		if (!member->threads) {
			put_task_struct(task);
			return ptree_op_fail(op, NULL, -ENOMEM, "no memory for %u members", nr);
		}
		member->threads[0].source = task;
		op->nr_members++;
	}
	return 0;
}

static bool is_worker(const struct task_struct *task)
{
	return task->flags & COMPAT_PF_WORKER;
}

/* Replaces the leader's entry by one for each thread. The source is frozen: no thread can come, but they can die. */
static int threads_gather(struct ptree_member *member)
{
	struct task_struct *leader = member_source(member), *task;
	unsigned int nr, found = 0;
	struct ptree_thread *threads;

	rcu_read_lock();
	nr = leader->sighand ? get_nr_threads(leader) : 0;
	rcu_read_unlock();

	if (READ_ONCE(leader->exit_state) && nr < 2) {
		if (READ_ONCE(leader->exit_state) != EXIT_ZOMBIE || !member_nr(member))
			return ptree_op_fail(member->op, leader, -ESRCH, "has just been waited for; try again");
		member->zombie = true;
		return 0;
	}
	if (!nr)
		return ptree_op_fail(member->op, leader, -ESRCH, "is exiting; try again");

	threads = kvcalloc(nr, sizeof(*threads), GFP_KERNEL_ACCOUNT);
	if (!threads)
		return ptree_op_fail(member->op, leader, -ENOMEM, "has %u threads and there is no memory for them", nr);
	threads[found++] = member->threads[0];
	rcu_read_lock();
	for_each_thread(leader, task) {
		if (task == leader || is_worker(task) || READ_ONCE(task->exit_state))
			continue;
		if (found == nr)
			break;
		threads[found].source = get_task_struct(task);
		threads[found++].nr = task_pid_nr_ns(task, member->op->source_ns);
	}
	rcu_read_unlock();

	kvfree(member->threads);
	member->threads = threads;
	member->nr_threads = found;
	if (READ_ONCE(leader->exit_state)) {
		if (found == 1)
			return ptree_op_fail(member->op, leader, -EAGAIN, "is exiting; try again");
		member->headless = true;
		member->carrier = 1;
	}
	return 0;
}

static int place_compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->task < y->task ? -1 : x->task > y->task;
}

/* Finds the member, and which of its threads, that each member is a child of. Only the last member may have none. */
static int parents_find(struct ptree_op *op)
{
	unsigned int i, t, nr = 0;
	struct place *places;
	int r = 0;

	places = kvmalloc_array(op->nr_threads, sizeof(*places), GFP_KERNEL_ACCOUNT);
	if (!places)
		return ptree_op_fail(op, NULL, -ENOMEM, "no memory for %u threads", op->nr_threads);
	for (i = 0; i < op->nr_members; i++)
		for (t = 0; t < op->members[i].nr_threads; t++)
			places[nr++] = (struct place){ op->members[i].threads[t].source, &op->members[i], t };
	sort(places, nr, sizeof(*places), place_compare, NULL);

	for (i = 0; i + 1 < op->nr_members; i++) {
		struct ptree_member *member = &op->members[i];
		struct place *place, key;

		rcu_read_lock();
		key.task = rcu_dereference(member_source(member)->real_parent);
		place = bsearch(&key, places, nr, sizeof(*places), place_compare);
		rcu_read_unlock();
		if (!place || place->member <= member || place->member->zombie) {
			r = ptree_op_fail(op, member_source(member), -EAGAIN,
					  "has lost its parent in the tree; try again");
			break;
		}
		member->parent = place->member;
		member->parent_thread = place->thread;
	}
	kvfree(places);
	return r;
}

/*
 * ptree_process_carrier() - a thread of a process that has not exited, or its leader if all have
 * Returned counted.
 */
struct task_struct *ptree_process_carrier(struct task_struct *leader)
{
	struct task_struct *thread, *found = leader;

	rcu_read_lock();
	if (READ_ONCE(leader->exit_state) && leader->sighand) {
		for_each_thread(leader, thread) {
			if (READ_ONCE(thread->exit_state) || is_worker(thread))
				continue;
			found = thread;
			break;
		}
	}
	get_task_struct(found);
	rcu_read_unlock();
	return found;
}

/**
 * ptree_requester_check() - may @task be traced by who has these credentials?
 * @requester: the credentials that count
 * @task: counted by the caller; one that has exited may: it has nothing but its exit status to give away
 *
 * Errors: -EPERM. May sleep.
 */
int ptree_requester_check(const struct cred *requester, struct task_struct *task)
{
	const struct cred *own = current->cred;
	bool may;

	if (READ_ONCE(task->exit_state))
		return 0;
	/* ptrace_may_access() reads current's credentials; nobody else reads current->cred of a task that is in here. */
	rcu_assign_pointer(current->cred, requester);
	may = borrowed(ptrace_may_access)(task, PTRACE_MODE_ATTACH_REALCREDS);
	rcu_assign_pointer(current->cred, own);
	return may ? 0 : -EPERM;
}

static int requester_check(struct ptree_op *op)
{
	unsigned int i;

	for (i = 0; i < op->nr_members; i++) {
		struct task_struct *source = member_source(&op->members[i]);

		if (ptree_requester_check(op->requester, member_carrier(&op->members[i])) < 0)
			return ptree_op_fail(op, source, -EPERM, "may not be traced, and so not be cloned, by uid %u",
					     from_kuid_munged(&init_user_ns, op->requester->uid));
	}
	return 0;
}

static void root_namespaces_note(struct ptree_op *op)
{
	struct task_struct *root = member_carrier(&op->members[op->nr_members - 1]);

	task_lock(root);
	if (root->nsproxy) {
		op->root_net = root->nsproxy->net_ns;
		op->root_ipc = root->nsproxy->ipc_ns;
		op->root_uts = root->nsproxy->uts_ns;
		op->root_mnt = root->nsproxy->mnt_ns;
	}
	task_unlock(root);
}

/**
 * ptree_members_resolve() - complete the members and vet each one
 * @op: the op
 *
 * Errors: see CLONE in uapi/ptree.h. May sleep.
 */
int ptree_members_resolve(struct ptree_op *op)
{
	unsigned int i;
	int r;

	r = ptree_fault(op, "resolve");
	if (r < 0)
		return r;
	r = ptree_spaces_init(op);
	if (r < 0)
		return r;
	for (i = 0; i < op->nr_members; i++) {
		struct ptree_member *member = &op->members[i];

		member->threads[0].nr = task_tgid_nr_ns(member_source(member), op->source_ns);
		r = threads_gather(member);
		if (r < 0)
			return r;
		op->nr_threads += member->nr_threads;
		op->nr_zombies += member->zombie;
	}
	root_namespaces_note(op);
	r = parents_find(op);
	if (r < 0)
		return r;
	r = ptree_spaces_resolve(op);
	if (r < 0)
		return r;
	r = requester_check(op);
	if (r < 0)
		return r;
	r = ptree_share_resolve(op);
	if (r < 0)
		return r;
	r = ptree_vfork_resolve(op);
	if (r < 0)
		return r;
	for (i = 0; i < op->nr_members; i++) {
		r = ptree_vet_member(&op->members[i]);
		if (r < 0)
			return r;
	}
	return ptree_fault(op, "vet");
}

void ptree_members_done(struct ptree_op *op)
{
	unsigned int i, t;

	for (i = 0; i < op->nr_members; i++) {
		struct ptree_member *member = &op->members[i];

		for (t = 0; t < member->nr_threads; t++) {
			put_task_struct(member->threads[t].source);
			if (member->threads[t].twin)
				put_task_struct(member->threads[t].twin);
		}
		kvfree(member->threads);
		kvfree(member->ranges);
		put_pid(member->pgrp.pid);
		put_pid(member->session.pid);
		tty_kref_put(member->tty);
	}
	kvfree(op->by_nr);
	kvfree(op->members);
}
