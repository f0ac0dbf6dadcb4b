// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tree that works: `worker CHILDREN THREADS MIB [ZOMBIES]`. Every thread of every process wakes 50 times a second and
 * counts; memory is written once. On SIGUSR1 the root exits with status 7.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static volatile uint64_t count;

static void *work(void *argument)
{
	for (;;) {
		usleep(20000);
		__sync_fetch_and_add(&count, 1);
	}
	return argument;
}

static void on_signal(int signal)
{
	(void)signal;
	_exit(7);
}

static int at(int argc, char **argv, int i) { return argc > i ? atoi(argv[i]) : 0; }

int main(int argc, char **argv)
{
	int children = at(argc, argv, 1), nr_threads = at(argc, argv, 2), mib = at(argc, argv, 3);
	pid_t root = getpid();
	pthread_t thread;

	for (int i = 0; i < at(argc, argv, 4); i++)
		if (fork() == 0)
			_exit(i);
	for (int i = 0; i < children && getpid() == root; i++)
		if (fork() == 0)
			/* Not to outlive a root that the test kills. */
			prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getpid() == root)
		signal(SIGUSR1, on_signal);
	if (mib > 0) {
		char *memory = mmap(NULL, (size_t)mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return 1;
		for (size_t i = 0; i < (size_t)mib << 20; i += 4096)
			memory[i] = (char)(i >> 12);
	}
	for (int i = 1; i < nr_threads; i++)
		if (pthread_create(&thread, NULL, work, NULL) != 0)
			return 1;
	work(NULL);
	return 0;
}
