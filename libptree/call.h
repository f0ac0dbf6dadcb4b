/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls in the context of a frozen process of the clone (or, during the pause, of the source): the module's CALL.
 *
 *	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
 *	ptree_calls_add(&calls, SYS_munmap, start, length);
 *	spec = ptree_calls_data(&calls, &its, sizeof(its));
 *	i = ptree_calls_add(&calls, SYS_timer_settime, id, 0, CALL_DATA(spec), 0);
 *	r = ptree_calls_run(&calls, op, member, 0, "settle");
 *	calls.results[i]	what it returned: a value, or a negative errno
 */
#ifndef PTREE_CALL_H
#define PTREE_CALL_H

#include "op.h"

struct ptree_calls {
	struct ptree_call calls[PTREE_MAX_CALLS];
	int64_t results[PTREE_MAX_CALLS];
	size_t nr;
	size_t nr_results;		/* how many of them ran */
	unsigned char *data;		/* malloc'ed; as the process left it, after the run */
	size_t size;
	bool overflow;			/* more was added than fits: the run says so */
};

#define PTREE_CALLS_INIT ((struct ptree_calls){ .nr = 0 })

/* An argument that is not a plain number. */
struct ptree_call_arg {
	enum { PTREE_ARG_NUMBER, PTREE_ARG_DATA, PTREE_ARG_FILE } type;
	uint64_t value;
};

#define CALL_NUMBER(n)	((struct ptree_call_arg){ PTREE_ARG_NUMBER, (uint64_t)(n) })
#define CALL_DATA(at)	((struct ptree_call_arg){ PTREE_ARG_DATA, (uint64_t)(at) })	/* address of the data at that offset */
#define CALL_FILE(fd)	((struct ptree_call_arg){ PTREE_ARG_FILE, (uint64_t)(fd) })	/* a descriptor of ours, lent */

/* ptree_calls_data() - room for @size bytes, copied from @from (NULL: zeroes). Returns its offset, aligned to 8. */
size_t ptree_calls_data(struct ptree_calls *c, const void *from, size_t size);

/* ptree_calls_add() - one more call; arguments that are not given are 0. Returns its place in results. */
size_t ptree_calls_add_args(struct ptree_calls *c, long nr, const struct ptree_call_arg *args, size_t nr_args);
#define ptree_calls_add(c, nr, ...) \
	ptree_calls_add_args(c, nr, (struct ptree_call_arg[]){ __VA_ARGS__ }, \
			     sizeof((struct ptree_call_arg[]){ __VA_ARGS__ }) / sizeof(struct ptree_call_arg))

/*
 * ptree_calls_run() - run them all in one member's twin (or with PTREE_CALL_SOURCE the member)
 * @member: with PTREE_CALL_INIT, which is for the clone's init, NULL
 * @flags: PTREE_CALL_*
 * 0 if all returned 0 or more, or PTREE_CALL_ALL was given; else the errno of the one that failed, without a sentence
 * unless the module itself failed; what is left in c->results tells.
 */
int ptree_calls_run(struct ptree_calls *c, struct ptree_op *op, const struct ptree_member *member, unsigned flags,
		    const char *step);

/*
 * ptree_call_take() - the descriptor @number that a call has made in a member's twin, as one of ours; there it is closed
 * @member: NULL: in the clone's init
 * As ptree_calls_run(); what the twin has under its own numbers is not touched by what was made in it.
 */
int ptree_call_take(struct ptree_op *op, const struct ptree_member *member, int number, const char *step);

/* Keeps the struct fit for another use. */
void ptree_calls_done(struct ptree_calls *c);

#endif
