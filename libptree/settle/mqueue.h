/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* POSIX message queues; functions of a row of kinds.c. */
#ifndef PTREE_SETTLE_MQUEUE_H
#define PTREE_SETTLE_MQUEUE_H

#include "../settle.h"

bool ptree_mqueue_is(const struct ptree_file *f);
int ptree_mqueue_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_mqueue_capture(struct ptree_op *op, struct ptree_file *f);
int ptree_mqueue_settle(struct ptree_op *op, struct ptree_file *f);
void ptree_mqueue_release(struct ptree_file *f);

#endif
