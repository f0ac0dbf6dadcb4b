// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /proc: each side finds itself there, and the clone nobody but itself and its init. So it is with files and directories
 * in it that were open before, and with a working directory in it.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>

#include "witness.h"

static int directory, path, status;	/* /proc/self of the root, and its stat, open since before */
static pid_t child_pid, parent;

/* When the process started, as @file in the directory says: the source's long before the clone's. */
static unsigned long long start_at(int at, const char *file)
{
	char text[1024] = "", *s;
	unsigned long long start = 0;
	int fd = openat(at, file, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	s = strrchr(text, ')');
	for (int i = 2; s && i < 22; i++)
		s = strchr(s + 1, ' ');
	if (s)
		sscanf(s, "%llu", &start);
	return start;
}

static int pid_at(int at)
{
	char text[32] = "";
	int fd = openat(at, "stat", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	return atoi(text);
}

static unsigned long long start_in(int fd)
{
	char again[32];

	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
	return start_at(AT_FDCWD, again);
}

/* Its working directory is /proc/self. */
static int child(void *argument)
{
	(void)argument;
	MUST(chdir("/proc/self") == 0);
	witness_wait_go();
	CHECK(start_at(AT_FDCWD, "stat") == start_at(AT_FDCWD, "/proc/self/stat"));
	CHECK(start_at(AT_FDCWD, "stat") != 0);
	/* The root's, from here too. */
	CHECK_EQUAL(pid_at(directory), getppid());
	return 0;
}

static void *thread(void *argument)
{
	(void)argument;
	witness_wait_go();
	CHECK(start_at(directory, "stat") == start_at(AT_FDCWD, "/proc/self/stat"));
	return NULL;
}

static void find_everybody(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int found = 0;

	CHECK(proc);
	while (proc && (entry = readdir(proc))) {
		pid_t pid = isdigit(*entry->d_name) ? atoi(entry->d_name) : 0;

		if (pid == getpid() || pid == child_pid)
			found++;
		else if (pid > 1 && witness_is_clone())
			FAIL("there is a process %d in /proc", pid);
	}
	closedir(proc);
	CHECK_EQUAL(found, 2);
}

int main(int argc, char **argv)
{
	char text[64] = "", wanted[64];
	unsigned long long start;
	pthread_t other;
	int fd;

	witness_start(argc, argv);
	parent = getppid();
	directory = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	path = open("/proc/self", O_PATH | O_CLOEXEC);
	status = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	MUST(directory >= 0 && path >= 0 && status >= 0);
	MUST(read(status, text, 1) == 1);
	child_pid = witness_fork(child, NULL);
	other = witness_thread(thread, NULL);
	witness_ready();

	start = start_at(AT_FDCWD, "/proc/self/stat");
	CHECK(start != 0);
	CHECK(start_at(directory, "stat") == start);
	CHECK(start_at(path, "stat") == start);
	CHECK(start_in(status) == start);
	CHECK_EQUAL(lseek(status, 0, SEEK_CUR), 1);
	CHECK_EQUAL(fcntl(status, F_GETFD), FD_CLOEXEC);

	memset(text, 0, sizeof(text));
	CHECK(readlink("/proc/self", text, sizeof(text) - 1) > 0);
	CHECK_EQUAL(atoi(text), getpid());
	find_everybody();
	snprintf(wanted, sizeof(wanted), "/proc/%d/stat", child_pid);
	CHECK(start_at(AT_FDCWD, wanted) != 0);
	memset(text, 0, sizeof(text));
	fd = open("/proc/1/comm", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	CHECK_EQUAL(strcmp(text, "ptree-init\n") == 0, witness_is_clone());
	close(fd);

	witness_reap(child_pid, 0);
	CHECK(pthread_join(other, NULL) == 0);
	return witness_verdict();
}
