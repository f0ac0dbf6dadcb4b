// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a directory and a mount have beside their contents. */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "../copies.h"
#include "../util.h"

#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000
#endif

static int xattrs_copy(int from, int to)
{
	char names[4096], value[4096];
	ssize_t size = flistxattr(from, names, sizeof(names));

	for (char *name = names; name < names + size; name += strlen(name) + 1) {
		ssize_t n = fgetxattr(from, name, value, sizeof(value));

		/* overlayfs has its own on a layer. */
		if (n < 0 || strncmp(name, "trusted.overlay.", 16) == 0)
			continue;
		if (fsetxattr(to, name, value, (size_t)n, 0) < 0 && errno != EOPNOTSUPP)
			return -1;
	}
	return 0;
}

/* The directory itself is the root of the layer, and not copied up. errno says what went wrong. */
int ptree_copy_resemble(const struct stat *st, const char *original, const char *copy)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	_cleanup_close_ int from = open(original, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int to = open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (from < 0 || to < 0 || xattrs_copy(from, to) < 0 || fchown(to, st->st_uid, st->st_gid) < 0 ||
	    fchmod(to, st->st_mode & 07777) < 0)
		return -1;
	return futimens(to, times);
}

uint64_t ptree_mount_attributes_of(int fd)
{
	static const struct {
		unsigned long flag;
		uint64_t attribute;
	} flags[] = {
		{ ST_RDONLY,		MOUNT_ATTR_RDONLY },
		{ ST_NOSUID,		MOUNT_ATTR_NOSUID },
		{ ST_NODEV,		MOUNT_ATTR_NODEV },
		{ ST_NOEXEC,		MOUNT_ATTR_NOEXEC },
		{ ST_NODIRATIME,	MOUNT_ATTR_NODIRATIME },
		{ ST_NOSYMFOLLOW,	MOUNT_ATTR_NOSYMFOLLOW },
		{ ST_NOATIME,		MOUNT_ATTR_NOATIME },
	};
	struct statvfs fs;
	uint64_t attributes = 0;

	if (fstatvfs(fd, &fs) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (fs.f_flag & flags[i].flag)
			attributes |= flags[i].attribute;
	if (!(fs.f_flag & (ST_NOATIME | ST_RELATIME)))
		attributes |= MOUNT_ATTR_STRICTATIME;
	return attributes;
}
