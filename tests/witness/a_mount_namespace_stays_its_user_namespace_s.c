// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tree in a user namespace, which owns its mount namespace: the clone's belongs to it as well, so that the clone may
 * mount; and /proc, which nobody there may unmount, is about the clone nevertheless.
 */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "witness.h"

static bool write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return written;
}

int main(int argc, char **argv)
{
	struct stat owner, own;
	int ns, user;

	witness_start(argc, argv);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		witness_skip("there are no user namespaces");
	MUST(write_to("/proc/self/setgroups", "deny"));
	MUST(write_to("/proc/self/uid_map", "0 0 1") && write_to("/proc/self/gid_map", "0 0 1"));
	MUST(chdir(argv[1]) == 0 && mkdir("place", 0755) == 0);
	witness_ready();

	ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	user = ioctl(ns, NS_GET_USERNS);
	CHECK(ns >= 0 && user >= 0);
	CHECK(fstat(user, &owner) == 0 && stat("/proc/self/ns/user", &own) == 0);
	CHECK_EQUAL(owner.st_ino, own.st_ino);
	CHECK(mount("mine", "place", "tmpfs", 0, NULL) == 0);
	CHECK(access("/proc/self/stat", R_OK) == 0);
	CHECK_EQUAL(access("/proc/2", F_OK) < 0, witness_is_clone());
	close(user);
	close(ns);
	return witness_verdict();
}
