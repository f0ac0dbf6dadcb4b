/* SPDX-License-Identifier: GPL-2.0-only */
/* What a set of processes refers to: every reference to an open file description, as FILES counts and tells them. */
#ifndef PTREE_GATHER_H
#define PTREE_GATHER_H

#include <linux/fs.h>
#include <linux/sched.h>
#include "uapi/ptree.h"

/* One reference that was found. Each holds one of its own while the view is made. */
struct ptree_use {
	struct file *file;
	struct ptree_mapping_info mapping;	/* length 0: a descriptor */
	u32 member;
	s32 fd;
	u32 flags;
	bool counts_only;	/* a twin's, or a private mapping */
	bool again;		/* of a table that has been looked at: it counts no more */
};

struct ptree_gathering {
	struct ptree_use *uses;
	size_t nr, size;
	u32 member;
	bool twin;
	bool again;
	struct files_struct *files;
};

/*
 * ptree_gather() - add what these have open or mapped
 * @twins: they only count
 * The descriptors of a table are told of everybody who has it, mappings of the first one who has that memory; both count
 * once. Errors: -ENOMEM; -EINTR. The references gathered until then are still the caller's to put.
 */
int ptree_gather(struct ptree_gathering *g, struct task_struct **tasks, unsigned int nr, bool twins);

#endif
