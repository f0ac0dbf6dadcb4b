/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The keeper: a forked process that is the parent of the clone's ptree-init while the op runs, and that undoes the op
 * from its journal should the engine be killed. When the op is over it exits, and init passes to the system's reaper.
 */
#ifndef PTREE_KEEPER_H
#define PTREE_KEEPER_H

#include <stdbool.h>

#include "journal.h"

struct ptree_keeper {
	pid_t pid;		/* 0: none */
	int socket;		/* closed without a word: the keeper undoes the op */
	int init_control;	/* to ptree-init, until it is armed */
	pid_t init_pid;
	int init_pidfd;
	uint64_t init_start;
};

#define PTREE_KEEPER_INIT ((struct ptree_keeper){ .socket = -1, .init_control = -1, .init_pidfd = -1 })

/*
 * ptree_keeper_spawn() - fork the keeper and have it make ptree-init, pid 1 of a new pid namespace
 * @title: what ps shows for ptree-init
 * @cgroup_fd: cgroup to be born in; -1: the caller's
 * @status_fd: where ptree-init leaves the root's wait status; -1: nowhere
 * @j: kept open, and undone if the engine dies
 */
int ptree_keeper_spawn(struct ptree_keeper *k, const char *title, int cgroup_fd, int status_fd,
		       const struct ptree_journal *j, struct ptree_error *e);

/* Tells ptree-init the number of the process it stands in for, and that it no longer dies with the keeper. */
int ptree_keeper_arm(struct ptree_keeper *k, pid_t root_number, struct ptree_error *e);

/* Whether init lives: nothing but its end discards a clone. */
bool ptree_keeper_has_init(const struct ptree_keeper *k);

/* The op succeeded: the keeper goes, init stays. */
void ptree_keeper_release(struct ptree_keeper *k);

/* The op failed: init is killed and reaped, then the keeper goes. Takes a keeper that never was. */
void ptree_keeper_discard(struct ptree_keeper *k);

#endif
