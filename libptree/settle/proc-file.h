/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files and directories in /proc, for the table of kinds. */
#ifndef PTREE_PROC_FILE_H
#define PTREE_PROC_FILE_H

#include "../settle.h"

bool ptree_proc_file_is(const struct ptree_file *f);
int ptree_proc_file_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_proc_file_settle(struct ptree_op *op, struct ptree_file *f);

#endif
