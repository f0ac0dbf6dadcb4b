/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mappings of device memory; functions of a row of kinds.c. */
#ifndef PTREE_SETTLE_DEVICE_MAPPING_H
#define PTREE_SETTLE_DEVICE_MAPPING_H

#include "../settle.h"

bool ptree_device_mapping_is(const struct ptree_file *f);
int ptree_device_mapping_judge(struct ptree_op *op, struct ptree_file *f);

#endif
