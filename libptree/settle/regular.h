/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regular files and directories; functions of a row of kinds.c. */
#ifndef PTREE_SETTLE_REGULAR_H
#define PTREE_SETTLE_REGULAR_H

#include <fcntl.h>

#include "../settle.h"

bool ptree_regular_is(const struct ptree_file *f);
int ptree_regular_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_regular_settle(struct ptree_op *op, struct ptree_file *f);
int ptree_regular_finish(struct ptree_op *op, struct ptree_file *f);
void ptree_regular_release(struct ptree_file *f);

#endif
