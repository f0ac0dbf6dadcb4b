// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that call the kernel without a pause, so that the clone comes at any instruction of entry and exit: each call
 * still returns what it must, and page faults find their pages.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "witness.h"

enum { GETPID, FILE_READ, MAP, THREADS, YIELD, NR };

struct worker {
	pthread_t thread;
	volatile uint64_t rounds;
};

static struct worker workers[NR];
static volatile bool stop;
static pid_t pid;

static void *nothing(void *argument) { return argument; }

static void round_file(int fd)
{
	char head[4];

	CHECK_EQUAL(pread(fd, head, sizeof(head), 0), sizeof(head));
	CHECK(memcmp(head, "\177ELF", sizeof(head)) == 0);
}

static void round_map(uint64_t n)
{
	volatile uint64_t *map = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(map != MAP_FAILED);
	for (size_t i = 0; i < (1 << 16) / sizeof(*map); i += 512)
		map[i] = n + i;
	for (size_t i = 0; i < (1 << 16) / sizeof(*map); i += 512)
		CHECK_EQUAL(map[i], n + i);
	CHECK_EQUAL(munmap((void *)map, 1 << 16), 0);
}

static void round_threads(void)
{
	pthread_t thread;
	void *result = NULL;

	thread = witness_thread(nothing, &pid);
	CHECK_EQUAL(pthread_join(thread, &result), 0);
	CHECK(result == &pid);
}

static void *work(void *argument)
{
	struct worker *w = argument;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	MUST(fd >= 0);
	/* Or who clones us gets no time on a slow machine. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), 15);
	while (!stop) {
		switch (w - workers) {
		case GETPID:
			CHECK_EQUAL(syscall(SYS_getpid), pid);
			break;
		case FILE_READ:
			round_file(fd);
			break;
		case MAP:
			round_map(w->rounds);
			break;
		case THREADS:
			round_threads();
			break;
		case YIELD:
			sched_yield();
			break;
		}
		w->rounds++;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t before[NR];

	witness_start(argc, argv);
	pid = getpid();
	for (int i = 0; i < NR; i++)
		workers[i].thread = witness_thread(work, &workers[i]);
	for (int i = 0; i < NR; i++)
		AWAIT(workers[i].rounds > 10);
	witness_ready();

	for (int i = 0; i < NR; i++)
		before[i] = workers[i].rounds;
	for (int i = 0; i < NR; i++)
		AWAIT(workers[i].rounds > before[i] + 20);
	stop = true;
	for (int i = 0; i < NR; i++)
		CHECK_EQUAL(pthread_join(workers[i].thread, NULL), 0);
	return witness_verdict();
}
