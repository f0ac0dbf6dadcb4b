/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way between ptree.h and what does the work: one table per backend (direct, bus, noop).
 *
 * open.c has validated the arguments before a call arrives here: pointers that must not be NULL are not, options is a
 * full-sized copy with known flags and words only, a valid or NULL name, and descriptors that are open as they should
 * be, pids are positive. p->error is clear. An implementation returns 0 or a count, or a negative errno after ptree_error_set(&p->error, …) wrote the
 * sentence (open.c writes a generic one if none was). Results are written on success only.
 */
#ifndef PTREE_BACKEND_H
#define PTREE_BACKEND_H

#include "internal.h"

struct ptree_check_list;

struct ptree_backend_ops {
	const char *name;

	/* Fills p->backend. On failure frees what it made; p->backend stays NULL and .close is not called. */
	int (*open)(struct ptree *p);
	void (*close)(struct ptree *p);

	/* The process is @pidfd; @pid is its number, for sentences. The pidfd stays the caller's. */
	int (*clone)(struct ptree *p, int pidfd, pid_t pid, const struct ptree_clone_options *options,
		     struct ptree_clone **ret);
	/*
	 * Clones the caller. Returns in the clone as well, with whatever: open.c tells the sides apart. Nothing that it had
	 * open, allocated or locked is left, on either side. Threads that call it are not cancelled.
	 */
	int (*fork)(struct ptree *p, const struct ptree_clone_options *options, uint64_t *ret_id);
	int (*inspect)(struct ptree *p, int pidfd, pid_t pid, const struct ptree_clone_options *options,
		       struct ptree_report **ret);

	int (*list)(struct ptree *p, struct ptree_clone ***ret);	/* malloc'ed array; need not be sorted; a count */
	int (*get)(struct ptree *p, const char *id_name_or_pid, struct ptree_clone **ret);
	int (*get_by_pid)(struct ptree *p, pid_t pid, struct ptree_clone **ret);

	/* @c is the caller's handle; the verbs below may update c->state. */
	int (*freeze)(struct ptree *p, struct ptree_clone *c);
	int (*thaw)(struct ptree *p, struct ptree_clone *c);
	int (*kill)(struct ptree *p, struct ptree_clone *c, enum ptree_whom whom, int signal);
	int (*terminate)(struct ptree *p, struct ptree_clone *c);
	int (*wait)(struct ptree *p, struct ptree_clone *c, uint64_t timeout_usec, int *ret_status); /* ret not NULL */

	int (*attach)(struct ptree *p, struct ptree_clone *c);	/* the caller's descriptor, close-on-exec */

	/* Adds its lines with ptree_check_add(); fails only for want of memory. */
	int (*check)(struct ptree *p, struct ptree_check_list *list);
};

extern const struct ptree_backend_ops ptree_backend_direct;
extern const struct ptree_backend_ops ptree_backend_bus;	/* open: -ENOTCONN no bus; -ENXIO nobody is org.ptree1 */
extern const struct ptree_backend_ops ptree_backend_noop;

struct ptree_check_list {
	struct ptree_check_item *items;
	size_t nr;
};

/* One line: @name is static, the sentence is formatted. Returns -ENOMEM or 0. */
int ptree_check_add(struct ptree_check_list *list, const char *name, int result, bool required, const char *format, ...)
	_printf_(5, 6);

#endif
