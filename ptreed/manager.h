/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager: what ptreed is made of. One per process; everything else hangs from it. */
#ifndef PTREED_MANAGER_H
#define PTREED_MANAGER_H

#include <stdbool.h>
#include <sys/queue.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "../libptree/config-file.h"
#include "../libptree/registry.h"
#include "limits.h"
#include "worker.h"

#define PTREED_BUS_NAME		"org.ptree1"
#define PTREED_MANAGER_PATH	"/org/ptree1"
#define PTREED_CLONE_PATH	"/org/ptree1/clone"

struct clone;
struct operation;

TAILQ_HEAD(clone_list, clone);
TAILQ_HEAD(operation_list, operation);

struct manager {
	sd_event *event;
	sd_bus *bus;
	pid_t bus_pid;			/* never to be frozen; 0: unknown */
	bool polkit;			/* ask polkit: only on the system bus */
	struct limits limits;
	struct ptree_config config;	/* what holds for a clone unless its caller says otherwise */
	struct ptree_error config_error;	/* why @config is not to be relied on: nothing is cloned then; code 0: it is */
	worker_function *work;		/* the seam: engine.c's, or a test's */
	uint64_t grace_usec;		/* for a worker, beside the pause it may cause */

	struct ptree_registry registry;
	sd_event_source *registry_watch;

	struct clone_list clones;	/* by id */
	unsigned nr_clones;
	struct operation_list operations;	/* in the order of arrival */
	bool stopping;			/* take nothing new, exit after the last running operation */
};

/* manager_new() - not connected to anything yet; fill @work and @limits at will, then manager_start(). */
int manager_new(sd_event *event, worker_function *work, struct manager **ret);

/* Takes NULL, returns NULL. Workers that still run are killed. */
struct manager *manager_free(struct manager *m);

/* manager_start() - recover, learn of the living clones, watch the registry, put the objects on @bus. */
int manager_start(struct manager *m, sd_bus *bus);

/* manager_stop() - finish what runs, refuse what waits, then end the event loop. */
void manager_stop(struct manager *m);

/* manager_changed() - an operation or a clone came or went: start what can start, tell systemd. */
void manager_changed(struct manager *m);

/* By id; by the host pid of any process that lives in the clone. NULL: there is none. */
struct clone *manager_find_clone(const struct manager *m, const char *id);
struct clone *manager_find_clone_of_pid(const struct manager *m, pid_t pid);

/* manager_learn() - a clone of the registry, by id; known ones too. -ENOENT; -ESRCH it is dead already. */
int manager_learn(struct manager *m, const char *id, bool announce, struct clone **ret);

/* manager_recover() - recover.c: undo what dead workers and a dead ptreed left behind, learn of the living clones. */
int manager_recover(struct manager *m);

/* manager-bus.c */
int manager_bus_add(struct manager *m);
void manager_bus_clone_new(struct manager *m, const struct clone *c);
void manager_bus_clone_removed(struct manager *m, const struct clone *c);

#endif
