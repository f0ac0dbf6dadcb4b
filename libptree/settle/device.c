// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What has no state of its own (null-like devices, O_PATH, namespaces): the same for everybody. And what no kind knows:
 * refused by name.
 */
#include "device.h"

#include <fcntl.h>
#include <linux/major.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

/* mem(4): null, zero, full, random, urandom, kmsg; the others are memory itself. */
static bool is_null_like(const struct ptree_file *f)
{
	if ((f->info.mode & S_IFMT) != S_IFCHR || major(f->info.rdev) != MEM_MAJOR)
		return false;
	switch (minor(f->info.rdev)) {
	case 3:
	case 5:
	case 7:
	case 8:
	case 9:
		return true;
	default:
		return false;
	}
}

bool ptree_stateless_is(const struct ptree_file *f)
{
	return f->info.flags & O_PATH || f->info.fs_magic == NSFS_MAGIC || is_null_like(f);
}

bool ptree_unknown_is(const struct ptree_file *f)
{
	(void)f;
	return true;
}

static const char *what_it_is(const struct ptree_file *f)
{
	switch (f->info.mode & S_IFMT) {
	case S_IFCHR:
		return "a character device";
	case S_IFBLK:
		return "a block device";
	case S_IFSOCK:
		return "a socket of a family that ptree does not know";
	case S_IFREG:
	case S_IFDIR:
	case S_IFLNK:
		return "a file";
	default:
		return "a file of a kind that ptree does not know";
	}
}

int ptree_unknown_judge(struct ptree_op *op, struct ptree_file *f)
{
	const char *word = f->kind->group == PTREE_GROUP_DEVICES ? "devices" : "other";

	(void)op;
	if (f->policy == PTREE_POLICY_SHARE)
		return ptree_file_note(f, "one object for both");
	return ptree_file_refuse(f, "%s, which cannot be duplicated; --share=%s lets both sides use it", what_it_is(f), word);
}

bool ptree_device_is(const struct ptree_file *f)
{
	uint32_t type = f->info.mode & S_IFMT;

	return type == S_IFCHR || type == S_IFBLK;
}
