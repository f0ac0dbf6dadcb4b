/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker: a forked process that does one piece of work under a deadline and reports by pipe. Whatever becomes of it,
 * done() is called once, with a result. What the work is, is its function's: engine.c's, or a test's.
 */
#ifndef PTREED_WORKER_H
#define PTREED_WORKER_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "../libptree/error.h"
#include "../libptree/ptree.h"

struct operation;

struct worker_result {
	struct ptree_error error;	/* code 0: success */
	char id[32];			/* of the clone that was made */
};

/*
 * The work; runs in the worker process. Returns 0 with ret->id, or a negative errno with the sentence in ret->error.
 * It may call worker_step() before each step.
 */
typedef int worker_function(const struct operation *o, struct worker_result *ret);

typedef void worker_done(struct operation *o);

struct worker {
	pid_t pid;			/* 0: none runs */
	int pipe;
	uint64_t start_usec;
	uint64_t deadline_usec;		/* after the start */
	sd_event_source *child, *deadline;
	worker_done *done;
	struct operation *operation;

	/* Valid in done(). */
	struct worker_result result;
	bool died;			/* killed, or it hung: something may have to be undone */
	int step;			/* enum ptree_step that it was in; -1: before the first */
};

#define WORKER_INIT ((struct worker){ .pipe = -1, .step = -1 })

/* worker_start() - fork; @done is called from the event loop, which must have SIGCHLD blocked. -EAGAIN; -ENOMEM. */
int worker_start(struct worker *w, sd_event *event, worker_function *work, struct operation *o, uint64_t deadline_usec,
		 worker_done *done);

/* worker_kill() - end it now; done() follows from the event loop. */
void worker_kill(struct worker *w);

/* worker_finish() - end it now and forget it, without done(). Takes one that never ran. */
void worker_finish(struct worker *w);

/* worker_step() - in the worker process: the step that begins. Has the form of ptree_op's progress function. */
void worker_step(enum ptree_step step, void *userdata);

/* engine.c: the real work. */
int engine_work(const struct operation *o, struct worker_result *ret);

/* engine.c: after a worker died, undo what it left. */
int engine_recover(const struct operation *o, struct worker_result *ret);

#endif
