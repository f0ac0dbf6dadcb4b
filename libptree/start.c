// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * start: the clone becomes its own. Entered in the registry before it can run, so that nothing ever runs unregistered;
 * released by the module; its init passes from the keeper to the system; thawed, unless it is to be held.
 *
 * The journal stands until the module has released the clone: whoever kills us before that kills the clone, whoever does
 * so afterwards does not.
 */
#include <string.h>

#include "op.h"

static int pairs_fill(struct ptree_op *op, struct ptree_clone *c)
{
	c->pairs = calloc(op->nr_members, sizeof(*c->pairs));
	if (!c->pairs)
		return -ENOMEM;
	for (size_t i = 0; i < op->nr_members; i++)
		c->pairs[i] = (struct ptree_pair){
			.source = op->members[i]->pid,
			.twin = op->members[i]->twin,
			.nr_threads = op->members[i]->twin_nr_threads,
		};
	c->nr_pairs = op->nr_members;
	return 0;
}

static void times_fill(const struct ptree_op *op, struct ptree_clone *c)
{
	uint64_t now = ptree_now_usec(CLOCK_MONOTONIC);

	c->pause_usec = op->pause_usec;
	c->total_usec = now - op->start_usec;
	memcpy(c->step_usec, op->step_usec, sizeof(c->step_usec));
	c->step_usec[PTREE_STEP_START] = now - op->step_start_usec;
}

static int describe(struct ptree_op *op, struct ptree_clone **ret)
{
	_cleanup_clone_ struct ptree_clone *c = ptree_clone_new();

	if (!c || pairs_fill(op, c) < 0 || asprintf(&c->id, "%llu", (unsigned long long)op->id) < 0)
		return ptree_error_oom(&op->error, "start");
	c->name = strdup(op->name);
	c->cgroup = strdup(op->cgroup_path);
	if (!c->name || !c->cgroup)
		return ptree_error_oom(&op->error, "start");
	c->state = PTREE_STATE_FROZEN;
	c->scope = op->cgroup_scope;
	c->source_pid = op->pid;
	c->root_pid = op->members[0]->twin;
	c->init_pid = op->keeper.init_pid;
	c->init_start = op->keeper.init_start;
	c->uid = op->uid;
	c->created_usec = ptree_now_usec(CLOCK_REALTIME);
	c->nr_processes = (unsigned)op->nr_members;
	c->nr_threads = op->clone_nr_threads;
	if (op->report) {
		ptree_report_free(c->report);
		c->report = TAKE_PTR(op->report);
	}
	times_fill(op, c);
	*ret = TAKE_PTR(c);
	return 0;
}

int ptree_start(struct ptree_op *op)
{
	_cleanup_clone_ struct ptree_clone *c = NULL;
	int r;

	r = describe(op, &c);
	if (r < 0)
		return r;
	r = ptree_registry_write(&op->registry, c);
	if (r < 0)
		return ptree_error_set(&op->error, r, 0, "start: cannot enter clone %s in the registry: %m", c->id);
	r = ptree_kernel_release(op->kernel, (uint32_t)op->id, &op->error);
	if (r < 0)
		return r;
	op->asked_kernel = false;
	ptree_journal_remove(&op->journal);
	ptree_keeper_release(&op->keeper);

	/* From here on there is a clone, whatever happens: what fails is told, not undone. */
	if (!(op->flags & PTREE_CLONE_HOLD)) {
		r = ptree_cgroup_freeze(op->cgroup_fd, false, 0);
		if (r == 0)
			c->state = PTREE_STATE_RUNNING;
	}
	times_fill(op, c);
	ptree_registry_write(&op->registry, c);
	op->clone = TAKE_PTR(c);
	if (r < 0)
		return ptree_error_set(&op->error, r, op->clone->root_pid,
				       "start: clone %s is made but cannot be thawed: %m; ptreectl thaw %s", op->clone->id,
				       op->clone->id);
	return 0;
}
