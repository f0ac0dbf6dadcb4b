// SPDX-License-Identifier: GPL-2.0-or-later
/* Cloned from outside: the number is another one, and the hooks run once, in whichever process and thread asks first. */
#include <ptree.h>

#include "../witness.h"

static unsigned nr_hooks;

static void hook(void *userdata)
{
	(*(unsigned *)userdata)++;
}

static void judge(uint64_t before)
{
	CHECK_EQUAL(nr_hooks, 0);
	CHECK_EQUAL(ptree_generation() == before, !witness_is_clone());
	CHECK_EQUAL(nr_hooks, witness_is_clone());
	CHECK(ptree_generation() == ptree_generation());
	CHECK_EQUAL(nr_hooks, witness_is_clone());
}

static int child(void *argument)
{
	uint64_t own = ptree_generation();

	CHECK(own != *(uint64_t *)argument);
	witness_wait_go();
	judge(own);
	return 0;
}

static void *thread(void *argument)
{
	witness_wait_go();
	judge(*(uint64_t *)argument);
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t before;
	pthread_t asks;
	pid_t pid;

	witness_start(argc, argv);
	before = ptree_generation();
	MUST(before != 0 && ptree_at_clone(hook, &nr_hooks) == 0);
	pid = witness_fork(child, &before);
	asks = witness_thread(thread, &before);
	witness_ready();
	pthread_join(asks, NULL);
	CHECK_EQUAL(nr_hooks, witness_is_clone());
	CHECK_EQUAL(ptree_generation() == before, !witness_is_clone());
	witness_reap(pid, EXITED(0));
	return witness_verdict();
}
