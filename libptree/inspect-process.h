/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands in the way of a clone and can be seen of processes that run: what kmod/vet.c would say of them. */
#ifndef PTREE_INSPECT_PROCESS_H
#define PTREE_INSPECT_PROCESS_H

#include "op.h"
#include "report.h"

/* ptree_inspect_process() - its threads and its memory. What cannot be read, for it is just exiting, is left out. -ENOMEM. */
int ptree_inspect_process(struct ptree_report *r, const struct ptree_member *m);

#endif
