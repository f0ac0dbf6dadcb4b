/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Terminals and the masters of ptys; functions of a row of kinds.c. */
#ifndef PTREE_SETTLE_TTY_H
#define PTREE_SETTLE_TTY_H

#include "../settle.h"

bool ptree_tty_is(const struct ptree_file *f);
int ptree_tty_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_tty_capture(struct ptree_op *op, struct ptree_file *f);
int ptree_tty_settle(struct ptree_op *op, struct ptree_file *f);
int ptree_tty_finish(struct ptree_op *op, struct ptree_file *f);
void ptree_tty_release(struct ptree_file *f);

#endif
