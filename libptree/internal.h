/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the public handles are made of. Shared by the front (open.c), the backends, the engine and ptreed's worker. */
#ifndef PTREE_INTERNAL_H
#define PTREE_INTERNAL_H

#include "error.h"
#include "ptree.h"
#include "util.h"

struct ptree_backend_ops;

/* A context. open.c makes and frees it, clears @error before each call and passes the call on to @ops. */
struct ptree {
	enum ptree_backend asked;		/* what ptree_open() was asked for, after the environment */
	uint64_t generation;			/* of the process that opened it */
	const struct ptree_backend_ops *ops;	/* NULL: ptree_open() failed; only the error can be asked */
	void *backend;				/* the backend's own */
	struct ptree_error error;
};

/*
 * A clone's handle. Whoever makes one fills the fields directly: ptree_clone_new() first, strings with strdup().
 * @id, @name and @cgroup are never NULL once the handle was handed out ("" if unknown).
 */
struct ptree_clone {
	unsigned refs;
	char *id;
	char *name;
	char *cgroup;
	enum ptree_state state;
	pid_t source_pid;
	pid_t root_pid;
	pid_t init_pid;
	unsigned scope;			/* 1: a scope of systemd, which removes its cgroup itself */
	uint64_t init_start;		/* starttime field of /proc/INIT/stat: tells a reused pid; 0: unknown */
	uid_t uid;
	uint64_t created_usec;
	uint64_t pause_usec;
	uint64_t total_usec;
	uint64_t step_usec[_PTREE_STEP_MAX];
	unsigned nr_processes;
	unsigned nr_threads;
	struct ptree_pair *pairs;	/* root first */
	size_t nr_pairs;
	struct ptree_report *report;	/* what is neither exact nor private; never NULL */
};

/* ptree_clone_new() - an empty handle with one reference; NULL: no memory. */
struct ptree_clone *ptree_clone_new(void);

/* ptree_clone_compare() - for qsort() over struct ptree_clone *: by numeric id. */
int ptree_clone_compare(const void *a, const void *b);

/* ptree_clone_free_all() - unref @n handles and free the array. */
void ptree_clone_free_all(struct ptree_clone **clones, size_t n);

/* ptree_name_is_valid() - [A-Za-z0-9_.-]{1,64}, and not all digits (that would look like an id or a pid). */
bool ptree_name_is_valid(const char *name);

/* ptree_pid_parse() - a whole decimal number above 0 and nothing else; -EINVAL. */
int ptree_pid_parse(const char *text, pid_t *ret);

static inline void ptree_cleanup_clone(struct ptree_clone **c)
{
	*c = ptree_clone_unref(*c);
}
#define _cleanup_clone_ _cleanup_(ptree_cleanup_clone)

#endif
