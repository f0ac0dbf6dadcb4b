// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Regular files and directories: a description of the clone's own on the same inode, opened anew by the module: deleted
 * files too, with flags, credentials and the position of the moment of the freeze. The contents are one for both, or
 * with --files=copy, where somebody might write to them, the clone's are a copy (copied.h).
 */
#include "regular.h"

#include <sys/stat.h>

#include "../copies.h"
#include "copied.h"

bool ptree_regular_is(const struct ptree_file *f)
{
	uint32_t type = f->info.mode & S_IFMT;

	/* Anonymous inodes are S_IFREG in v7.2 (fs/libfs.c): what is internal has kinds of its own, or none. */
	return (type == S_IFREG || type == S_IFDIR) && !(f->info.flags & O_PATH) && !(f->info.is & PTREE_FILE_INTERNAL);
}

/* Why it cannot be as it should; NULL: it can. */
static const char *why_shared(const struct ptree_file *f)
{
	/* Opening it anew would break the lease, and the signal that says so kills a holder who does not expect it. */
	if (f->info.is & PTREE_FILE_LEASED)
		return "somebody holds a lease on it (F_SETLEASE): one offset for both";
	return f->nr_fds == 0 ? "mapped shared: one file's memory for both" : NULL;
}

int ptree_regular_judge(struct ptree_op *op, struct ptree_file *f)
{
	const char *why = why_shared(f);

	if (f->policy != PTREE_POLICY_PRIVATE)
		return ptree_file_note(f, "one offset for both");
	if (ptree_copies_wants(op, f)) {
		int r = ptree_copied_mark(f);

		return r < 0 ? r : ptree_file_note(f, "copied: what the clone writes is its own");
	}
	if (why) {
		f->policy = PTREE_POLICY_SHARE;
		return ptree_file_note(f, "%s", why);
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
	if (f->state)
		return ptree_copied_settle(op, f);
	f->reopen = true;
	return 0;
}

int ptree_regular_finish(struct ptree_op *op, struct ptree_file *f)
{
	return f->state ? ptree_copied_finish(op, f) : 0;
}

void ptree_regular_release(struct ptree_file *f)
{
	ptree_copied_release(f);
}
