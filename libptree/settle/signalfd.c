// SPDX-License-Identifier: LGPL-2.1-or-later
/* signalfd: a mask. It reads the signals of whoever reads it, so there is nothing else to it. */
#include <linux/magic.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

#include "events.h"
#include "fdinfo.h"
#include "status.h"

int ptree_signalfd_parse(const char *text, uint64_t *ret)
{
	return text ? ptree_fdinfo_number(text, "sigmask:", 16, ret) : -ENOENT;
}

bool ptree_signalfd_is(const struct ptree_file *f)
{
	return f->info.fs_magic == ANON_INODE_FS_MAGIC && strcmp(f->info.name, "[signalfd]") == 0;
}

int ptree_signalfd_judge(struct ptree_op *op, struct ptree_file *f)
{
	(void)op;
	return f->policy == PTREE_POLICY_SHARE ? ptree_file_note(f, "one mask for both") : 0;
}

int ptree_signalfd_settle(struct ptree_op *op, struct ptree_file *f)
{
	uint64_t mask;
	int r;

	r = ptree_signalfd_parse(f->fdinfo, &mask);
	if (r < 0)
		return ptree_file_error(op, f, r, "what the kernel says of it is not understood");
	/* Not by signalfd(): the C library's sigset_t has more signals than the kernel. */
	f->twin_fd = (int)syscall(SYS_signalfd4, -1, &mask, sizeof(mask), SFD_CLOEXEC);
	if (f->twin_fd < 0)
		return ptree_file_error(op, f, -errno, "cannot make its twin");
	return ptree_status_set(op, f, f->twin_fd);
}
