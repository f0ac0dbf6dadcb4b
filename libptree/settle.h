/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kinds of state that fork() shares and a clone must not: one row each, in settle.c's table, one file each in settle/.
 * capture takes what would drift once the source runs; settle gives the clone a twin of its own.
 */
#ifndef PTREE_SETTLE_H
#define PTREE_SETTLE_H

#include "op.h"

/* What a clone gets; the words of SEMANTICS.md. */
enum ptree_policy {
	PTREE_POLICY_EXACT = 1,
	PTREE_POLICY_PRIVATE,
	PTREE_POLICY_SHARE,
	PTREE_POLICY_SEVER,
	PTREE_POLICY_REFUSE,
};

struct ptree_settle_kind {
	const char *name;		/* "pipe", "timer": the word in reports and options */
	enum ptree_policy policy;	/* unless the caller asks for another */

	/* Does the tree hold any? 1, 0, or a negative errno with a sentence. Before the freeze. */
	int (*recognise)(struct ptree_op *op);

	/* During the pause: short, and nothing that can wait. */
	int (*capture)(struct ptree_op *op);

	/* After the thaw, with the clone frozen. */
	int (*settle)(struct ptree_op *op);
};

/* In the order in which they are captured and settled; ends with a row without a name. */
extern const struct ptree_settle_kind ptree_settle_kinds[];

#endif
