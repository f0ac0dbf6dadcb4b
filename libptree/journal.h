/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal of an op: RUNTIME/ops/ID says what must be undone should everybody who runs the op be killed. Each line is
 * written before the change it describes, so undoing accepts changes that never came about. The file is flock'ed for
 * as long as somebody answers for the op (the engine, or its keeper); an unlocked journal is stale.
 *
 *	NAME=name		taken while the op runs
 *	SOURCE=pid start	root of the tree: two ops on one tree take turns
 *	INIT=pid start		the clone's init: kill it and with it the pid namespace
 *	CGROUP=path		cgroup that was made for the clone: kill what is in it, remove it
 *	SCOPE=path		the same, but a scope, which systemd removes when told to
 *	COPIES=id		files of the clone's own: remove them
 *	FREEZE=path		cgroup whose cgroup.freeze is to be written 0
 *	CHILD=path		ptree.freeze-ID cgroup: move everybody to its parent, remove it
 */
#ifndef PTREE_JOURNAL_H
#define PTREE_JOURNAL_H

#include <stdbool.h>

#include "registry.h"

struct ptree_journal {
	int fd;			/* holds the lock; -1: none */
	int ops_fd;		/* borrowed from the registry */
	uint64_t id;
};

#define PTREE_JOURNAL_INIT ((struct ptree_journal){ .fd = -1, .ops_fd = -1 })

int ptree_journal_create(struct ptree_journal *j, const struct ptree_registry *r, uint64_t id);

/* One line. Values may not hold a newline. */
int ptree_journal_write(struct ptree_journal *j, const char *key, const char *format, ...) _printf_(3, 4);

/* The op is over: the file goes. Takes a journal that was never made. */
void ptree_journal_remove(struct ptree_journal *j);

/* Undoes what the journal says and removes it. The caller holds its lock, by @j. */
int ptree_journal_undo(struct ptree_journal *j);

/*
 * ptree_journal_recover() - undo all stale ops: thaw, move members back, remove cgroups, kill half-made clones. For
 * ptreed at start, for ptreed when a worker died, and for each direct clone. Returns how many ops were undone.
 */
int ptree_journal_recover(const struct ptree_registry *r);

/* 1: op @id is under way; 0: it is not (stale, or over). */
int ptree_journal_alive(const struct ptree_registry *r, uint64_t id);

/* Calls @f with the source of each op under way that is older than @before. Stops at the first non-zero answer. */
int ptree_journal_each_source(const struct ptree_registry *r, uint64_t before,
			      int (*f)(uint64_t id, pid_t source, uint64_t start, void *userdata), void *userdata);

/* 1 if an op under way bears the name. */
int ptree_journal_name_taken(const struct ptree_registry *r, const char *name);

#endif
