// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Named FIFOs: what is written to one on one side is not read on the other, whatever way the descriptions were opened.
 * The name leads to the source's.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "witness.h"

static char path[4200];

static void fifo_new(const char *dir, const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	MUST(mkfifo(path, 0620) == 0);
}

static short events_of(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT };

	CHECK(poll(&poller, 1, 0) >= 0);
	return poller.revents;
}

static void drained(int fd, const char *wanted)
{
	char got[64] = "";

	CHECK_EQUAL(read(fd, got, sizeof(got) - 1), strlen(wanted));
	CHECK(strcmp(got, wanted) == 0);
}

int main(int argc, char **argv)
{
	int both, reader, writer, quiet, closed, bystander;
	struct stat before, after;
	const char *own;
	char byte;

	witness_start(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	fifo_new(argv[1], "both");
	both = open(path, O_RDWR);
	bystander = open(path, O_RDONLY | O_NONBLOCK);
	MUST(both >= 0 && bystander >= 0 && write(both, "first", 5) == 5);
	MUST(fstat(both, &before) == 0);

	fifo_new(argv[1], "two");
	reader = open(path, O_RDONLY | O_NONBLOCK);
	writer = open(path, O_WRONLY);
	MUST(reader >= 0 && writer >= 0 && fcntl(writer, F_SETPIPE_SZ, 131072) == 131072);
	MUST(write(writer, "second", 6) == 6);

	/* A server that waits for its first client: no POLLHUP until there was one. */
	fifo_new(argv[1], "quiet");
	quiet = open(path, O_RDONLY | O_NONBLOCK);
	MUST(quiet >= 0 && events_of(quiet) == 0);

	/* One whose writer has gone, and left something. */
	fifo_new(argv[1], "closed");
	closed = open(path, O_RDONLY | O_NONBLOCK);
	MUST(closed >= 0);
	{
		int gone = open(path, O_WRONLY);

		MUST(gone >= 0 && write(gone, "rest", 4) == 4 && close(gone) == 0);
	}
	witness_ready();

	own = witness_is_clone() ? "clone" : "source";
	CHECK_EQUAL(fcntl(both, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
	CHECK_EQUAL(fcntl(bystander, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY | O_NONBLOCK);
	CHECK_EQUAL(fcntl(reader, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY | O_NONBLOCK);
	CHECK_EQUAL(fcntl(writer, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY);
	CHECK_EQUAL(fcntl(reader, F_GETPIPE_SZ), 131072);
	CHECK_EQUAL(fstat(both, &after), 0);
	CHECK_EQUAL(after.st_mode, before.st_mode);
	CHECK_EQUAL(after.st_uid, before.st_uid);
	if (!witness_is_clone())
		CHECK(after.st_ino == before.st_ino && after.st_dev == before.st_dev);
	else
		CHECK(after.st_ino != before.st_ino || after.st_dev != before.st_dev);

	CHECK_EQUAL(write(both, own, strlen(own)), strlen(own));
	CHECK_EQUAL(write(writer, own, strlen(own)), strlen(own));
	witness_meet("written");
	drained(bystander, witness_is_clone() ? "firstclone" : "firstsource");
	drained(reader, witness_is_clone() ? "secondclone" : "secondsource");
	CHECK(read(bystander, &byte, 1) < 0 && errno == EAGAIN);
	CHECK(read(reader, &byte, 1) < 0 && errno == EAGAIN);

	CHECK_EQUAL(events_of(quiet), 0);
	CHECK_EQUAL(read(quiet, &byte, 1), 0);
	CHECK_EQUAL(events_of(closed), POLLIN | POLLHUP);
	drained(closed, "rest");
	CHECK_EQUAL(events_of(closed), POLLHUP);
	CHECK_EQUAL(read(closed, &byte, 1), 0);

	/* The last writer goes on this side, and not on the other. */
	witness_meet("read");
	if (witness_is_clone()) {
		close(writer);
		CHECK_EQUAL(read(reader, &byte, 1), 0);
	}
	witness_meet("closed");
	if (!witness_is_clone()) {
		CHECK(read(reader, &byte, 1) < 0 && errno == EAGAIN);
		CHECK_EQUAL(write(writer, "x", 1), 1);
		close(reader);
		CHECK(write(writer, "x", 1) < 0 && errno == EPIPE);
	}
	return witness_verdict();
}
