/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the engine and its forked keeper say to each other. */
#ifndef PTREE_KEEPER_CHILD_H
#define PTREE_KEEPER_CHILD_H

#include "journal.h"

#define PTREE_KEEPER_RELEASE 'R'	/* the op succeeded: go, and leave init to the system */
#define PTREE_KEEPER_DISCARD 'D'	/* the op failed: kill and reap init, then go */

struct ptree_keeper_job {
	const char *title;
	int socket;
	int control;
	int cgroup_fd;
	int status_fd;
	struct ptree_journal journal;
};

struct ptree_keeper_spawned {
	int32_t result;
	int32_t init_pid;
};

/* Runs in the forked process, with every signal blocked. */
void ptree_keeper_main(const struct ptree_keeper_job *job) __attribute__((noreturn));

/* Where ptree-init is: PTREE_INIT in the environment (of root) or the installed one. */
const char *ptree_keeper_init_path(void);

#endif
