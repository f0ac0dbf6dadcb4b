// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pipes of all sizes with something in them: each side finds all of it, as much room behind it, and nothing of what the
 * other side writes. Packets (O_DIRECT) stay packets.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "witness.h"

struct pipe_case {
	const char *name;
	int size;		/* of the pipe */
	size_t piece;		/* what is written at once */
	size_t nr;		/* how many of them; 0: as many as fit */
	size_t taken;		/* read before the clone */
	int ends[2];
	size_t written;
	size_t room;		/* what an equal pipe takes beyond that, in single bytes */
};

static struct pipe_case cases[] = {
	{ .name = "empty", .size = 65536, .piece = 1, .nr = 1, .taken = 1 },
	{ .name = "one byte", .size = 65536, .piece = 1, .nr = 1 },
	{ .name = "smallest", .size = 4096, .piece = 100, .nr = 7 },
	{ .name = "partly read", .size = 65536, .piece = 5000, .nr = 3, .taken = 4321 },
	{ .name = "full", .size = 65536, .piece = 4096 },
	{ .name = "full of bytes", .size = 8192, .piece = 1 },
	{ .name = "full of odd pieces", .size = 65536, .piece = 3001 },
	{ .name = "large", .size = 1 << 20, .piece = 65536 },
	{ .name = "large and odd", .size = 1 << 20, .piece = 9999, .taken = 77 },
	{ .name = "large and nearly empty", .size = 1 << 20, .piece = 12, .nr = 1 },
};

static unsigned char big[1 << 20];

static unsigned char byte_at(size_t at)
{
	return (unsigned char)(at * 13 + (at >> 9));
}

static size_t fill(int fd, size_t piece, size_t nr, size_t at)
{
	size_t n = 0;

	for (size_t i = 0; nr == 0 || i < nr; i++) {
		ssize_t got;

		for (size_t k = 0; k < piece; k++)
			big[k] = byte_at(at + n + k);
		got = write(fd, big, piece);
		if (got < 0)
			break;
		n += (size_t)got;
	}
	return n;
}

static void prepare(struct pipe_case *c, int ends[2])
{
	MUST(pipe2(ends, O_NONBLOCK) == 0);
	MUST(fcntl(ends[0], F_SETPIPE_SZ, c->size) == c->size);
	c->written = fill(ends[1], c->piece, c->nr, 0);
	MUST(read(ends[0], big, c->taken) == (ssize_t)c->taken);
}

static void judge(struct pipe_case *c)
{
	size_t at = c->taken, end;
	ssize_t n;
	int queued;

	CHECK_EQUAL(fcntl(c->ends[0], F_GETPIPE_SZ), c->size);
	CHECK_EQUAL(fcntl(c->ends[1], F_GETPIPE_SZ), c->size);
	CHECK_EQUAL(ioctl(c->ends[0], FIONREAD, &queued), 0);
	if ((size_t)queued != c->written - c->taken)
		FAIL("%s: %d bytes are in it, not %zu", c->name, queued, c->written - c->taken);
	end = c->written + fill(c->ends[1], 1, 0, c->written);
	/* Never less room; more by what was spliced or tee'd into a page of its own. */
	if (end - c->written < c->room)
		FAIL("%s: room for %zu bytes, not %zu", c->name, end - c->written, c->room);
	while (at < end) {
		n = read(c->ends[0], big, sizeof(big));
		if (n <= 0) {
			FAIL("%s: %zu of %zu bytes come (errno %d)", c->name, at, end, errno);
			return;
		}
		for (ssize_t i = 0; i < n; i++)
			if (big[i] != byte_at(at + (size_t)i)) {
				FAIL("%s: byte %zu is wrong", c->name, at + (size_t)i);
				return;
			}
		at += (size_t)n;
	}
	CHECK_EQUAL(at, end);
	CHECK(read(c->ends[0], big, 1) < 0 && errno == EAGAIN);
}

static const size_t packets[] = { 1, 4096, 17, 3000, 1, 1, 250 };

static void judge_packets(int ends[2])
{
	CHECK(fcntl(ends[1], F_GETFL) & O_DIRECT);
	CHECK_EQUAL(write(ends[1], big, 33), 33);
	for (size_t i = 0; i < COUNT(packets); i++)
		CHECK_EQUAL(read(ends[0], big, i == 3 ? 10 : 8192), i == 3 ? 10 : packets[i]);
	CHECK_EQUAL(read(ends[0], big, 8192), 33);
	CHECK(read(ends[0], big, 1) < 0 && errno == EAGAIN);
}

int main(int argc, char **argv)
{
	int of_packets[2], again[2];
	struct stat st;
	char byte;

	witness_start(argc, argv);
	for (size_t i = 0; i < COUNT(cases); i++) {
		prepare(&cases[i], cases[i].ends);
		prepare(&cases[i], again);
		cases[i].room = fill(again[1], 1, 0, 0);
		close(again[0]);
		close(again[1]);
	}
	MUST(pipe2(of_packets, O_NONBLOCK | O_DIRECT) == 0);
	for (size_t i = 0; i < COUNT(packets); i++)
		MUST(write(of_packets[1], big, packets[i]) == (ssize_t)packets[i]);
	/* One that nobody reads from, and one that nobody writes to. */
	MUST(pipe(again) == 0);
	MUST(fchown(again[0], 1234, 4321) == 0 || geteuid() != 0);
	MUST(fchmod(again[0], 0640) == 0);
	MUST(write(again[1], "x", 1) == 1);
	close(again[1]);
	signal(SIGPIPE, SIG_IGN);
	witness_ready();

	for (size_t i = 0; i < COUNT(cases); i++)
		judge(&cases[i]);
	judge_packets(of_packets);

	CHECK_EQUAL(fstat(again[0], &st), 0);
	CHECK_EQUAL(st.st_mode, S_IFIFO | 0640);
	CHECK(st.st_uid == 1234 || geteuid() != 0);
	CHECK_EQUAL(read(again[0], &byte, 1), 1);
	CHECK_EQUAL(read(again[0], &byte, 1), 0);

	/* Nothing of the other side's. */
	witness_meet("read");
	byte = witness_is_clone() ? 'c' : 's';
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_EQUAL(write(cases[i].ends[1], &byte, 1), 1);
	witness_meet("written");
	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK_EQUAL(read(cases[i].ends[0], big, 2), 1);
		CHECK_EQUAL(big[0], byte);
		close(cases[i].ends[0]);
		CHECK(write(cases[i].ends[1], &byte, 1) < 0 && errno == EPIPE);
	}
	return witness_verdict();
}
