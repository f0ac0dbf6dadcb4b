// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Regular files and directories: each side goes on from the position of the moment of the clone, whatever the other reads;
 * within a side dup()ed and inherited descriptors still share one position. Deleted and unnamed files are no exception.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "witness.h"

enum { NR_LINES = 1000, LINE = 8, BEFORE = 100, NR_ENTRIES = 200 };

static int shared;		/* read by root and child in turns */
static int deleted, unnamed, appended, alone;
static DIR *directory;
static int nr_seen;

static int lines_make(int flags)
{
	char line[LINE + 1];
	int fd;

	fd = flags & O_TMPFILE ? open(".", flags | O_RDWR, 0600) : open("lines", flags | O_RDWR | O_CREAT | O_TRUNC, 0600);
	MUST(fd >= 0);
	for (int i = 0; i < NR_LINES; i++) {
		snprintf(line, sizeof(line), "%07d\n", i);
		MUST(write(fd, line, LINE) == LINE);
	}
	MUST(lseek(fd, BEFORE * LINE, SEEK_SET) == BEFORE * LINE);
	return fd;
}

static int line_read(int fd)
{
	char line[LINE + 1] = "";

	return read(fd, line, LINE) == LINE ? atoi(line) : -1;
}

/* Turns are taken by signals: they stay on their side. */
static void turn_await(void)
{
	sigset_t turn;

	sigemptyset(&turn);
	sigaddset(&turn, SIGUSR1);
	CHECK_EQUAL(TEMP_FAILURE_RETRY(sigwaitinfo(&turn, NULL)), SIGUSR1);
}

/* The child reads its lines when the root has read one: both by the same description. */
static int child(void *argument)
{
	(void)argument;
	witness_wait_go();
	for (int i = 0; i < 10; i++) {
		turn_await();
		CHECK_EQUAL(line_read(shared), BEFORE + 2 * i + 1);
		CHECK(kill(getppid(), SIGUSR1) == 0);
	}
	return 0;
}

static void entries_make(void)
{
	char name[64];

	MUST(mkdir("entries", 0700) == 0);
	for (int i = 0; i < NR_ENTRIES; i++) {
		snprintf(name, sizeof(name), "entries/%d", i);
		MUST(close(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) == 0);
	}
	directory = opendir("entries");
	MUST(directory);
	for (; nr_seen < 10; nr_seen++)
		MUST(readdir(directory));
}

static void from_where_it_was(int fd)
{
	int again = dup(fd);

	for (int i = 0; i < 50; i++)
		CHECK_EQUAL(line_read(i % 2 ? fd : again), BEFORE + i);
	close(again);
}

int main(int argc, char **argv)
{
	struct stat status;
	sigset_t turn;
	pid_t pid;

	witness_start(argc, argv);
	MUST(chdir(argv[1]) == 0);
	deleted = lines_make(0);
	MUST(unlink("lines") == 0);
	unnamed = lines_make(O_TMPFILE);
	appended = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	MUST(appended >= 0);
	alone = open("alone", O_RDWR | O_CREAT | O_CLOEXEC, 0400);
	MUST(alone >= 0 && ftruncate(alone, 4096) == 0 && lseek(alone, 77, SEEK_SET) == 77);
	shared = lines_make(0);
	entries_make();
	sigemptyset(&turn);
	sigaddset(&turn, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &turn, NULL) == 0);
	pid = witness_fork(child, NULL);
	witness_ready();

	for (int i = 0; i < 10; i++) {
		CHECK_EQUAL(line_read(shared), BEFORE + 2 * i);
		CHECK(kill(pid, SIGUSR1) == 0);
		turn_await();
	}
	witness_reap(pid, 0);

	from_where_it_was(deleted);
	from_where_it_was(unnamed);
	while (readdir(directory))
		nr_seen++;
	CHECK_EQUAL(nr_seen, NR_ENTRIES + 2);
	CHECK_EQUAL(lseek(alone, 0, SEEK_CUR), 77);
	CHECK_EQUAL(fcntl(alone, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDWR);
	CHECK_EQUAL(fcntl(alone, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(fcntl(unnamed, F_GETFD), 0);
	CHECK_EQUAL(fcntl(appended, F_GETFL) & (O_ACCMODE | O_APPEND), O_WRONLY | O_APPEND);

	/* The contents are one file's: both sides append. */
	CHECK(write(appended, "x", 1) == 1);
	witness_meet("appended");
	CHECK(fstat(appended, &status) == 0);
	CHECK_EQUAL(status.st_size, 2);
	return witness_verdict();
}
