/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rings of io_uring that have no request under way: the clone's own, with the same in their queues. */
#ifndef PTREE_SETTLE_URING_H
#define PTREE_SETTLE_URING_H

#include "../settle.h"

struct ptree_uring {
	uint32_t flags;			/* IORING_SETUP_* */
	uint32_t submissions, completions;
	const char *refused;		/* in the text that was parsed: why it cannot be cloned, up to the end of the line; or NULL */
	int refused_length;
};

/* -ENOENT; -EBADMSG; -ERANGE. */
int ptree_uring_parse(const char *text, struct ptree_uring *ret);

bool ptree_uring_is(const struct ptree_file *f);
int ptree_uring_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_uring_settle(struct ptree_op *op, struct ptree_file *f);
int ptree_uring_finish(struct ptree_op *op, struct ptree_file *f);

#endif
