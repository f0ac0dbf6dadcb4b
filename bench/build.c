// SPDX-License-Identifier: GPL-2.0-or-later
/* What the members of the measured tree have: memory, mappings, descriptors, threads. */
#include "board.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGE 4096UL
#define HUGE_PAGE (2UL << 20)
#define STACK_BYTES (64 << 10)

static _Noreturn void fail(struct board *board, const char *what)
{
	board->failed = (uint64_t)(errno ? errno : EINVAL);
	fprintf(stderr, "subject: %s: %s\n", what, strerror(errno));
	_exit(EXIT_FAILURE);
}

static struct built build_memory(const struct shape *shape, struct board *board)
{
	size_t size = (size_t)shape->mib << 20;
	char *memory = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail(board, "cannot map the memory");
	memory += -(uintptr_t)memory & (HUGE_PAGE - 1);
	madvise(memory, size, shape->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += PAGE)
		((volatile char *)memory)[i] = 1;
	return (struct built){ memory, size };
}

/* Neighbours differ in what may be done with them: they stay mappings of their own. */
static void build_mappings(const struct shape *shape, struct board *board)
{
	char *memory = mmap(NULL, shape->nr_mappings * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail(board, "cannot map the mappings");
	for (unsigned int i = 0; i < shape->nr_mappings; i++) {
		*(volatile char *)(memory + i * PAGE) = 1;
		if (i % 2 && mprotect(memory + i * PAGE, PAGE, PROT_READ) < 0)
			fail(board, "cannot make the mappings; see vm.max_map_count");
	}
}

/* A third each: regular files with an offset, event files with a count, pipes with a byte on its way. */
static void build_descriptors(const struct shape *shape, struct board *board)
{
	struct rlimit limit = { shape->nr_descriptors + 64, shape->nr_descriptors + 64 };
	char name[] = "/run/ptree-bench/file.XXXXXX";
	int first, pipes[2];

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		fail(board, "cannot have so many descriptors");
	first = mkstemp(name);
	if (first < 0 || ftruncate(first, PAGE) < 0)
		fail(board, "cannot make a file in /run/ptree-bench");
	for (unsigned int n = 1; n < shape->nr_descriptors;) {
		int fd;

		switch (n % 3) {
		case 0:
			fd = open(name, O_RDWR | O_CLOEXEC);
			if (fd < 0 || lseek(fd, (off_t)(n % PAGE), SEEK_SET) < 0)
				fail(board, "cannot open a file");
			n++;
			break;
		case 1:
			if (eventfd(n, EFD_CLOEXEC) < 0)
				fail(board, "cannot make an event file");
			n++;
			break;
		default:
			if (pipe2(pipes, O_CLOEXEC) < 0 || write(pipes[1], "x", 1) != 1)
				fail(board, "cannot make a pipe");
			n += 2;
		}
	}
}

static void *sleep_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

void build_threads(unsigned int n, struct board *board)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (unsigned int i = 0; i < n; i++) {
		errno = pthread_create(&thread, &attr, sleep_for_ever, NULL);
		if (errno)
			fail(board, "cannot make a thread");
	}
	pthread_attr_destroy(&attr);
}

struct built build(const struct shape *shape, struct board *board)
{
	struct built built = build_memory(shape, board);

	if (shape->nr_mappings)
		build_mappings(shape, board);
	if (shape->nr_descriptors)
		build_descriptors(shape, board);
	build_threads(shape->nr_threads - 1, board);
	__atomic_fetch_add(&board->nr_ready, 1, __ATOMIC_SEQ_CST);
	return built;
}
