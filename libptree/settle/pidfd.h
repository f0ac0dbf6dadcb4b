/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pidfds; functions of a row of kinds.c. */
#ifndef PTREE_SETTLE_PIDFD_H
#define PTREE_SETTLE_PIDFD_H

#include "../settle.h"

bool ptree_pidfd_is(const struct ptree_file *f);
int ptree_pidfd_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_pidfd_settle(struct ptree_op *op, struct ptree_file *f);
void ptree_pidfd_release(struct ptree_file *f);

#endif
