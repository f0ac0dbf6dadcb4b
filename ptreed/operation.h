/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An operation: a method call that takes its time. Its message is parked here until a worker has done the work. */
#ifndef PTREED_OPERATION_H
#define PTREED_OPERATION_H

#include "caller.h"
#include "manager.h"
#include "options.h"
#include "worker.h"

enum operation_kind {
	OPERATION_CLONE,
	OPERATION_FREEZE,
	OPERATION_THAW,
	OPERATION_KILL,
	OPERATION_TERMINATE,
	OPERATION_ATTACH,
	OPERATION_INSPECT,
	_OPERATION_KIND_MAX,
};

enum operation_state {
	OPERATION_AUTHORIZING,	/* polkit was asked */
	OPERATION_WAITING,	/* for a worker, or for another operation on the same tree */
	OPERATION_RUNNING,
	OPERATION_RECOVERING,	/* its worker died; another one undoes */
};

#define OPERATION_ANCESTORS_MAX 64

struct operation {
	TAILQ_ENTRY(operation) entry;
	struct manager *manager;
	enum operation_kind kind;
	enum operation_state state;

	sd_bus_message *message;
	struct caller caller;
	sd_bus_track *track;		/* NULL: a connection without names */
	sd_bus_slot *polkit_slot;

	pid_t pid;			/* the source, of clone and inspect; for other kinds the clone's init */
	int pidfd;			/* of the source; -1 for other kinds */
	int report_fd;			/* inspect: where the worker writes what it found; -1 for other kinds */
	pid_t ancestors[OPERATION_ANCESTORS_MAX];	/* of the source, when the call arrived */
	size_t nr_ancestors;
	bool elevated;			/* polkit allowed more than the caller's own rights: do not ask the kernel for them */
	struct clone_options options;

	char *clone_id;			/* other kinds */
	enum ptree_whom whom;
	int signal;

	struct worker worker;
	struct worker_result result;	/* of the work; what recovering gave does not count */
};

const char *operation_kind_name(enum operation_kind kind);

/* Is it about a process that is (or might be) cloned, and not about a clone? */
static inline bool operation_has_source(const struct operation *o)
{
	return o->kind == OPERATION_CLONE || o->kind == OPERATION_INSPECT;
}

/* operation_new() - in no queue yet; takes over @caller (also on failure). */
int operation_new(struct manager *m, enum operation_kind kind, sd_bus_message *message, struct caller *caller,
		  struct operation **ret);

/* operation_free() - drop it without an answer. Takes NULL, returns NULL. */
struct operation *operation_free(struct operation *o);

/*
 * operation_submit() - charge limits, authorize, queue. From here on the operation answers its message itself; on
 * failure it was freed and @error is the answer. @own: the caller's own process or clone.
 */
int operation_submit(struct operation *o, bool own, sd_bus_error *error);

/* operation_authorized() - polkit has answered; @r < 0: refused, with the sentence in @error. */
void operation_authorized(struct operation *o, int r, const sd_bus_error *error);

/* operations_start() - start whatever can start. Returns how many run. */
unsigned operations_start(struct manager *m);

/* operations_refuse() - answer all that do not run yet with -ECANCELED. */
void operations_refuse(struct manager *m);

static inline void operation_cleanup(struct operation **o)
{
	*o = operation_free(*o);
}
#define _cleanup_operation_ _cleanup_(operation_cleanup)

#endif
