// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way of a slow call: charged, authorized, queued, run by a worker, answered. First come, first served, but several
 * at once: as many clones as limits.workers, never two on one tree; other verbs beside them, never two on one clone.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "../libptree/attach.h"
#include "../libptree/proc.h"
#include "clone.h"
#include "errors.h"
#include "log.h"
#include "operation.h"
#include "polkit.h"
#include "report-bus.h"

#define VERB_DEADLINE_USEC (30 * USEC_PER_SEC)	/* freeze, thaw, kill, terminate, inspect, recover */

static const char *const kind_names[_OPERATION_KIND_MAX] = {
	[OPERATION_CLONE] = "clone",
	[OPERATION_FREEZE] = "freeze",
	[OPERATION_THAW] = "thaw",
	[OPERATION_KILL] = "kill",
	[OPERATION_TERMINATE] = "terminate",
	[OPERATION_ATTACH] = "attach",
	[OPERATION_INSPECT] = "inspect",
};

const char *operation_kind_name(enum operation_kind kind)
{
	return kind_names[kind];
}

/* Nobody waits for the answer any more: work that has not begun is not begun. */
static int on_caller_gone(sd_bus_track *track, void *userdata)
{
	struct operation *o = userdata;

	(void)track;
	if (o->state == OPERATION_AUTHORIZING || o->state == OPERATION_WAITING) {
		struct manager *m = o->manager;

		operation_free(o);
		manager_changed(m);
	}
	return 0;
}

int operation_new(struct manager *m, enum operation_kind kind, sd_bus_message *message, struct caller *caller,
		  struct operation **ret)
{
	_cleanup_operation_ struct operation *o = NULL;
	int r;

	o = calloc(1, sizeof(*o));
	if (!o) {
		caller_done(caller);
		return -ENOMEM;
	}
	o->kind = kind;
	o->pidfd = -1;
	o->report_fd = -1;
	o->options = CLONE_OPTIONS_INIT;
	o->worker = WORKER_INIT;
	o->message = sd_bus_message_ref(message);
	o->caller = *caller;
	*caller = CALLER_INIT;
	if (kind == OPERATION_INSPECT) {
		o->report_fd = memfd_create("ptree-report", MFD_CLOEXEC);
		if (o->report_fd < 0)
			return -errno;
	}

	if (sd_bus_message_get_sender(message)) {
		r = sd_bus_track_new(m->bus, &o->track, on_caller_gone, o);
		if (r < 0)
			return r;
		r = sd_bus_track_add_sender(o->track, message);
		if (r < 0)
			return r;
	}

	o->manager = m;
	TAILQ_INSERT_TAIL(&m->operations, o, entry);
	*ret = TAKE_PTR(o);
	return 0;
}

struct operation *operation_free(struct operation *o)
{
	if (!o)
		return NULL;
	if (o->manager)
		TAILQ_REMOVE(&o->manager->operations, o, entry);
	worker_finish(&o->worker);
	sd_bus_slot_unref(o->polkit_slot);
	sd_bus_track_unref(o->track);
	sd_bus_message_unref(o->message);
	ptree_close_fd(o->pidfd);
	ptree_close_fd(o->report_fd);
	caller_done(&o->caller);
	options_done(&o->options);
	free(o->clone_id);
	free(o);
	return NULL;
}

static void answer_error(struct operation *o, int r, const sd_bus_error *error)
{
	if (o->kind == OPERATION_CLONE)
		log_clone_failed(o->pid, o->caller.uid, r, error->message);
	sd_bus_reply_method_error(o->message, error);
}

static void answer_clone(struct operation *o, struct clone *c)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_message_new_method_return(o->message, &reply);
	if (r >= 0)
		r = sd_bus_message_append(reply, "o", c->path);
	if (r >= 0)
		r = clone_bus_append_properties(reply, c->info);
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	if (r < 0)
		sd_bus_reply_method_errno(o->message, r, NULL);
}

