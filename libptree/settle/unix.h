/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UNIX sockets, for the table of kinds. */
#ifndef PTREE_UNIX_H
#define PTREE_UNIX_H

#include "../settle.h"

bool ptree_unix_is_listener(const struct ptree_file *f);
int ptree_unix_judge_listener(struct ptree_op *op, struct ptree_file *f);

bool ptree_unix_is(const struct ptree_file *f);
int ptree_unix_judge(struct ptree_op *op, struct ptree_file *f);

int ptree_unix_capture(struct ptree_op *op, struct ptree_file *f);
int ptree_unix_settle(struct ptree_op *op, struct ptree_file *f);
int ptree_unix_finish(struct ptree_op *op, struct ptree_file *f);
void ptree_unix_release(struct ptree_file *f);

#endif
