/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files without state, devices, and the unknown; functions of rows of kinds.c. */
#ifndef PTREE_SETTLE_DEVICE_H
#define PTREE_SETTLE_DEVICE_H

#include "../settle.h"

bool ptree_stateless_is(const struct ptree_file *f);
bool ptree_device_is(const struct ptree_file *f);
bool ptree_unknown_is(const struct ptree_file *f);
int ptree_unknown_judge(struct ptree_op *op, struct ptree_file *f);

#endif
