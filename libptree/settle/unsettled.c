// SPDX-License-Identifier: LGPL-2.1-or-later
/* Kinds that have no settler of their own yet: shared, and said so. Each that gets one leaves this file. */
#include "unsettled.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>

#define MQUEUE_MAGIC 0x19800202
#define PIDFS_MAGIC 0x50494446

bool ptree_event_is(const struct ptree_file *f)
{
	static const char *const names[] = {
		"[eventpoll]", "inotify", "[fanotify]", "[pidfd]",
	};

	if (f->info.fs_magic == PIDFS_MAGIC)
		return true;
	for (size_t i = 0; f->info.fs_magic == ANON_INODE_FS_MAGIC && i < ARRAY_SIZE(names); i++)
		if (strcmp(f->info.name, names[i]) == 0)
			return true;
	return false;
}

bool ptree_mqueue_is(const struct ptree_file *f)
{
	return f->info.fs_magic == MQUEUE_MAGIC;
}

int ptree_unsettled_judge(struct ptree_op *op, struct ptree_file *f)
{
	(void)op;
	return ptree_file_note(f, "one object for both sides: what one takes the other misses");
}
