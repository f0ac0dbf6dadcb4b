// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * freeze and thaw: every member parked by the cgroup v2 freezer, and let go. What is frozen, and how members come under
 * it, is freezer.c's; here is the order of things, and the clock.
 *
 * The pause begins with the first write to a cgroup.freeze and ends with the last write that undoes it. Moving members
 * costs 10–20 ms for the first (an RCU grace period), so it is done before, and undone after.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "children.h"
#include "freezer.h"
#include "proc.h"
#include "walk.h"

/* Passes over a tree that still runs: after so many, what forks faster is left to the freezer. */
#define PASSES_BEFORE 4

/* Cover all that is known until a pass finds nobody new. A running tree need not come to rest. */
static int gather(struct ptree_op *op)
{
	int r, n;

	for (int i = 0; i < PASSES_BEFORE; i++) {
		r = ptree_freezer_cover(op);
		if (r < 0)
			return r;
		n = ptree_walk_again(op);
		if (n < 0)
			return n;
		if (n == 0 && i > 0)
			break;
	}
	return ptree_freezer_cover(op) < 0 ? op->error.code : 0;
}

/* Looks for the thread of a member that will not freeze, to name it. */
static char stubborn_state(const struct ptree_member *m)
{
	struct ptree_pids tids = { 0 };
	char worst = 0;

	ptree_threads_read(m->task_fd, &tids);
	for (size_t i = 0; i < tids.nr; i++) {
		char name[32], text[1024];
		struct ptree_proc_stat stat;

		snprintf(name, sizeof(name), "%d/stat", tids.pids[i]);
		if (ptree_proc_read(m->task_fd, name, text, sizeof(text)) < 0 || ptree_proc_stat_parse(text, &stat) < 0)
			continue;
		if (stat.state == 'D')
			worst = 'D';
		else if (stat.state == 'R' && !worst)
			worst = 'R';
	}
	free(tids.pids);
	return worst;
}

static int too_late(struct ptree_op *op, int nr_new)
{
	const struct ptree_member *found = NULL;
	unsigned long long usec = op->max_pause_usec;
	char state = 0;

	if (nr_new > 0)
		return ptree_error_set(&op->error, -ETIMEDOUT, op->pid,
				       "freeze: the tree of pid %d forks faster than it freezes: %d new processes after %llu µs; it runs on; allow a longer pause",
				       op->pid, nr_new, usec);
	for (size_t i = 0; i < op->nr_members && state != 'D'; i++) {
		char s = stubborn_state(op->members[i]);

		if (s && (!state || s == 'D')) {
			state = s;
			found = op->members[i];
		}
	}
	if (!found)
		return ptree_error_set(&op->error, -ETIMEDOUT, op->pid,
				       "freeze: the tree of pid %d is still not frozen after %llu µs; it runs on; allow a longer pause",
				       op->pid, usec);
	return ptree_error_set(&op->error, -ETIMEDOUT, found->pid,
			       "freeze: pid %d (%s) still in %c state after %llu µs; the tree runs on; try again, or allow a longer pause",
			       found->pid, found->comm, state, usec);
}

/* With everybody frozen, until a pass finds nobody new: from then on nobody can join. */
static int settle_down(struct ptree_op *op)
{
	int r, nr_new = 0;

	for (;;) {
		r = ptree_freezer_wait(op, ptree_op_pause_left(op));
		if (r == -ETIMEDOUT)
			return too_late(op, nr_new);
		if (r < 0)
			return r;
		nr_new = ptree_walk_again(op);
		if (nr_new < 0)
			return nr_new;
		r = ptree_freezer_cover(op);
		if (r < 0)
			return r;
		if (ptree_op_pause_left(op) == 0)
			return too_late(op, nr_new);
		if (nr_new == 0 && r == 0)
			return 0;
	}
}

int ptree_freeze(struct ptree_op *op)
{
	int r;

	r = ptree_freezer_plan(op);
	if (r < 0)
		return r;
	r = gather(op);
	if (r < 0)
		return r;

	op->pause_start_usec = ptree_now_usec(CLOCK_MONOTONIC);
	r = ptree_freezer_write(op, true);
	if (r < 0)
		return r;
	return settle_down(op);
}

/* Lets all run on, the longer the more attempts there were, and parks them again. A pause of its own. */
int ptree_freeze_again(struct ptree_op *op, unsigned attempt)
{
	int r;

	r = ptree_freezer_write(op, false);
	if (r < 0)
		return r;
	op->pause_start_usec = 0;
	ptree_error_clear(&op->error);
	poll(NULL, 0, 1 << attempt);

	op->pause_start_usec = ptree_now_usec(CLOCK_MONOTONIC);
	r = ptree_freezer_write(op, true);
	return r < 0 ? r : settle_down(op);
}

int ptree_thaw(struct ptree_op *op)
{
	bool late;
	int r;

	if (op->nr_freezers == 0)
		return 0;
	late = op->pause_start_usec && ptree_op_pause_left(op) == 0;
	r = ptree_freezer_write(op, false);
	if (op->pause_start_usec) {
		op->pause_usec = ptree_now_usec(CLOCK_MONOTONIC) - op->pause_start_usec;
		op->pause_start_usec = 0;
	}
	ptree_freezer_done(op);
	if (r < 0)
		return r;

	/* The module has thawed the source at the deadline: what was captured since then may be of another moment. */
	if (late)
		return ptree_error_set(&op->error, -ETIMEDOUT, op->pid,
				       "thaw: the clone took longer than the %llu µs that the source may be paused; allow a longer pause",
				       (unsigned long long)op->max_pause_usec);
	return 0;
}
