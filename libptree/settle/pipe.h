/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pipes and FIFOs. Every open end is a file of its own; what they have in common is kept with the first of them. */
#ifndef PTREE_SETTLE_PIPE_H
#define PTREE_SETTLE_PIPE_H

#include "../settle.h"

bool ptree_pipe_is(const struct ptree_file *f);
int ptree_pipe_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_pipe_capture(struct ptree_op *op, struct ptree_file *f);
int ptree_pipe_settle(struct ptree_op *op, struct ptree_file *f);
void ptree_pipe_release(struct ptree_file *f);

/* Who has the ends of a pipe. */
struct ptree_pipe_census {
	unsigned nr_readers, nr_writers;	/* open file descriptions of the tree's */
	bool readers_outside, writers_outside;
};

/* ptree_pipe_policy() - what becomes of it; @asked: what the user asked for, or 0. @ret_note: why, or NULL. */
enum ptree_policy ptree_pipe_policy(const struct ptree_pipe_census *census, enum ptree_policy asked,
				    const char **ret_note);

/*
 * ptree_pipe_move() - move what is in one pipe to another, which is empty and at least as large; buffer by buffer, so
 * that packets stay packets and a pipe that was full is full.
 * @mergeable: the next write to it may go on in its last buffer, as it may in a pipe that was written to: tee() and
 * splice() make buffers that nothing is added to, and such a pipe would hold up to a page less.
 * A negative errno.
 */
int ptree_pipe_move(int from, int to, bool mergeable);

#endif
