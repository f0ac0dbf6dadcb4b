// SPDX-License-Identifier: GPL-2.0-or-later
/* Thirty generations, each with its parent above and its child below, who ends with a status made of all below. */
#include "witness.h"

#define DEPTH 30

static int channel[2];

static int generation(void *argument)
{
	int depth = (int)(intptr_t)argument;
	pid_t pid = getpid(), parent = getppid(), child = 0;

	if (depth < DEPTH)
		child = witness_fork(generation, (void *)(intptr_t)(depth + 1));
	else
		MUST(write(channel[1], "r", 1) == 1);
	witness_wait_go();
	CHECK_EQUAL(getpid(), pid);
	CHECK_EQUAL(getppid(), parent);
	if (child)
		witness_reap(child, EXITED(DEPTH - depth));
	return DEPTH - depth + 1;
}

int main(int argc, char **argv)
{
	pid_t child;
	char got;

	witness_start(argc, argv);
	MUST(pipe(channel) == 0);
	child = witness_fork(generation, (void *)(intptr_t)1);
	MUST(read(channel[0], &got, 1) == 1);
	witness_ready();
	witness_reap(child, EXITED(DEPTH));
	return witness_verdict();
}
