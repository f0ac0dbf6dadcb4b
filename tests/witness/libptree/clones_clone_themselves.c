// SPDX-License-Identifier: GPL-2.0-or-later
/* A clone clones itself, and that one too, each with a thread and a child: the same pids on each level. */
#include <sys/prctl.h>

#include "forking.h"

#define DEPTH	3

static volatile pid_t thread_tid;

static void *sleeps(void *argument)
{
	thread_tid = gettid();
	for (;;)
		pause();
	return argument;
}

static int child(void *argument)
{
	(void)argument;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
	return 0;
}

int main(int argc, char **argv)
{
	pid_t pid = getpid(), tid, own_child;
	uint64_t generations[DEPTH + 1];
	unsigned level = 0;
	struct ptree *p;

	forking_start(argc, argv);
	own_child = witness_fork(child, NULL);
	witness_thread(sleeps, NULL);
	AWAIT(thread_tid != 0);
	tid = thread_tid;
	p = forking_context();
	generations[0] = ptree_generation();

	while (level < DEPTH) {
		if (forking_fork(p, NULL) != 0)
			break;
		generations[++level] = ptree_generation();
		for (unsigned i = 0; i < level; i++)
			CHECK(generations[i] != generations[level]);
	}

	CHECK_EQUAL(getpid(), pid);
	CHECK_EQUAL(tgkill(pid, tid, 0), 0);
	CHECK_EQUAL(getpgid(own_child), getpgid(0));
	CHECK_EQUAL(kill(own_child, SIGTERM), 0);
	witness_reap(own_child, SIGTERM);
	forking_write("level", level, level);
	ptree_close(p);
	if (level > 0 && level < DEPTH)
		return 0;
	/* All others are there when the first and the last one say so. */
	for (unsigned i = 0; i <= DEPTH; i++)
		CHECK_EQUAL(forking_read("level", i), i);
	return witness_verdict();
}
