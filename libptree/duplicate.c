// SPDX-License-Identifier: LGPL-2.1-or-later
/* duplicate: one request to the kernel module for the whole tree. */
#include "op.h"

/* The members turn from pre-order (parents first) to post-order, where the module wants them: children first. */
static size_t post_order(struct ptree_op *op, struct ptree_member **ret)
{
	struct ptree_member **stack = calloc(op->nr_members, sizeof(struct ptree_member *));
	size_t depth = 0, n = 0;

	if (!stack)
		return 0;
	for (size_t i = 0; i < op->nr_members; i++) {
		while (depth > op->members[i]->depth)
			ret[n++] = stack[--depth];
		stack[depth++] = op->members[i];
	}
	while (depth > 0)
		ret[n++] = stack[--depth];
	free(stack);
	return n;
}

int ptree_duplicate(struct ptree_op *op)
{
	_cleanup_free_ struct ptree_twin *twins = calloc(op->nr_members, sizeof(*twins));
	_cleanup_free_ int *members = calloc(op->nr_members, sizeof(*members));
	_cleanup_free_ int *freeze = calloc(op->nr_freezers + 1, sizeof(*freeze));
	struct ptree_kernel_clone request = {
		.op = (uint32_t)op->id,
		.members = members,
		.nr_members = op->nr_members,
		.init_pidfd = op->keeper.init_pidfd,
		.cgroup_fd = op->cgroup_fd,
		.freeze_fds = freeze,
		.nr_freeze_fds = op->nr_freezers,
		.deadline_usec = ptree_op_pause_left(op),
		.requester_pidfd = op->requester_pidfd,
		.flags = ptree_namespaces_flags(&op->namespaces),
		.namespaces_pidfd = op->namespaces.donor_pidfd,
		.twins = twins,
	};
	struct ptree_member **order = calloc(op->nr_members, sizeof(struct ptree_member *));
	int r;

	free(op->order);
	op->order = order;
	if (!order || !twins || !members || !freeze || post_order(op, order) != op->nr_members)
		return ptree_error_oom(&op->error, "duplicate");
	for (size_t i = 0; i < op->nr_members; i++)
		members[i] = order[i]->pidfd;
	for (size_t i = 0; i < op->nr_freezers; i++)
		freeze[i] = op->freezers[i].freeze_fd;
	if (request.deadline_usec == 0)
		request.deadline_usec = 1; /* let the module say so */

	op->asked_kernel = true;
	r = ptree_kernel_clone(op->kernel, &request, &op->error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < op->nr_members; i++) {
		order[i]->number = (uint32_t)i;
		order[i]->twin = twins[i].pid;
		order[i]->twin_nr_threads = twins[i].nr_threads;
	}
	op->clone_nr_threads = request.nr_threads;
	return 0;
}
