// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the members of the measured tree do. The root turns in a loop and so notices each pause that it has, and that it
 * has become another: in a clone its parent is not the one that its source has. The others sleep until they are asked.
 */
#include "board.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) < 0)
		;
}

static _Noreturn void rest(void)
{
	for (;;)
		pause();
}

/* A plain fork(), and in the child as many threads as the parent has. The child's end is not part of the time. */
static void fork_once(const struct shape *shape, struct board *board)
{
	uint64_t begin = now();
	pid_t child = fork();

	if (child == 0) {
		build_threads(shape->nr_threads - 1, board);
		__atomic_fetch_add(&board->forked, now() - begin, __ATOMIC_SEQ_CST);
		_exit(0);
	}
	board->fork += now() - begin;
	waitpid(child, NULL, 0);
}

static void fork_all(const struct shape *shape, struct board *board)
{
	board->fork = board->forked = 0;
	fork_once(shape, board);
	for (unsigned int i = 1; i < shape->nr_processes; i++) {
		sem_post(&board->asked[i]);
		wait_for(&board->answered);
	}
}

static void obey(const struct shape *shape, struct board *board)
{
	static pid_t kept;

	switch (board->command) {
	case BOARD_FORK:
		fork_all(shape, board);
		break;
	case BOARD_KEEP:
		kept = fork();
		if (kept == 0)
			rest();
		break;
	case BOARD_DROP:
		kill(kept, SIGKILL);
		waitpid(kept, NULL, 0);
		break;
	}
	__atomic_store_n(&board->command, 0, __ATOMIC_SEQ_CST);
}

static void write_next(struct built *built)
{
	static size_t next;

	built->memory[next]++;
	next = (next + PAGE) % built->size;
}

void live_as_root(const struct shape *shape, struct board *board, struct built built)
{
	pid_t parent = getppid();
	uint64_t last;

	while (__atomic_load_n(&board->nr_ready, __ATOMIC_SEQ_CST) < shape->nr_processes && !board->failed)
		usleep(1000);
	board->nr_built = shape->nr_processes;
	for (last = now();;) {
		uint64_t turn = now();

		if (getppid() != parent) {
			board->clone = now();
			rest();
		}
		if (turn - last > board->gap)
			board->gap = turn - last;
		last = turn;
		board->turns++;
		if (board->writes || shape->busy)
			write_next(&built);
		if (__atomic_load_n(&board->command, __ATOMIC_SEQ_CST)) {
			obey(shape, board);
			last = now();
		}
	}
}

void live_as_member(const struct shape *shape, struct board *board, struct built built, unsigned int index)
{
	for (;;) {
		if (shape->busy) {
			write_next(&built);
			if (sem_trywait(&board->asked[index]) < 0)
				continue;
		} else {
			wait_for(&board->asked[index]);
		}
		fork_once(shape, board);
		sem_post(&board->answered);
	}
}