/* By the daemon itself: a worker could not hand it on, and there is nothing in it that could take its time. */
static void answer_attach(struct operation *o, const struct clone *c)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_close_ int fd = c ? ptree_attach_open(c->info->init_pid, c->info->init_start) : -ESRCH;
	int r = fd;

	if (fd >= 0)
		r = sd_bus_reply_method_return(o->message, "h", fd);
	else if (fd == -ENOTTY)
		errors_set(&error, fd, "attach: clone %s has no terminal of its own; clone with --tty=new", o->clone_id);
	else if (fd == -ESRCH)
		errors_set(&error, fd, "attach: clone %s has ended", o->clone_id);
	else
		errors_set(&error, fd, "attach: cannot get the terminal of clone %s: %s", o->clone_id, strerror(-fd));
	if (r < 0)
		sd_bus_reply_method_errno(o->message, r, &error);
}

static int report_read(struct operation *o, struct ptree_report *report)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int r = 0;

	if (lseek(o->report_fd, 0, SEEK_SET) < 0)
		return -errno;
	f = fdopen(o->report_fd, "r");
	if (!f)
		return -errno;
	o->report_fd = -1;
	while (r >= 0 && getline(&line, &size, f) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		r = ptree_report_parse(report, line);
	}
	return r < 0 ? r : ferror(f) ? -EIO : 0;
}

static void answer_inspect(struct operation *o)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_report_ struct ptree_report *report = ptree_report_new();
	int r;

	r = report ? report_read(o, report) : -ENOMEM;
	if (r >= 0)
		r = sd_bus_message_new_method_return(o->message, &reply);
	if (r >= 0)
		r = report_bus_append(reply, report);
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	if (r < 0)
		sd_bus_reply_method_errno(o->message, r, NULL);
}

static void answer(struct operation *o)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	const struct worker_result *result = &o->result;
	struct manager *m = o->manager;
	struct clone *c;
	int r;

	if (result->error.code < 0) {
		r = errors_set_ptree(&error, &result->error);
		answer_error(o, r, &error);
		return;
	}
	if (o->kind == OPERATION_INSPECT) {
		answer_inspect(o);
		return;
	}
	if (o->kind != OPERATION_CLONE) {
		c = manager_find_clone(m, o->clone_id);
		if (o->kind == OPERATION_ATTACH) {
			answer_attach(o, c);
			return;
		}
		if (c)
			clone_refresh(c);
		sd_bus_reply_method_return(o->message, NULL);
		return;
	}

	r = manager_learn(m, result->id, true, &c);
	if (r < 0) {
		errors_set(&error, r, "start: clone %s of pid %d was made, but ended at once", result->id, o->pid);
		answer_error(o, r, &error);
		return;
	}
	/* It was thawed; cgroup.events says so only when the first of its processes has got the CPU. */
	if (!o->options.hold)
		c->info->state = PTREE_STATE_RUNNING;
	answer_clone(o, c);
}

static void on_recovered(struct operation *o)
{
	struct manager *m = o->manager;

	answer(o);
	operation_free(o);
	manager_changed(m);
}

static void on_done(struct operation *o)
{
	int r;

	o->result = o->worker.result;
	/* Answered only when all was undone, by the op's keeper, the module and us: the sentence says so. */
	if (o->worker.died && o->kind == OPERATION_CLONE) {
		o->state = OPERATION_RECOVERING;
		r = worker_start(&o->worker, o->manager->event, engine_recover, o, VERB_DEADLINE_USEC, on_recovered);
		if (r >= 0)
			return;
	}
	on_recovered(o);
}

static bool is_in(pid_t pid, const struct operation *o)
{
	for (size_t i = 0; i < o->nr_ancestors; i++)
		if (o->ancestors[i] == pid)
			return true;
	return o->pid == pid;
}

