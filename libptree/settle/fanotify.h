/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fanotify groups; functions of a row of kinds.c. */
#ifndef PTREE_SETTLE_FANOTIFY_H
#define PTREE_SETTLE_FANOTIFY_H

#include "../settle.h"

bool ptree_fanotify_is(const struct ptree_file *f);
int ptree_fanotify_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_fanotify_capture(struct ptree_op *op, struct ptree_file *f);
int ptree_fanotify_settle(struct ptree_op *op, struct ptree_file *f);
void ptree_fanotify_release(struct ptree_file *f);

#endif
