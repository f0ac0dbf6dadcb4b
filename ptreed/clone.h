/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A living clone, as ptreed watches it. What it is stands in its libptree handle; its D-Bus object is clone-bus.c's. */
#ifndef PTREED_CLONE_H
#define PTREED_CLONE_H

#include "manager.h"

/* A parked call of Wait(). */
struct waiter {
	TAILQ_ENTRY(waiter) entry;
	struct clone *clone;
	sd_bus_message *message;
	sd_bus_track *track;
	uid_t uid;
};

struct clone {
	TAILQ_ENTRY(clone) entry;
	struct manager *manager;
	struct ptree_clone *info;
	char path[64];			/* of the object */
	sd_event_source *death;		/* the pidfd of its ptree-init */
	int pidfd;
	sd_event_source *events;	/* cgroup.events: frozen, thawed */
	TAILQ_HEAD(, waiter) waiters;
};

/* clone_new() - watch the clone of @info (a reference is taken). -ESRCH: its init is gone. */
int clone_new(struct manager *m, struct ptree_clone *info, struct clone **ret);

/* clone_free() - stop watching; the clone lives on. Waiters are dropped. Takes NULL, returns NULL. */
struct clone *clone_free(struct clone *c);

/* clone_refresh() - look where it stands; a change is announced. */
void clone_refresh(struct clone *c);

/* clone_add_waiter() - park a call of Wait(); takes a reference of @message. */
int clone_add_waiter(struct clone *c, sd_bus_message *message, uid_t uid);

/* waiter_free() - drop one without an answer; returns NULL. */
struct waiter *waiter_free(struct waiter *w);

/* clone-bus.c */
int clone_bus_add(struct manager *m);
void clone_bus_path(const char *id, char *ret, size_t size);
int clone_bus_append_properties(sd_bus_message *message, const struct ptree_clone *info);	/* a{sv} */
void clone_bus_changed(const struct clone *c);

#endif
