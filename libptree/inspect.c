// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * inspect: walks the tree as a clone would, but goes on where a clone ends: what is in the way becomes an object of the
 * report. What can be seen of each process without stopping it is inspect-process.c's.
 */
#include "inspect.h"

#include <string.h>

#include "inspect-process.h"
#include "proc.h"
#include "secrets.h"
#include "settle.h"
#include "walk.h"

/* "walk: pid 12 …": who reads the report knows that nothing was walked for a clone. */
static const char *sentence(const struct ptree_error *e)
{
	const char *colon = strstr(e->message, ": ");

	return colon ? colon + 2 : e->message;
}

/* The error that would have ended a clone becomes an object. */
static int note_refusal(struct ptree_op *op, pid_t pid)
{
	int r;

	r = ptree_report_add(op->report, PTREE_POLICY_REFUSE, "process", sentence(&op->error), NULL, NULL);
	if (r >= 0)
		r = ptree_report_add_user(op->report, pid, -1);
	ptree_error_clear(&op->error);
	return r;
}

static bool is_refusal(int r)
{
	return r == -EINVAL || r == -EDEADLK || r == -EOPNOTSUPP || r == -EBUSY;
}

int ptree_inspect_refusal(struct ptree_op *op, pid_t pid, int r)
{
	if (!op->inspecting || !is_refusal(r))
		return r;
	return note_refusal(op, pid) < 0 ? ptree_error_oom(&op->error, "inspect") : 0;
}

/* The root alone. 1: there is no need to look further, 0: there is. */
static int inspect_root(struct ptree_op *op)
{
	struct ptree_proc_stat root;
	int r;

	r = ptree_walk_refuse_root(op, &root);
	if (r >= 0)
		return 0;
	/* Whatever is below pid 1 or the caller, it is this process that cannot be cloned. */
	r = ptree_inspect_refusal(op, op->pid, r);
	return r < 0 ? r : 1;
}

static int protect(struct ptree_op *op)
{
	pid_t bus = ptree_member_bus_pid();

	if (op->requester_pidfd >= 0 && !op->fork && ptree_op_protect(op, ptree_proc_pidfd_pid(op->requester_pidfd)) < 0)
		return ptree_error_oom(&op->error, "inspect");
	if (bus > 1 && ptree_op_protect(op, bus) < 0)
		return ptree_error_oom(&op->error, "inspect");
	return 0;
}

/* Whose rights count is checked by the module, for every member, before it says a word. */
static int inspect_files(struct ptree_op *op)
{
	int r;

	r = ptree_kernel_open(&op->kernel, &op->error);
	if (r < 0)
		return r;
	r = ptree_files_read(&op->files, op->kernel, 0, op->members, op->nr_members, op->requester_pidfd, "inspect",
			     &op->error);
	if (r == -EPERM)
		return ptree_error_set(&op->error, r, op->pid,
				       "inspect: a process of the tree of pid %d may not be traced, and so not be looked into, by who asks",
				       op->pid);
	if (r >= 0)
		r = ptree_settle_judge(op);
	if (r >= 0)
		r = ptree_redirect_judge(op);
	if (r >= 0 && ptree_report_add_files(op->report, op, true) < 0)
		r = ptree_error_oom(&op->error, "inspect");
	return r;
}

static int inspect_all(struct ptree_op *op)
{
	int r;

	r = inspect_root(op);
	if (r != 0)
		return r;
	r = ptree_walk_again(op);
	if (r >= 0)
		r = inspect_files(op);
	if (r < 0)
		return r;
	for (size_t i = 0; i < op->nr_members; i++) {
		r = ptree_inspect_process(op->report, op->members[i]);
		if (r < 0)
			return ptree_error_oom(&op->error, "inspect");
	}
	r = ptree_report_add_secrets(op->report, op->members, op->nr_members);
	if (r >= 0)
		r = ptree_report_add_namespaces(op->report, ptree_proc_living(op->pid), &op->policies);
	if (r == -ENOMEM)
		return ptree_error_oom(&op->error, "inspect");
	if (r < 0)
		return ptree_error_set(&op->error, r, op->pid, "inspect: cannot look at the namespaces of pid %d: %m", op->pid);
	return 0;
}

int ptree_op_inspect(struct ptree_op *op, struct ptree_report **ret)
{
	int r;

	op->inspecting = true;
	op->step = PTREE_STEP_WALK;
	op->report = ptree_report_new();
	if (!op->report)
		return ptree_error_oom(&op->error, "inspect");
	r = ptree_policies_check(&op->policies, &op->error);
	if (r >= 0)
		r = protect(op);
	if (r >= 0)
		r = inspect_all(op);
	if (r < 0)
		return r;
	ptree_report_sort(op->report);
	*ret = TAKE_PTR(op->report);
	return 0;
}
