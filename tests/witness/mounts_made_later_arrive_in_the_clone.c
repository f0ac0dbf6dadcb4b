// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mounts: what the source mounts and unmounts after the clone comes to the clone, and not the other way round. The tree
 * is in a mount namespace of its own, where every mount is shared.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "witness.h"

static bool is_mounted(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static bool is_shared(const char *point)
{
	char line[4096], wanted[64];
	bool shared = false;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	snprintf(wanted, sizeof(wanted), " %s ", point);
	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, wanted))
			shared = strstr(line, " shared:");
	if (f)
		fclose(f);
	return shared;
}

int main(int argc, char **argv)
{
	char before[64] = "", now[64] = "";

	witness_start(argc, argv);
	if (geteuid() != 0)
		witness_skip("mount() needs root");
	MUST(unshare(CLONE_NEWNS) == 0);
	MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	MUST(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0);
	MUST(chdir(argv[1]) == 0 && mkdir("bind", 0755) == 0);
	/* Not the file system of the test: that may be a tmpfs itself. */
	MUST(mount("/proc/sys", "bind", NULL, MS_BIND, NULL) == 0);
	MUST(mkdir("place", 0755) == 0 && mount("place", "place", "ramfs", 0, NULL) == 0);
	MUST(mkdir("place/later", 0755) == 0 && mkdir("place/own", 0755) == 0);
	MUST(readlink("/proc/self/ns/mnt", before, sizeof(before) - 1) > 0);
	witness_ready();

	CHECK(readlink("/proc/self/ns/mnt", now, sizeof(now) - 1) > 0);
	CHECK_EQUAL(strcmp(before, now) != 0, witness_is_clone());
	CHECK(!is_mounted("place/later"));
	CHECK(access("bind/kernel/hostname", R_OK) == 0);
	CHECK(is_shared("/"));
	if (!witness_is_clone())
		CHECK(mount("later", "place/later", "tmpfs", 0, NULL) == 0);
	witness_meet("mounted");
	CHECK(is_mounted("place/later"));
	if (witness_is_clone())
		CHECK(mount("own", "place/own", "tmpfs", 0, NULL) == 0);
	witness_meet("looked");
	CHECK_EQUAL(is_mounted("place/own"), witness_is_clone());
	if (!witness_is_clone())
		CHECK(umount("place/later") == 0);
	witness_meet("unmounted");
	CHECK(!is_mounted("place/later"));
	return witness_verdict();
}
