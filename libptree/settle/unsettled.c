// SPDX-License-Identifier: LGPL-2.1-or-later
/* Kinds that have no settler of their own yet: shared, and said so. Each that gets one leaves this file. */
#include "unsettled.h"

#include <sys/stat.h>

#define MQUEUE_MAGIC 0x19800202

bool ptree_mqueue_is(const struct ptree_file *f)
{
	return f->info.fs_magic == MQUEUE_MAGIC;
}

int ptree_unsettled_judge(struct ptree_op *op, struct ptree_file *f)
{
	(void)op;
	return ptree_file_note(f, "one object for both sides: what one takes the other misses");
}
