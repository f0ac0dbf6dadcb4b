// SPDX-License-Identifier: LGPL-2.1-or-later
/* eventfd: a counter of the clone's own. */
#include <linux/magic.h>
#include <string.h>
#include <sys/eventfd.h>

#include "events.h"
#include "fdinfo.h"
#include "status.h"

int ptree_eventfd_parse(const char *text, struct ptree_eventfd *ret)
{
	uint64_t count, semaphore;
	int r;

	if (!text)
		return -ENOENT;
	r = ptree_fdinfo_number(text, "eventfd-count:", 16, &count);
	if (r == 0)
		r = ptree_fdinfo_number(text, "eventfd-semaphore:", 10, &semaphore);
	if (r < 0)
		return r;
	*ret = (struct ptree_eventfd){ .count = count, .semaphore = semaphore };
	return 0;
}

bool ptree_eventfd_is(const struct ptree_file *f)
{
	return f->info.fs_magic == ANON_INODE_FS_MAGIC && strcmp(f->info.name, "[eventfd]") == 0;
}

int ptree_eventfd_judge(struct ptree_op *op, struct ptree_file *f)
{
	struct ptree_eventfd event;
	int r;

	if (f->policy == PTREE_POLICY_SHARE)
		return ptree_file_note(f, "one counter for both");
	r = ptree_eventfd_parse(f->fdinfo, &event);
	if (r < 0)
		return ptree_file_error(op, f, r, "what the kernel says of it is not understood");
	/* Only the kernel gets it there, and who has it does not come back. */
	if (event.count == UINT64_MAX)
		return ptree_file_refuse(f, "its counter has overflowed; let the program read it, and try again");
	return f->info.nr_outside ? ptree_file_note(f, "who signals it from outside of the tree reaches the source alone") : 0;
}

int ptree_eventfd_settle(struct ptree_op *op, struct ptree_file *f)
{
	struct ptree_eventfd event;
	int r;

	r = ptree_eventfd_parse(f->fdinfo, &event);
	if (r < 0)
		return ptree_file_error(op, f, r, "what the kernel says of it is not understood");
	f->twin_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | (event.semaphore ? EFD_SEMAPHORE : 0));
	if (f->twin_fd < 0)
		return ptree_file_error(op, f, -errno, "cannot make its twin");
	if (event.count && write(f->twin_fd, &event.count, sizeof(event.count)) < 0)
		return ptree_file_error(op, f, -errno, "cannot set the counter of its twin");
	return ptree_status_set(op, f, f->twin_fd);
}
