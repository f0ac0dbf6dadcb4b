/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Standard input, output and error that were given for the clone: descriptors in the place of the root's 0, 1 and 2. */
#ifndef PTREE_REDIRECT_H
#define PTREE_REDIRECT_H

#include "error.h"

#define PTREE_NR_STDIO 3

struct ptree_op;

/* Can @fd be the clone's descriptor @number? -1 can: nothing is given. -EBADF; -EINVAL; with a sentence. */
int ptree_redirect_check(int number, int fd, struct ptree_error *e);

/* Checks three descriptors, or NULL, and copies them into the op. */
int ptree_redirect_take(struct ptree_op *op, const int *fds);

/* Parts of capture and settle: after all files are judged, before INSTALL, and after it. */
int ptree_redirect_judge(struct ptree_op *op);
int ptree_redirect_settle(struct ptree_op *op);
int ptree_redirect_finish(struct ptree_op *op);

#endif
