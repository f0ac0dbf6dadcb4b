/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board: what the driver (vs/subject.py) and the tree that is measured tell each other. A file on tmpfs, mapped
 * shared, so that a clone writes to the same one as its source. The driver reads and writes it at fixed offsets: eight
 * bytes each, in this order. Times are CLOCK_MONOTONIC, in nanoseconds.
 */
#ifndef PTREE_BENCH_BOARD_H
#define PTREE_BENCH_BOARD_H

#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum board_command {
	BOARD_FORK = 1,		/* every member forks once, one after the other */
	BOARD_KEEP,		/* the root forks a child that stays */
	BOARD_DROP,		/* and ends it */
};

struct board {
	uint64_t nr_ready;	/* members that have built all they are to have */
	uint64_t nr_built;	/* … counted by the root when everybody is: the tree may be measured */
	uint64_t command;	/* 0: none; the root writes 0 when it is done */
	uint64_t gap;		/* the longest time between two turns of the root's loop, since the driver wrote 0 */
	uint64_t turns;		/* of the root's loop, since the driver wrote 0 */
	uint64_t writes;	/* not 0: each turn writes to the next page of the memory */
	uint64_t clone;		/* when the clone's root took its first turn; 0: not yet */
	uint64_t fork;		/* BOARD_FORK: the sum of the times that fork() took in the members */
	uint64_t forked;	/* BOARD_FORK: … and until the child had as many threads as its parent */
	uint64_t failed;	/* errno of what could not be built */

	sem_t answered;
	sem_t asked[];		/* one for each member: fork! */
};

struct shape {
	const char *board;
	unsigned int mib;		/* of anonymous memory in each member, touched */
	bool huge;			/* in huge pages */
	unsigned int nr_processes;
	unsigned int nr_threads;	/* of each */
	unsigned int nr_descriptors;	/* of each, beside the first three */
	unsigned int nr_mappings;	/* of each, of a page */
	bool busy;			/* every member computes and writes to its memory all the time */
};

static inline size_t board_size(const struct shape *shape)
{
	return sizeof(struct board) + shape->nr_processes * sizeof(sem_t);
}

/* What a member is made of. build.c */
struct built {
	volatile char *memory;
	size_t size;
};

struct built build(const struct shape *shape, struct board *board);

/* Threads that sleep for ever: @n of them. Fails with the errno on the board. build.c */
void build_threads(unsigned int n, struct board *board);

/* The lives of the members. life.c */
_Noreturn void live_as_root(const struct shape *shape, struct board *board, struct built built);
_Noreturn void live_as_member(const struct shape *shape, struct board *board, struct built built, unsigned int index);

#endif
