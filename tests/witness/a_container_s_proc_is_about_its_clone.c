// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A root that is pid 1 in a mount namespace with a /proc of its own, masked and in part read-only, as containers have it:
 * in the clone that is about the clone, masked as before. And the /proc of the pid namespace above is about that one's
 * counterpart, where ptree-init is.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "witness.h"

static bool says(const char *path, const char *wanted)
{
	char text[4096] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	return n > 0 && strstr(text, wanted);
}

static bool mount_has(const char *point, const char *wanted)
{
	char line[4096], place[64];
	bool has = false;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	snprintf(place, sizeof(place), " %s ", point);
	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, place))
			has = strstr(line, wanted);
	if (f)
		fclose(f);
	return has;
}

static int sleeper(void *argument)
{
	(void)argument;
	while (pause() < 0)
		;
	return 1;
}

static void build(void)
{
	struct stat null;

	MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	MUST(mkdir("outer", 0755) == 0 && mount("/proc", "outer", NULL, MS_BIND, NULL) == 0);
	MUST(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=invisible") == 0);
	MUST(stat("/dev/null", &null) == 0);
	MUST(mount("/dev/null", "/proc/kallsyms", NULL, MS_BIND, NULL) == 0);
	MUST(mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) == 0);
	MUST(mount(NULL, "/proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID, NULL) == 0);
}

int main(int argc, char **argv)
{
	struct stat status;
	pid_t pid, child;
	char name[32];
	int code;

	witness_start(argc, argv);
	MUST(chdir(argv[1]) == 0);
	if (geteuid() != 0)
		witness_skip("mount() needs root");
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
	MUST(pid >= 0);
	if (pid > 0) {
		witness_root_is(pid);
		MUST(waitpid(pid, &code, 0) == pid);
		return WIFEXITED(code) ? WEXITSTATUS(code) : 1;
	}
	build();
	witness_home();
	child = witness_fork(sleeper, NULL);
	witness_ready();

	CHECK_EQUAL(getpid(), 1);
	CHECK(readlink("/proc/self", name, sizeof(name)) == 1 && *name == '1');
	/* It is this process, and no other of that number. */
	CHECK(prctl(PR_SET_NAME, witness_is_clone() ? "a-clone" : "a-source") == 0);
	CHECK(says("/proc/1/comm", witness_is_clone() ? "a-clone" : "a-source"));
	witness_meet("named");
	CHECK(says("/proc/1/comm", witness_is_clone() ? "a-clone" : "a-source"));
	snprintf(name, sizeof(name), "/proc/%d/stat", child);
	CHECK(says(name, ") S "));
	CHECK(says("outer/1/comm", "ptree-init") == witness_is_clone());

	CHECK(mount_has("/proc", "hidepid=invisible"));
	CHECK(mount_has("/proc", "nosuid,nodev,noexec"));
	CHECK(stat("/proc/kallsyms", &status) == 0 && S_ISCHR(status.st_mode));
	CHECK(says("/proc/sys/kernel/ostype", "Linux"));
	CHECK(open("/proc/sys/kernel/hostname", O_WRONLY | O_CLOEXEC) < 0 && errno == EROFS);
	CHECK(kill(child, SIGKILL) == 0);
	witness_reap(child, SIGKILL);
	return witness_verdict();
}
