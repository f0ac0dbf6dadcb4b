// SPDX-License-Identifier: GPL-2.0-only
/* The course of an op. This file says in which order things happen; the things themselves are other files' tasks. */
#define pr_fmt(fmt) "ptree: " fmt

#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "fault.h"
#include "files.h"
#include "op.h"
#include "spaces.h"
#include "state.h"
#include "symbols.h"

struct ptree_op *ptree_op_new(void)
{
	struct ptree_op *op;

	op = kzalloc(sizeof(*op), GFP_KERNEL_ACCOUNT);
	if (!op)
		return NULL;
	kref_init(&op->kref);
	INIT_LIST_HEAD(&op->link);
	INIT_LIST_HEAD(&op->extra_pids);
	spin_lock_init(&op->error_lock);
	init_completion(&op->kick);
	init_completion(&op->idle);
	INIT_WORK(&op->clone_work, ptree_op_clone_work);
	INIT_WORK(&op->discard_work, ptree_op_discard_work);
	INIT_DELAYED_WORK(&op->deadline_work, ptree_op_deadline_work);
	return op;
}

static void op_free(struct kref *kref)
{
	struct ptree_op *op = container_of(kref, struct ptree_op, kref);
	unsigned int i;

	ptree_view_put(op->view);
	ptree_kinship_done(op);
	ptree_members_done(op);
	ptree_spaces_done(op);
	for (i = 0; i < op->nr_freeze; i++)
		fput(op->freeze[i]);
	kfree(op->freeze);
	if (op->cgroup)
		fput(op->cgroup);
	if (op->memcg)
		mem_cgroup_put(op->memcg);
	if (op->source_ns)
		put_pid_ns(op->source_ns);
	if (op->donor)
		ptree_nsproxy_put(op->donor);
	if (op->init)
		put_task_struct(op->init);
	put_pid(op->init_pid);
	if (op->requester)
		put_cred(op->requester);
	if (op->owner_ns)
		put_pid_ns(op->owner_ns);
	kfree(op);
}

void ptree_op_get(struct ptree_op *op)
{
	kref_get(&op->kref);
}

void ptree_op_put(struct ptree_op *op)
{
	if (op)
		kref_put(&op->kref, op_free);
}

int ptree_op_fail(struct ptree_op *op, struct task_struct *member, int error, const char *format, ...)
{
	pid_t pid = member ? task_tgid_nr_ns(member, op->owner_ns) : 0;
	struct va_format text = { .fmt = format };
	va_list args;

	va_start(args, format);
	text.va = &args;
	spin_lock(&op->error_lock);
	if (!op->error) {
		if (pid)
			snprintf(op->message, sizeof(op->message), "duplicate: pid %d %pV", pid, &text);
		else
			snprintf(op->message, sizeof(op->message), "duplicate: %pV", &text);
		op->error_pid = pid;
		WRITE_ONCE(op->error, error);
	}
	spin_unlock(&op->error_lock);
	va_end(args);
	return error;
}

/*
 * ptree_op_thaw_source() - write 0 to the source's cgroup.freeze files
 * Harmless where that has been done already or the cgroup is gone. May sleep.
 */
void ptree_op_thaw_source(struct ptree_op *op)
{
	unsigned int i;

	for (i = 0; i < op->nr_freeze; i++) {
		loff_t position = 0;
		ssize_t n;

		n = kernel_write(op->freeze[i], "0", 1, &position);
		if (n < 0 && n != -ENODEV && n != -ENOENT)
			pr_warn("cannot thaw a source: %zd\n", n);
	}
}

static int op_clone(struct ptree_op *op)
{
	int r;

	r = ptree_members_resolve(op);
	if (r < 0)
		return r;
	r = ptree_kinship_prepare(op);
	if (r < 0)
		return r;
	r = ptree_clone_members(op);
	if (r < 0)
		return r;
	r = ptree_zombies_settle(op);
	if (r < 0)
		return r;
	r = ptree_fault(op, "link");
	if (r < 0)
		return r;
	ptree_kinship_link(op);
	return 0;
}

void ptree_op_clone_work(struct work_struct *work)
{
	struct ptree_op *op = container_of(work, struct ptree_op, clone_work);
	ktime_t begin = ktime_get();
	int r;

	r = op_clone(op);
	op->duplicate_usec = ktime_us_delta(ktime_get(), begin);
	if (r == 0 && !ptree_owner_cloned(op))
		r = ptree_op_fail(op, NULL, -ECANCELED, "the op was cancelled");
	if (r < 0) {
		/* The source first: it is the one that waits. */
		ptree_op_thaw_source(op);
		if (op->begun)
			ptree_discard_twins(op);
		else
			ptree_kinship_done(op);
		ptree_owner_forget(op);
	}
	ptree_netlink_clone_result(op, r);
	if (r < 0 && op->discard_asked)
		ptree_netlink_discard_result(op, 0);
	ptree_op_put(op);
}

void ptree_op_discard_work(struct work_struct *work)
{
	struct ptree_op *op = container_of(work, struct ptree_op, discard_work);
	int r;

	ptree_op_thaw_source(op);
	r = ptree_discard_twins(op);
	ptree_owner_forget(op);
	if (op->discard_asked)
		ptree_netlink_discard_result(op, r);
	ptree_op_put(op);
}

/* The pause has lasted too long for a clone that had succeeded: its owner is alive, but does not come to an end. */
void ptree_op_deadline_work(struct work_struct *work)
{
	struct ptree_op *op = container_of(to_delayed_work(work), struct ptree_op, deadline_work);

	ptree_op_thaw_source(op);
	ptree_op_put(op);
}
