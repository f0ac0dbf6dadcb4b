// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pipes to a process that is not cloned. What comes from there is the source's: the clone reads what was in the pipe, then
 * end of file. What goes there, a log, comes from both.
 */
#include <fcntl.h>
#include <poll.h>

#include "witness.h"

struct outside {
	int to_tree[2], log[2], done[2];
};

/* The tree's partner. It is no member: its parent is gone, and it is not of the tree's session. */
static int partner(const struct outside *o)
{
	char got[256] = "";
	size_t size = 0;
	ssize_t n;

	close(o->to_tree[0]);
	close(o->log[1]);
	close(o->done[0]);
	MUST(write(o->to_tree[1], "before ", 7) == 7);
	MUST(write(o->done[1], "r", 1) == 1);
	witness_wait_go();
	CHECK_EQUAL(write(o->to_tree[1], "after", 5), 5);
	close(o->to_tree[1]);
	while (size < sizeof(got) - 1 && (n = read(o->log[0], got + size, sizeof(got) - 1 - size)) > 0)
		size += (size_t)n;
	CHECK_EQUAL(size, strlen("early source clone "));
	CHECK(strncmp(got, "early ", 6) == 0 && strstr(got, "source ") && strstr(got, "clone "));
	CHECK_EQUAL(write(o->done[1], "d", 1), 1);
	return 0;
}

static int orphan(void *argument)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		setsid();
		_exit(partner(argument));
	}
	return 0;
}

/* All there is until end of file. */
static void read_out(int fd, const char *wanted)
{
	char got[64] = "";
	size_t size = 0;
	ssize_t n;

	while (size < sizeof(got) - 1 && (n = read(fd, got + size, sizeof(got) - 1 - size)) > 0)
		size += (size_t)n;
	if (strcmp(got, wanted) != 0)
		FAIL("reads \"%s\", not \"%s\"", got, wanted);
}

int main(int argc, char **argv)
{
	struct outside o;
	pid_t child;
	char byte;

	witness_start(argc, argv);
	MUST(pipe(o.to_tree) == 0 && pipe(o.log) == 0 && pipe(o.done) == 0);
	MUST(write(o.log[1], "early ", 6) == 6);
	child = witness_fork(orphan, &o);
	witness_reap(child, EXITED(0));
	close(o.to_tree[1]);
	close(o.log[0]);
	close(o.done[1]);
	MUST(read(o.done[0], &byte, 1) == 1 && byte == 'r');
	witness_ready();

	if (witness_is_clone()) {
		read_out(o.to_tree[0], "before ");
		CHECK_EQUAL(write(o.log[1], "clone ", 6), 6);
		/* Nothing was in it. */
		read_out(o.done[0], "");
	} else {
		read_out(o.to_tree[0], "before after");
		CHECK_EQUAL(write(o.log[1], "source ", 7), 7);
	}
	close(o.log[1]);
	if (!witness_is_clone()) {
		CHECK_EQUAL(read(o.done[0], &byte, 1), 1);
		CHECK_EQUAL(byte, 'd');
	}
	return witness_verdict();
}
