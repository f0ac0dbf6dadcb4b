// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `sharing everything`: two processes with one memory, table of files, directories and handlers. `sharing leaderless`: one
 * whose first thread has ended.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static char stack[65536] __attribute__((aligned(64)));

static int sleeps(void *argument)
{
	for (;;)
		usleep(20000);
	return argument != NULL;
}

static void *thread(void *argument)
{
	sleeps(argument);
	return NULL;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	pthread_t other;

	if (strcmp(what, "everything") == 0) {
		if (clone(sleeps, stack + sizeof(stack), CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | SIGCHLD, NULL) < 0)
			return 1;
	} else if (strcmp(what, "leaderless") == 0) {
		if (pthread_create(&other, NULL, thread, NULL) != 0)
			return 1;
		pthread_exit(NULL);
	} else {
		return 2;
	}
	return sleeps(NULL);
}
