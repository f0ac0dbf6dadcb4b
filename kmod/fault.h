/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault points: each step of a duplication can be made to fail, for the tests.
 *
 * The module parameter fault (/sys/module/ptree/parameters/fault, root only) names one point: resolve, vet, kinship,
 * leader, sharer, twin, thread, zombie, link, stall. An op that reaches it fails with -EIO, or for stall takes no notice of
 * its callbacks until the deadline. Empty: none, the default.
 */
#ifndef PTREE_FAULT_H
#define PTREE_FAULT_H

#include <linux/string.h>
#include "op.h"

extern char ptree_fault_point[16];

static inline bool ptree_fault_is(const char *point)
{
	return unlikely(ptree_fault_point[0]) && sysfs_streq(ptree_fault_point, point);
}

static inline int ptree_fault(struct ptree_op *op, const char *point)
{
	if (ptree_fault_is(point))
		return ptree_op_fail(op, NULL, -EIO, "fault injected at %s", point);
	return 0;
}

#endif
