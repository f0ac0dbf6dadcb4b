// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Root and working directories: the same ones, on both sides, by the same paths; those of a chroot, a directory that is
 * deleted, and of a process with many threads too. And each side finds them in its own mount namespace.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "witness.h"

static struct place {
	char path[4096];
	struct stat status;
} here, jail, gone;

static bool is_there(const char *path, const struct place *p)
{
	struct stat now;

	return stat(path, &now) == 0 && now.st_ino == p->status.st_ino && now.st_dev == p->status.st_dev;
}

static void place_make(struct place *p, const char *name)
{
	MUST(mkdir(name, 0755) == 0 && stat(name, &p->status) == 0 && realpath(name, p->path));
}

/* The mount that the path leads to is one of the caller's mount namespace. */
static bool is_mounted_here(const char *path)
{
	char line[8192], wanted[32];
	struct statx status;
	bool found = false;
	FILE *f;

	if (statx(AT_FDCWD, path, 0, STATX_MNT_ID, &status) < 0)
		return false;
	snprintf(wanted, sizeof(wanted), "%llu ", (unsigned long long)status.stx_mnt_id);
	f = fopen("/proc/self/mountinfo", "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strncmp(line, wanted, strlen(wanted)) == 0;
	if (f)
		fclose(f);
	return found;
}

/* DIR is no longer reachable for it: its parent wakes it. */
static int prisoner(void *argument)
{
	char cwd[64];
	sigset_t set;
	int signal;

	(void)argument;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	MUST(chdir("jail/cell") == 0 && chroot("..") == 0);
	MUST(kill(getppid(), SIGUSR2) == 0);
	sigwait(&set, &signal);
	if (!is_there("/", &jail) || !is_there("..", &jail) || !is_there("../..", &jail))
		return 1;
	if (!getcwd(cwd, sizeof(cwd)) || strcmp(cwd, "/cell") != 0)
		return 2;
	return access("inside", F_OK) == 0 ? 0 : 3;
}

static int exile(void *argument)
{
	char cwd[64];

	(void)argument;
	MUST(chdir("gone") == 0 && rmdir(gone.path) == 0);
	witness_wait_go();
	CHECK(is_there(".", &gone));
	CHECK(!getcwd(cwd, sizeof(cwd)) && errno == ENOENT);
	return 0;
}

static void *thread(void *argument)
{
	char cwd[4096] = "";

	(void)argument;
	witness_wait_go();
	CHECK(is_there(".", &here));
	CHECK(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, here.path) == 0);
	CHECK(is_mounted_here("."));
	return NULL;
}

static bool link_is(pid_t pid, const char *name, const char *wanted)
{
	char path[64], link[4096] = "";

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return readlink(path, link, sizeof(link) - 1) > 0 && strcmp(link, wanted) == 0;
}

int main(int argc, char **argv)
{
	pthread_t threads[4];
	char cell[4200];
	sigset_t set;
	pid_t in, out;
	int fd, signal;

	witness_start(argc, argv);
	if (geteuid() != 0)
		witness_skip("chroot() needs root");
	MUST(chdir(argv[1]) == 0);
	place_make(&here, "here");
	place_make(&jail, "jail");
	place_make(&gone, "gone");
	MUST(mkdir("jail/cell", 0755) == 0);
	fd = open("jail/cell/inside", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	MUST(fd >= 0 && close(fd) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	in = witness_fork(prisoner, NULL);
	MUST(sigwait(&set, &signal) == 0);
	out = witness_fork(exile, NULL);
	while (access(gone.path, F_OK) == 0)
		witness_sleep_usec(2000);
	MUST(chdir(here.path) == 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		threads[i] = witness_thread(thread, NULL);
	witness_ready();

	snprintf(cell, sizeof(cell), "%s/cell", jail.path);
	CHECK(link_is(in, "root", jail.path));
	CHECK(link_is(in, "cwd", cell));
	CHECK(kill(in, SIGUSR1) == 0);
	witness_reap(in, 0);
	witness_reap(out, 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	CHECK(is_there(".", &here));
	CHECK(is_there(here.path, &here));
	CHECK(is_mounted_here("/"));
	return witness_verdict();
}
