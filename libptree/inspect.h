/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inspect: what would become of every object of a tree, without a clone. Nothing is frozen, nothing is touched. */
#ifndef PTREE_INSPECT_H
#define PTREE_INSPECT_H

#include "op.h"
#include "report.h"

/*
 * ptree_op_inspect() - an op that ptree_op_run() might have run, asked what would come of it
 * op->members are those of the tree afterwards. Objects that refuse are in the report, and no error.
 * Errors: as ptree_inspect(); with a sentence in op->error.
 */
int ptree_op_inspect(struct ptree_op *op, struct ptree_report **ret);

/*
 * ptree_inspect_refusal() - a check of the walk has said no (@r, and the sentence in op->error): an inspection notes it
 * and goes on (0), a clone ends with it (@r)
 */
int ptree_inspect_refusal(struct ptree_op *op, pid_t pid, int r);

#endif
