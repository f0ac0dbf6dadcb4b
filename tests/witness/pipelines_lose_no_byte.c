// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pipeline of programs, as a shell makes it, in the middle of its work: producer | cat | cat | consumer. Both consumers
 * get every byte once and in order, then end of file; each byte tells its place.
 */
#include "witness.h"

#define TOTAL (3u << 20)
#define HALF (TOTAL / 2)

static unsigned char byte_at(uint64_t at)
{
	return (unsigned char)(at ^ at >> 8 ^ at >> 16 ^ at * 7 >> 3);
}

static void write_all(int fd, const unsigned char *from, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, from, size);

		if (n < 0) {
			FAIL("the producer writes, and gets error %d", errno);
			_exit(1);
		}
		from += n;
		size -= (size_t)n;
	}
}

static int produce(void)
{
	unsigned char block[7001];
	uint64_t at = 0;

	while (at < TOTAL) {
		size_t size = TOTAL - at < sizeof(block) ? TOTAL - at : sizeof(block);

		for (size_t i = 0; i < size; i++)
			block[i] = byte_at(at + i);
		write_all(1, block, size);
		at += size;
	}
	return 0;
}

/* The first half at once, then nothing until it was cloned: all pipes are full by then. */
static int consume(int ready)
{
	unsigned char block[5003];
	uint64_t at = 0;
	ssize_t n;

	for (;;) {
		if (at >= HALF && ready >= 0) {
			MUST(write(ready, "r", 1) == 1);
			close(ready);
			ready = -1;
			witness_wait_go();
		}
		n = read(0, block, sizeof(block));
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			if (block[i] != byte_at(at + (uint64_t)i)) {
				FAIL("byte %llu is %d", (unsigned long long)at + (unsigned long long)i, block[i]);
				return 1;
			}
		at += (uint64_t)n;
	}
	CHECK_EQUAL(n, 0);
	CHECK_EQUAL(at, TOTAL);
	return at != TOTAL;
}

enum { STAGES = 4 };

static int stage(int which, int ready)
{
	switch (which) {
	case 0:
		return produce();
	case STAGES - 1:
		return consume(ready);
	default:
		execlp("cat", "cat", NULL);
		return 127;
	}
}

int main(int argc, char **argv)
{
	int input = -1, ready[2], ends[2];
	pid_t pids[STAGES];
	char byte;

	witness_start(argc, argv);
	MUST(pipe(ready) == 0);
	for (int i = 0; i < STAGES; i++) {
		if (i < STAGES - 1)
			MUST(pipe(ends) == 0);
		pids[i] = fork();
		MUST(pids[i] >= 0);
		if (pids[i] == 0) {
			if (i > 0)
				dup2(input, 0);
			if (i < STAGES - 1)
				dup2(ends[1], 1);
			for (int fd = 3; fd < 64; fd++)
				if (fd != ready[1] || i < STAGES - 1)
					close(fd);
			_exit(stage(i, ready[1]));
		}
		if (input >= 0)
			close(input);
		if (i < STAGES - 1) {
			close(ends[1]);
			input = ends[0];
		}
	}
	close(ready[1]);
	MUST(read(ready[0], &byte, 1) == 1);
	witness_ready();
	for (int i = 0; i < STAGES; i++)
		witness_reap(pids[i], EXITED(0));
	return witness_verdict();
}
