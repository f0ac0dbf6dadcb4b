// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes whose main thread has ended while others run on: these do, the main thread stays ended, files and memory are
 * there, and who waits for the process gets the status that it ends with: of exit_group(), or of the last thread.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "witness.h"

#define NR 2
#define NR_THREADS 3

static struct {
	volatile int go, living;
	struct {
		volatile pid_t tids[NR_THREADS];
		volatile int started, ok;
	} processes[NR];
} *page;

static int number;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static __thread pid_t own_tid;
static int fds[2];

static char main_state(pid_t pid)
{
	char path[64], text[256] = "", *end;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd >= 0) {
		ssize_t n = read(fd, text, sizeof(text) - 1);

		text[n > 0 ? n : 0] = '\0';
		close(fd);
	}
	end = strrchr(text, ')');
	return end ? end[2] : '?';
}

static void *thread(void *argument)
{
	int i = (int)(intptr_t)argument, status;
	char byte = 0;
	pid_t child;
	bool ok;

	own_tid = (pid_t)syscall(SYS_gettid);
	page->processes[number].tids[i] = own_tid;
	__atomic_fetch_add(&page->processes[number].started, 1, __ATOMIC_SEQ_CST);
	while (!page->go)
		witness_sleep_usec(2000);

	pthread_mutex_lock(&mutex);
	ok = own_tid == syscall(SYS_gettid) && syscall(SYS_tgkill, getpid(), own_tid, 0) == 0 && main_state(getpid()) == 'Z';
	/* The one pipe of the process: one byte for each thread went in before. */
	ok = ok && read(fds[0], &byte, 1) == 1 && byte == 'x';
	child = fork();
	if (child == 0)
		_exit(4);
	ok = ok && waitpid(child, &status, 0) == child && status == EXITED(4);
	pthread_mutex_unlock(&mutex);
	if (ok)
		__atomic_fetch_add(&page->processes[number].ok, 1, __ATOMIC_SEQ_CST);

	if (number == 1)
		syscall(SYS_exit, 6);
	while (page->processes[number].ok < NR_THREADS)
		witness_sleep_usec(2000);
	_exit(9);
}

static int process(void *argument)
{
	number = (int)(intptr_t)argument;
	if (pipe(fds) < 0 || write(fds[1], "xxx", NR_THREADS) != NR_THREADS)
		return 1;
	for (int i = 0; i < NR_THREADS; i++)
		witness_thread(thread, (void *)(intptr_t)i);
	syscall(SYS_exit, 3);
	return 1;
}

int main(int argc, char **argv)
{
	pid_t children[NR];

	witness_start(argc, argv);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(page != MAP_FAILED);
	for (int n = 0; n < NR; n++)
		children[n] = witness_fork(process, (void *)(intptr_t)n);
	for (int n = 0; n < NR; n++) {
		AWAIT(page->processes[n].started == NR_THREADS);
		AWAIT(main_state(children[n]) == 'Z');
	}
	witness_ready();

	for (int n = 0; n < NR; n++)
		AWAIT(main_state(children[n]) == 'Z');
	page->go = 1;
	witness_reap(children[0], EXITED(9));
	/* That of the last thread. */
	witness_reap(children[1], EXITED(6));
	for (int n = 0; n < NR; n++)
		CHECK_EQUAL(page->processes[n].ok, NR_THREADS);
	return witness_verdict();
}
