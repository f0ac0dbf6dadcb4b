/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kinds that a clone still shares with its source, as fork() would; functions of rows of kinds.c. */
#ifndef PTREE_SETTLE_UNSETTLED_H
#define PTREE_SETTLE_UNSETTLED_H

#include "../settle.h"

bool ptree_mqueue_is(const struct ptree_file *f);
int ptree_unsettled_judge(struct ptree_op *op, struct ptree_file *f);

#endif
