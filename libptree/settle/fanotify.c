// SPDX-License-Identifier: LGPL-2.1-or-later
/* fanotify: a group may be asked for permission by the kernel, and who asked waits for one answer. Not copied. */
#include <string.h>

#include "fanotify.h"

bool ptree_fanotify_is(const struct ptree_file *f)
{
	return !strcmp(f->info.name, "[fanotify]") && f->info.is & PTREE_FILE_INTERNAL;
}

int ptree_fanotify_judge(struct ptree_op *op, struct ptree_file *f)
{
	(void)op;
	if (f->policy == PTREE_POLICY_SHARE)
		return ptree_file_note(f, "source and clone take events from each other");
	return ptree_file_refuse(f, "a fanotify group, which cannot be duplicated; --share=events lets both use it");
}
