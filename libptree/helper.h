/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A helper: a forked process for what changes the process that does it, as entering namespaces does. It does its work,
 * says how that went, and then stays, so that its namespaces can be looked at or taken, until it is ended or the engine
 * is gone.
 */
#ifndef PTREE_HELPER_H
#define PTREE_HELPER_H

#include <stddef.h>
#include <sys/types.h>

struct ptree_helper {
	pid_t pid;		/* 0: none */
	int socket;		/* its end is the helper's */
};

#define PTREE_HELPER_INIT ((struct ptree_helper){ .socket = -1 })

#define PTREE_HELPER_WHAT_MAX 160

struct ptree_helper_job {
	/* Returns 0 or a negative errno, and then @what, of PTREE_HELPER_WHAT_MAX bytes, says what failed. */
	int (*work)(void *argument, char *what);
	void *argument;
	int pidns_fd;		/* the work is done by a process inside this pid namespace; -1: in the caller's */
	const int *keep;	/* descriptors for the work: all others are closed; negative ones are skipped */
	size_t nr_keep;
};

#define PTREE_HELPER_KEEP_MAX 16

/* ptree_helper_start() - what the work returned, with @what as it left it; the helper stays only if that was 0 */
int ptree_helper_start(struct ptree_helper *h, const struct ptree_helper_job *job, char *what);

/* It is gone when this returns, and so is its number in its pid namespace. Takes one that never was. */
void ptree_helper_end(struct ptree_helper *h);

/* ptree_close_all_but() - of the calling process; sorts @keep, skips negative ones in it */
void ptree_close_all_but(int *keep, size_t n);

static inline void ptree_cleanup_helper(struct ptree_helper *h)
{
	ptree_helper_end(h);
}
#define _cleanup_helper_ __attribute__((cleanup(ptree_cleanup_helper)))

#endif
