// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * capture and settle: the two steps that go through the table of kinds.
 *
 * The table is empty: what fork() shares between parent and child (open files, pipes, sockets, shared memory) a clone
 * still shares with its source. README says so. Each kind that is added stops that for one kind of state.
 */
#include "settle.h"

const struct ptree_settle_kind ptree_settle_kinds[] = {
	{ .name = NULL },
};

int ptree_capture(struct ptree_op *op)
{
	for (const struct ptree_settle_kind *kind = ptree_settle_kinds; kind->name; kind++) {
		int r = kind->capture ? kind->capture(op) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int ptree_settle(struct ptree_op *op)
{
	for (const struct ptree_settle_kind *kind = ptree_settle_kinds; kind->name; kind++) {
		int r = kind->settle ? kind->settle(op) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}
