// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Regular files and directories: a description of the clone's own on the same inode, opened anew by the module: deleted
 * files too, with flags, credentials and the position of the moment of the freeze. The contents are one for both.
 */
#include "regular.h"

#include <sys/stat.h>

bool ptree_regular_is(const struct ptree_file *f)
{
	uint32_t type = f->info.mode & S_IFMT;

	/* Anonymous inodes are S_IFREG in v7.2 (fs/libfs.c): what is internal has kinds of its own, or none. */
	return (type == S_IFREG || type == S_IFDIR) && !(f->info.flags & O_PATH) && !(f->info.is & PTREE_FILE_INTERNAL);
}

int ptree_regular_judge(struct ptree_op *op, struct ptree_file *f)
{
	(void)op;
	if (f->policy != PTREE_POLICY_PRIVATE)
		return ptree_file_note(f, "one offset for both");

	/* Opening it anew would break the lease, and the signal that says so kills a holder who does not expect it. */
	if (f->info.is & PTREE_FILE_LEASED) {
		f->policy = PTREE_POLICY_SHARE;
		return ptree_file_note(f, "somebody holds a lease on it (F_SETLEASE): one offset for both");
	}
	if (f->nr_fds == 0) {
		f->policy = PTREE_POLICY_SHARE;
		return ptree_file_note(f, "mapped shared: one file's memory for both");
	}
	if (ptree_file_writes(f))
		return ptree_file_note(f, f->info.is & PTREE_FILE_LOCKED ?
				       "open for writing: both write to one file; locks on it stay the source's" :
				       "open for writing: both write to one file");
	if (f->info.is & PTREE_FILE_LOCKED)
		return ptree_file_note(f, "locks on it stay the source's");
	return 0;
}

int ptree_regular_settle(struct ptree_op *op, struct ptree_file *f)
{
	(void)op;
	f->reopen = true;
	return 0;
}