/* Two operations that would touch the same processes. */
static bool in_conflict(const struct operation *a, const struct operation *b)
{
	if (a->kind == OPERATION_INSPECT || b->kind == OPERATION_INSPECT) /* looks only */
		return false;
	if ((a->kind == OPERATION_CLONE) != (b->kind == OPERATION_CLONE))
		return false;
	if (a->kind == OPERATION_CLONE)
		return is_in(a->pid, b) || is_in(b->pid, a);
	return strcmp(a->clone_id, b->clone_id) == 0;
}

static bool can_start(const struct operation *o)
{
	const struct operation *other;
	unsigned running = 0;
	bool before = true;

	TAILQ_FOREACH(other, &o->manager->operations, entry) {
		bool runs = other->state == OPERATION_RUNNING || other->state == OPERATION_RECOVERING;

		if (other == o)
			before = false;
		else if ((runs || (before && other->state == OPERATION_WAITING)) && in_conflict(o, other))
			return false;
		running += runs && (other->kind == OPERATION_CLONE) == (o->kind == OPERATION_CLONE);
	}
	return running < o->manager->limits.workers;
}

static void start(struct operation *o)
{
	struct manager *m = o->manager;
	uint64_t deadline = o->kind == OPERATION_CLONE ? o->options.max_pause_usec + m->grace_usec : VERB_DEADLINE_USEC;
	int r;

	o->state = OPERATION_RUNNING;
	if (o->kind == OPERATION_ATTACH) {
		answer(o);
		operation_free(o);
		return;
	}
	r = worker_start(&o->worker, m->event, m->work, o, deadline, on_done);
	if (r < 0) {
		ptree_error_set(&o->result.error, r, o->pid, "%s: pid %d: cannot start a worker: %m",
				operation_kind_name(o->kind), o->pid);
		answer(o);
		operation_free(o);
	}
}

unsigned operations_start(struct manager *m)
{
	struct operation *o, *next;
	unsigned running = 0;

	for (o = TAILQ_FIRST(&m->operations); o; o = next) {
		next = TAILQ_NEXT(o, entry);
		if (o->state == OPERATION_WAITING && !m->stopping && can_start(o))
			start(o);
	}
	TAILQ_FOREACH(o, &m->operations, entry)
		running += o->state == OPERATION_RUNNING || o->state == OPERATION_RECOVERING;
	return running;
}

void operations_refuse(struct manager *m)
{
	struct operation *o, *next;

	for (o = TAILQ_FIRST(&m->operations); o; o = next) {
		_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

		next = TAILQ_NEXT(o, entry);
		if (o->state == OPERATION_RUNNING || o->state == OPERATION_RECOVERING)
			continue;
		answer_error(o, errors_set(&error, -ECANCELED,
					   "wait: ptreed is stopping; pid %d was not touched, try again", o->pid),
			     &error);
		operation_free(o);
	}
}

/* Read once: a tree that changes its ancestors while it waits is caught by the engine, which looks again. */
static void ancestors_read(struct operation *o)
{
	pid_t pid = o->pid;

	while (o->nr_ancestors < OPERATION_ANCESTORS_MAX) {
		struct ptree_proc_stat stat;
		_cleanup_close_ int fd = ptree_proc_open(pid);

		if (fd < 0 || ptree_proc_stat(fd, &stat) < 0 || stat.ppid <= 1)
			return;
		pid = o->ancestors[o->nr_ancestors++] = stat.ppid;
	}
}

int operation_submit(struct operation *o, bool own, sd_bus_error *error)
{
	int r;

	if (o->kind == OPERATION_CLONE)
		ancestors_read(o);

	r = polkit_authorize(o, own, error);
	if (r < 0) {
		operation_free(o);
		return r;
	}
	if (r == 0) {
		o->state = OPERATION_AUTHORIZING;
		return 1;
	}
	o->state = OPERATION_WAITING;
	manager_changed(o->manager);
	return 1;
}

void operation_authorized(struct operation *o, int r, const sd_bus_error *error)
{
	struct manager *m = o->manager;

	if (r < 0) {
		answer_error(o, r, error);
		operation_free(o);
	} else {
		o->state = OPERATION_WAITING;
	}
	manager_changed(m);
}
