// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a worker does: one op of libptree's engine, or one verb on a clone. Runs in the worker process, may block and
 * may be killed at any instruction; the supervision is worker.c's.
 */
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "../libptree/inspect.h"
#include "../libptree/journal.h"
#include "../libptree/op.h"
#include "../libptree/proc.h"
#include "../libptree/redirect.h"
#include "operation.h"
#include "rights.h"

#define RELEASE_USEC (10 * USEC_PER_SEC)
#define RECOVER_USEC (20 * USEC_PER_SEC)
#define REPORT_MAX_BYTES (16 << 20)	/* a message on the bus is at most 32 MiB, unless the bus allows more */

/* Never freeze the daemon, the bus, or the process that waits for our answer, unless it is made for that. */
static int protect(struct ptree_op *op, const struct operation *o)
{
	int r;

	r = ptree_op_protect(op, getppid());
	if (r >= 0 && !o->options.fork)
		r = ptree_op_protect(op, o->caller.pid);
	if (r >= 0 && o->manager->bus_pid > 1)
		r = ptree_op_protect(op, o->manager->bus_pid);
	return r;
}

/*
 * A caller with less than root's rights gets a clone that was looked at before it ran; see rights.h. What fails the look
 * is gone again before the answer.
 */
static int release(const struct operation *o, const struct ptree_clone *c, struct ptree_error *e)
{
	_cleanup_close_ int cgroup = -1, init = -1;
	int r;

	r = rights_check_clone(&o->caller.rights, c, e);
	if (r < 0) {
		struct pollfd gone = { .events = POLLIN };

		gone.fd = init = ptree_proc_pidfd_open(c->init_pid, c->init_start);
		if (init >= 0) {
			pidfd_send_signal(init, SIGKILL, NULL, 0);
			poll(&gone, 1, -1); /* the worker's deadline is ours */
		}
		return r;
	}
	if (o->options.hold)
		return 0;

	r = cgroup = ptree_cgroup_open(c->cgroup);
	if (r >= 0)
		r = ptree_cgroup_freeze(cgroup, false, RELEASE_USEC);
	if (r < 0)
		return ptree_error_set(e, r, c->root_pid, "start: clone %s is made but cannot be thawed: %m; ptreectl thaw %s",
				       c->id, c->id);
	return 0;
}

/* The op as both clone and inspect want it. */
static int op_new(const struct operation *o, const struct ptree_clone_options *options, struct ptree_op **ret)
{
	struct ptree_op *op;
	int r;

	r = ptree_op_new(0, o->pidfd, ret);
	op = *ret;
	if (r >= 0)
		r = ptree_op_set_options(op, options);
	if (r >= 0)
		r = ptree_redirect_take(op, o->options.stdio_fds);
	if (r >= 0)
		r = protect(op, o);
	if (r < 0)
		return r;
	op->policies = o->options.policies;
	op->fork = o->options.fork;
	op->uid = o->caller.uid;
	/* Where polkit allowed more than the caller's own rights, ours count. */
	op->requester_pidfd = o->elevated ? -1 : dup(o->caller.pidfd);
	return 0;
}

static int work_clone(const struct operation *o, struct worker_result *ret)
{
	_cleanup_op_ struct ptree_op *op = NULL;
	bool check = o->caller.uid != 0 && !o->elevated;
	const struct ptree_clone_options options = {
		.size = sizeof(options),
		.flags = o->options.hold || check ? PTREE_CLONE_HOLD : 0,
		.name = o->options.name,
		.max_pause_usec = o->options.max_pause_usec,
		.cgroup = o->options.cgroup,
		.copy_paths = (const char *const *)o->options.copy_paths,
		.progress = worker_step,
	};
	int r;

	r = op_new(o, &options, &op);
	if (r >= 0)
		r = ptree_op_run(op);
	if (r >= 0 && check)
		r = release(o, op->clone, &op->error);
	if (r < 0) {
		if (op)
			ret->error = op->error;
		return r;
	}
	snprintf(ret->id, sizeof(ret->id), "%s", ptree_clone_id(op->clone));
	return 0;
}

