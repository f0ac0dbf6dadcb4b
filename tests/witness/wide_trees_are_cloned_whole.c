// SPDX-License-Identifier: GPL-2.0-or-later
/* Two hundred children, each with memory and a status of its own. */
#include "witness.h"

#define WIDTH 200

static int own;

static int child(void *argument)
{
	pid_t pid = getpid();

	own = (int)(intptr_t)argument;
	witness_wait_go();
	CHECK_EQUAL(getpid(), pid);
	return own % 101;
}

int main(int argc, char **argv)
{
	static pid_t children[WIDTH];

	witness_start(argc, argv);
	for (int i = 0; i < WIDTH; i++)
		children[i] = witness_fork(child, (void *)(intptr_t)i);
	witness_ready();
	for (int i = 0; i < WIDTH; i++)
		witness_reap(children[i], EXITED(i % 101));
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	return witness_verdict();
}
