// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * POSIX record locks, flock() and locks of open file descriptions: they are on the inode, which both sides
 * have, and so the source keeps them. The clone sees them as another's, cannot take them away by closing, unlocking or
 * ending, and has them when the source gives them up.
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>

#include "witness.h"

enum { RECORD, WHOLE, DESCRIPTION, NR };

static char path[NR][PATH_MAX + 16];
static int fd[NR];

static int lock(int file, int command, int type)
{
	struct flock range = { .l_type = (short)type, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20 };

	return fcntl(file, command, &range);
}

/* Who has it, in the eyes of @file's owner: F_UNLCK nobody else. */
static int holder(int file, int command, pid_t *ret_pid)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 100 };

	CHECK_EQUAL(fcntl(file, command, &range), 0);
	*ret_pid = range.l_pid;
	if (range.l_type != F_UNLCK)
		CHECK(range.l_start == 10 && range.l_len == 20);
	return range.l_type;
}

static bool busy(int result) { return result < 0 && (errno == EAGAIN || errno == EACCES || errno == EWOULDBLOCK); }

/* Another process of the source's: what is locked is locked for it. */
static int neighbour(void *argument)
{
	int own[NR];
	pid_t pid;

	(void)argument;
	for (int i = 0; i < NR; i++) {
		own[i] = open(path[i], O_RDWR | O_CLOEXEC);
		CHECK(own[i] >= 0);
	}
	CHECK_EQUAL(holder(own[RECORD], F_GETLK, &pid), F_WRLCK);
	CHECK_EQUAL(pid, getppid());
	CHECK(busy(flock(own[WHOLE], LOCK_SH | LOCK_NB)));
	CHECK_EQUAL(holder(own[DESCRIPTION], F_OFD_GETLK, &pid), F_WRLCK);
	return 0;
}

static void in_source(void)
{
	pid_t pid;

	witness_meet("looked");
	witness_meet("tried");
	witness_reap(witness_fork(neighbour, NULL), EXITED(0));
	CHECK_EQUAL(holder(fd[RECORD], F_GETLK, &pid), F_UNLCK);
	CHECK_EQUAL(flock(fd[WHOLE], LOCK_EX | LOCK_NB), 0);
	CHECK_EQUAL(lock(fd[DESCRIPTION], F_OFD_SETLK, F_WRLCK), 0);

	CHECK_EQUAL(lock(fd[RECORD], F_SETLK, F_UNLCK), 0);
	CHECK_EQUAL(flock(fd[WHOLE], LOCK_UN), 0);
	CHECK_EQUAL(lock(fd[DESCRIPTION], F_OFD_SETLK, F_UNLCK), 0);
	witness_meet("given up");
	witness_meet("taken");
	CHECK(busy(lock(fd[RECORD], F_SETLK, F_WRLCK)));
	CHECK(busy(flock(fd[WHOLE], LOCK_SH | LOCK_NB)));
	CHECK(busy(lock(fd[DESCRIPTION], F_OFD_SETLK, F_WRLCK)));
	witness_meet("over");
}

/* Ends with the clone's own descriptors open. */
static int closes_and_ends(void *argument)
{
	(void)argument;
	for (int i = 0; i < NR; i++)
		close(open(path[i], O_RDWR | O_CLOEXEC));
	return 0;
}

static void in_clone(void)
{
	int other;
	pid_t pid;

	witness_meet("looked");
	CHECK_EQUAL(holder(fd[RECORD], F_GETLK, &pid), F_WRLCK);
	CHECK(pid != getpid());
	CHECK(busy(lock(fd[RECORD], F_SETLK, F_RDLCK)));
	CHECK(busy(flock(fd[WHOLE], LOCK_SH | LOCK_NB)));
	CHECK_EQUAL(holder(fd[DESCRIPTION], F_OFD_GETLK, &pid), F_WRLCK);
	CHECK(busy(lock(fd[DESCRIPTION], F_OFD_SETLK, F_WRLCK)));

	/* Nothing of this is a right of the clone's. */
	CHECK_EQUAL(lock(fd[RECORD], F_SETLK, F_UNLCK), 0);
	CHECK_EQUAL(flock(fd[WHOLE], LOCK_UN), 0);
	CHECK_EQUAL(lock(fd[DESCRIPTION], F_OFD_SETLK, F_UNLCK), 0);
	for (int i = 0; i < NR; i++) {
		other = dup(fd[i]);
		CHECK_EQUAL(close(fd[i]), 0);
		CHECK_EQUAL(dup2(other, fd[i]), fd[i]);
		close(other);
		close(fd[i]);
		fd[i] = open(path[i], O_RDWR | O_CLOEXEC);
		CHECK(fd[i] >= 0);
	}
	witness_reap(witness_fork(closes_and_ends, NULL), EXITED(0));
	CHECK(busy(lock(fd[RECORD], F_SETLK, F_RDLCK)));
	CHECK(busy(flock(fd[WHOLE], LOCK_SH | LOCK_NB)));
	witness_meet("tried");

	witness_meet("given up");
	CHECK_EQUAL(lock(fd[RECORD], F_SETLK, F_WRLCK), 0);
	CHECK_EQUAL(flock(fd[WHOLE], LOCK_EX | LOCK_NB), 0);
	CHECK_EQUAL(lock(fd[DESCRIPTION], F_OFD_SETLK, F_WRLCK), 0);
	witness_meet("taken");
	witness_meet("over");
}

int main(int argc, char **argv)
{
	witness_start(argc, argv);
	for (int i = 0; i < NR; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/locked%d", argv[1], i);
		fd[i] = open(path[i], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		MUST(fd[i] >= 0 && ftruncate(fd[i], 100) == 0);
	}
	MUST(lock(fd[RECORD], F_SETLK, F_WRLCK) == 0);
	MUST(flock(fd[WHOLE], LOCK_EX) == 0);
	MUST(lock(fd[DESCRIPTION], F_OFD_SETLK, F_WRLCK) == 0);
	witness_ready();

	if (witness_is_clone())
		in_clone();
	else
		in_source();
	return witness_verdict();
}
