/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process and everything below it, read from /proc for drawing: a picture of a moving thing, not an identity. */
#ifndef PTREECTL_PROCTREE_H
#define PTREECTL_PROCTREE_H

#include <stddef.h>
#include <sys/types.h>

struct proctree_thread {
	pid_t tid;		/* as we see it */
	pid_t inner_tid;	/* in its innermost pid namespace */
	char comm[17];
};

struct proctree {
	pid_t pid;		/* as we see it */
	pid_t inner_pid;	/* in its innermost pid namespace */
	char state;		/* R, S, D, T, Z … */
	char comm[17];
	struct proctree_thread *threads;	/* but the first, which is the process */
	size_t nr_threads;
	struct proctree **children;		/* in the order of birth */
	size_t nr_children;
};

/* proctree_read() - -ESRCH the process is gone; -ENOMEM. Members that die meanwhile are left out. */
int proctree_read(pid_t pid, struct proctree **ret);

/* Takes NULL, returns NULL. */
struct proctree *proctree_free(struct proctree *t);

#endif
