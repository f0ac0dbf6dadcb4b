/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inotify; functions of a row of kinds.c. */
#ifndef PTREE_SETTLE_INOTIFY_H
#define PTREE_SETTLE_INOTIFY_H

#include "../settle.h"

bool ptree_inotify_is(const struct ptree_file *f);
int ptree_inotify_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_inotify_capture(struct ptree_op *op, struct ptree_file *f);
int ptree_inotify_settle(struct ptree_op *op, struct ptree_file *f);
void ptree_inotify_release(struct ptree_file *f);

#endif
