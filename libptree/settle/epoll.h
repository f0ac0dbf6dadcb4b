/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* epoll sets; functions of a row of kinds.c. */
#ifndef PTREE_SETTLE_EPOLL_H
#define PTREE_SETTLE_EPOLL_H

#include "../settle.h"

bool ptree_epoll_is(const struct ptree_file *f);
int ptree_epoll_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_epoll_capture(struct ptree_op *op, struct ptree_file *f);
int ptree_epoll_settle(struct ptree_op *op, struct ptree_file *f);
int ptree_epoll_finish(struct ptree_op *op, struct ptree_file *f);
void ptree_epoll_release(struct ptree_file *f);

#endif