/* For the daemon, which has made the file. */
static int report_write(const struct operation *o, const struct ptree_report *report, struct ptree_error *e)
{
	_cleanup_fclose_ FILE *f = fdopen(dup(o->report_fd), "w");
	long size;
	int r;

	r = f ? ptree_report_format(report, "", f) : -errno;
	if (r >= 0 && (fflush(f) != 0 || (size = ftell(f)) < 0))
		r = -errno;
	if (r < 0)
		return ptree_error_set(e, r, o->pid, "inspect: cannot pass on what was found of pid %d: %m", o->pid);
	if (size > REPORT_MAX_BYTES)
		return ptree_error_set(e, -EAGAIN, o->pid,
				       "inspect: the tree of pid %d has more objects than fit into an answer; choose a smaller tree",
				       o->pid);
	return 0;
}

/* What is found in somebody else's process is not the caller's to know; see rights.h for why this looks once more. */
static int work_inspect(const struct operation *o, struct worker_result *ret)
{
	const struct ptree_clone_options options = { .size = sizeof(options), .name = o->options.name };
	_cleanup_report_ struct ptree_report *report = NULL;
	_cleanup_op_ struct ptree_op *op = NULL;
	int r;

	r = op_new(o, &options, &op);
	if (r >= 0)
		r = ptree_op_inspect(op, &report);
	for (size_t i = 0; r >= 0 && o->caller.uid != 0 && !o->elevated && i < op->nr_members; i++)
		r = rights_check_process(&o->caller.rights, op->members[i]->pid, op->members[i]->pid, &op->error);
	if (r >= 0)
		r = report_write(o, report, &op->error);
	if (r < 0 && op)
		ret->error = op->error;
	return r;
}

static int verb(struct ptree *p, const struct operation *o)
{
	_cleanup_clone_ struct ptree_clone *c = NULL;
	int r;

	r = ptree_get(p, o->clone_id, &c);
	if (r < 0)
		return r;
	switch (o->kind) {
	case OPERATION_FREEZE:
		return ptree_clone_freeze(p, c);
	case OPERATION_THAW:
		return ptree_clone_thaw(p, c);
	case OPERATION_KILL:
		return ptree_clone_kill(p, c, o->whom, o->signal);
	case OPERATION_TERMINATE:
		return ptree_clone_terminate(p, c);
	default:
		return -EOPNOTSUPP;
	}
}

static int work_verb(const struct operation *o, struct worker_result *ret)
{
	struct ptree *p;
	int r;

	r = ptree_open(&p, PTREE_BACKEND_DIRECT);
	if (r >= 0)
		r = verb(p, o);
	if (r < 0 && p)
		ptree_error_set(&ret->error, r, ptree_error_pid(p), "%s", ptree_error_message(p));
	ptree_close(p);
	return r;
}

int engine_work(const struct operation *o, struct worker_result *ret)
{
	switch (o->kind) {
	case OPERATION_CLONE:
		return work_clone(o, ret);
	case OPERATION_INSPECT:
		return work_inspect(o, ret);
	default:
		return work_verb(o, ret);
	}
}

static int is_source(uint64_t id, pid_t source, uint64_t start, void *userdata)
{
	(void)id, (void)start;
	return source == *(const pid_t *)userdata;
}

int engine_recover(const struct operation *o, struct worker_result *ret)
{
	uint64_t end = ptree_now_usec(CLOCK_MONOTONIC) + RECOVER_USEC;
	struct ptree_registry registry = PTREE_REGISTRY_INIT;
	pid_t source = o->pid;
	int r;

	(void)ret;
	r = ptree_registry_open(&registry, false);
	if (r < 0)
		return r;

	/* The dead worker's keeper may be at it and holds the journal; it is quick, and its end is no event for us. */
	for (;;) {
		r = ptree_journal_recover(&registry);
		if (r < 0 || ptree_journal_each_source(&registry, UINT64_MAX, is_source, &source) == 0)
			break;
		if (ptree_now_usec(CLOCK_MONOTONIC) > end) {
			r = -ETIMEDOUT;
			break;
		}
		usleep(1000);
	}
	ptree_registry_close(&registry);
	return r;
}
