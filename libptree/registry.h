/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registry: one KEY=VALUE file per clone in RUNTIME/clones (RUNTIME is /run/ptree), written atomically, and the
 * numbers and names of clones. It is shared by every direct caller and by ptreed; it survives all of them.
 *
 *	RUNTIME/lock			flock'ed for ids, names and clean-up
 *	RUNTIME/next-id			the next id, decimal
 *	RUNTIME/clones/ID		what struct ptree_clone holds
 *	RUNTIME/clones/ID.status	the root twin's wait status, written by ptree-init as it exits
 *	RUNTIME/ops/ID			journals of ops under way (journal.h); their names are taken too
 */
#ifndef PTREE_REGISTRY_H
#define PTREE_REGISTRY_H

#include "internal.h"

struct ptree_registry {
	int dir_fd;
	int clones_fd;
	int ops_fd;
};

#define PTREE_REGISTRY_INIT ((struct ptree_registry){ .dir_fd = -1, .clones_fd = -1, .ops_fd = -1 })

/* Opens the registry, making its directories if @create. PTREE_RUNTIME_DIR in the environment moves it (for tests). */
int ptree_registry_open(struct ptree_registry *r, bool create);
void ptree_registry_close(struct ptree_registry *r);

/* Exclusive lock; returns an fd that holds it until closed. */
int ptree_registry_lock(const struct ptree_registry *r);

/* A new id. The caller holds the lock. */
int ptree_registry_next_id(const struct ptree_registry *r, uint64_t *ret);

/* 1: a living clone or an op under way bears the name; 0: free. The caller holds the lock. */
int ptree_registry_name_taken(const struct ptree_registry *r, const char *name);

int ptree_registry_write(const struct ptree_registry *r, const struct ptree_clone *c);

/* Reads an entry; state is left at what ptree_registry_state() says now. -ENOENT; -EBADMSG a broken file. */
int ptree_registry_read(const struct ptree_registry *r, const char *id, struct ptree_clone **ret);

/* Removes entry and, if @status, the status file. Missing ones are fine. */
int ptree_registry_remove(const struct ptree_registry *r, const char *id, bool status);

/* All entries, dead ones too. A count; sorted by id. */
int ptree_registry_list(const struct ptree_registry *r, struct ptree_clone ***ret);

/* Where the clone stands at this moment, from its init and its cgroup. */
enum ptree_state ptree_registry_state(const struct ptree_clone *c);

/* Opens ID.status for writing (empty, for ptree-init) or reads it: a wait status, or -1 if it is not known. */
int ptree_registry_status_create(const struct ptree_registry *r, const char *id);
int ptree_registry_status_read(const struct ptree_registry *r, const char *id);

/* Forgets clones that are dead, with their cgroups and copies of files, and statuses nobody fetched for ten minutes. */
int ptree_registry_collect(const struct ptree_registry *r);

/* Text form of an entry, for ptree_registry_write() and the tests. */
int ptree_registry_format(const struct ptree_clone *c, FILE *f);
int ptree_registry_parse(FILE *f, struct ptree_clone **ret);

#endif
