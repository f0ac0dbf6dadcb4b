// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pause: how long a source is paused, and how long a clone takes in all, beside plain fork() of the same processes and
 * beside CRIU, all in one run.
 *
 * Method. A tree of --processes processes is built, each with --mib MiB of touched anonymous memory. In each of --runs
 * rounds, one after the other: every member forks once, alone, and times its own fork() call (the sum is the
 * comparator); the tree is cloned and the held clone is ended; and, with --criu, it is dumped with --leave-running and
 * restored in a pid namespace of its own, images on tmpfs. Pause and total are what ptree_clone() reports; the pause is
 * from the first write to cgroup.freeze to the last. CRIU is timed from outside, as processes.
 *
 * Output: JSON lines, one per quantity: machine, kernel, commit, scenario, what, unit, n, median, p99.
 */
#include <getopt.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ptree.h"

#define MAX_RUNS 1000
#define READY_TIMEOUT_USEC (120ULL * 1000 * 1000)

/* Between the bench and the members, who sleep until they are asked. Shared memory. */
struct board {
	unsigned int nr_ready;
	uint64_t fork_usec;	/* the answer of the last who was asked */
	sem_t answered;
	sem_t asked[];		/* one for each member: fork! */
};

struct scenario {
	unsigned int nr_processes;
	unsigned int mib;
	unsigned int nr_runs;
	bool criu;
};

struct samples {
	const char *what;
	size_t n;
	uint64_t usec[MAX_RUNS];
};

static uint64_t now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "pause: %s\n", what);
	exit(EXIT_FAILURE);
}

static void samples_add(struct samples *s, uint64_t usec)
{
	s->usec[s->n++] = usec;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t samples_quantile(struct samples *s, unsigned int percent)
{
	qsort(s->usec, s->n, sizeof(s->usec[0]), compare);
	return s->n ? s->usec[(s->n * percent + 99) / 100 - 1] : 0;
}

static uint64_t samples_print(const struct scenario *scenario, struct samples *s)
{
	uint64_t median = samples_quantile(s, 50);
	struct utsname uts;

	uname(&uts);
	printf("{\"bench\":\"pause\",\"machine\":\"%s, %ld CPUs\",\"kernel\":\"%s\",\"commit\":\"%s\",\"processes\":%u,\"mib\":%u,"
	       "\"what\":\"%s\",\"unit\":\"us\",\"n\":%zu,\"median\":%llu,\"p99\":%llu}\n",
	       uts.machine, sysconf(_SC_NPROCESSORS_ONLN), uts.release, getenv("PTREE_COMMIT") ?: "unknown",
	       scenario->nr_processes, scenario->mib, s->what, s->n, (unsigned long long)median,
	       (unsigned long long)samples_quantile(s, 99));
	fflush(stdout);
	return median;
}

static void ratio_print(const struct scenario *scenario, const char *what, uint64_t a, uint64_t b)
{
	printf("{\"bench\":\"pause\",\"processes\":%u,\"mib\":%u,\"what\":\"%s\",\"unit\":\"ratio\",\"median\":%.3f}\n",
	       scenario->nr_processes, scenario->mib, what, b ? (double)a / (double)b : 0);
	fflush(stdout);
}

/* One member: touches its memory, then forks whenever it is its turn. */
static _Noreturn void member_run(struct board *board, int index, size_t size_bytes)
{
	volatile char *memory = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		_exit(EXIT_FAILURE);
	madvise((void *)memory, size_bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size_bytes; i += 4096)
		memory[i] = 1;
	__atomic_fetch_add(&board->nr_ready, 1, __ATOMIC_SEQ_CST);

	for (;;) {
		uint64_t begin;
		pid_t child;

		if (sem_wait(&board->asked[index]) < 0)
			continue;
		begin = now_usec();
		child = fork();
		if (child == 0)
			_exit(0);
		board->fork_usec = now_usec() - begin;
		waitpid(child, NULL, 0);
		sem_post(&board->answered);
	}
}

static pid_t tree_start(struct board *board, const struct scenario *scenario)
{
	size_t size_bytes = (size_t)scenario->mib << 20;
	uint64_t deadline = now_usec() + READY_TIMEOUT_USEC;
	pid_t root = fork();

	if (root < 0)
		fail("cannot fork");
	if (root == 0) {
		setsid();
		for (unsigned int i = 1; i < scenario->nr_processes; i++)
			if (fork() == 0)
				member_run(board, (int)i, size_bytes);
		member_run(board, 0, size_bytes);
	}
	while (__atomic_load_n(&board->nr_ready, __ATOMIC_SEQ_CST) < scenario->nr_processes) {
		if (now_usec() > deadline)
			fail("the tree does not get ready");
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	return root;
}

static uint64_t forks_time(struct board *board, const struct scenario *scenario)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < scenario->nr_processes; i++) {
		sem_post(&board->asked[i]);
		while (sem_wait(&board->answered) < 0)
			;
		sum += board->fork_usec;
	}
	return sum;
}

static void clone_time(struct ptree *p, pid_t root, struct samples *pause, struct samples *total)
{
	struct ptree_clone_options options = {
		.size = sizeof(options), .flags = PTREE_CLONE_HOLD, .max_pause_usec = 60 * 1000 * 1000,
	};
	struct ptree_clone *c;

	if (ptree_clone(p, root, &options, &c) < 0)
		fail(ptree_error_message(p));
	samples_add(pause, ptree_clone_pause_usec(c));
	samples_add(total, ptree_clone_total_usec(c));
	if (ptree_clone_terminate(p, c) < 0)
		fail(ptree_error_message(p));
	ptree_clone_unref(c);
}

/* Dump and restore, as a user would type it. Returns 0 if CRIU is not there or cannot do it. */
static uint64_t criu_time(pid_t root)
{
	char command[1024];
	uint64_t begin, usec;
	int status;

	snprintf(command, sizeof(command),
		 "set -e; d=$(mktemp -d /dev/shm/ptree-criu.XXXXXX); trap 'rm -rf $d' EXIT; "
		 "criu dump -t %d --leave-running --shell-job -D $d -o dump.log; "
		 "unshare --pid --fork --mount-proc --kill-child "
		 "sh -c \"criu restore -d --shell-job -D $d -o restore.log --pidfile $d/pid\"",
		 root);
	begin = now_usec();
	status = system(command);
	usec = now_usec() - begin;
	return status == 0 ? usec : 0;
}

static void scenario_run(struct ptree *p, const struct scenario *scenario)
{
	static struct samples forks, pause, total, criu;
	struct board *board;
	uint64_t fork_median, pause_median, total_median;
	size_t size_bytes;
	pid_t root;

	forks = (struct samples){ .what = "sum of plain fork()" };
	pause = (struct samples){ .what = "pause" };
	total = (struct samples){ .what = "total" };
	criu = (struct samples){ .what = "criu dump and restore" };
	size_bytes = sizeof(*board) + scenario->nr_processes * sizeof(board->asked[0]);
	board = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		fail("no memory");
	sem_init(&board->answered, 1, 0);
	for (unsigned int i = 0; i < scenario->nr_processes; i++)
		sem_init(&board->asked[i], 1, 0);
	root = tree_start(board, scenario);

	for (unsigned int i = 0; i < scenario->nr_runs; i++) {
		samples_add(&forks, forks_time(board, scenario));
		clone_time(p, root, &pause, &total);
		if (scenario->criu) {
			uint64_t usec = criu_time(root);

			if (usec)
				samples_add(&criu, usec);
			else
				fprintf(stderr, "pause: criu cannot dump or restore this tree; its words are above\n");
		}
	}
	kill(-root, SIGKILL);
	waitpid(root, NULL, 0);
	munmap(board, size_bytes);

	fork_median = samples_print(scenario, &forks);
	pause_median = samples_print(scenario, &pause);
	total_median = samples_print(scenario, &total);
	ratio_print(scenario, "pause / sum of plain fork()", pause_median, fork_median);
	ratio_print(scenario, "total / sum of plain fork()", total_median, fork_median);
	if (criu.n > 0) {
		uint64_t criu_median = samples_print(scenario, &criu);

		ratio_print(scenario, "criu / pause", criu_median, pause_median);
		ratio_print(scenario, "criu / total", criu_median, total_median);
	}
}

static _Noreturn void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: pause [--processes=N] [--mib=N] [--runs=N] [--criu]\n"
		"\n"
		"Pause and total of a clone beside plain fork() of the same processes, as JSON lines. Needs root and\n"
		"the kernel module. Without --processes: 1 process of 4 MiB, then 100 of 16 MiB.\n");
	exit(status);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "processes", required_argument, NULL, 'p' }, { "mib", required_argument, NULL, 'm' },
		{ "runs", required_argument, NULL, 'r' },      { "criu", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },	       { NULL, 0, NULL, 0 },
	};
	struct scenario scenario = { .nr_processes = 0, .mib = 4, .nr_runs = 10 };
	struct ptree *p = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 'p': scenario.nr_processes = (unsigned int)strtoul(optarg, NULL, 10); break;
		case 'm': scenario.mib = (unsigned int)strtoul(optarg, NULL, 10); break;
		case 'r': scenario.nr_runs = (unsigned int)strtoul(optarg, NULL, 10); break;
		case 'c': scenario.criu = true; break;
		case 'h': usage(0);
		default: usage(2);
		}
	}
	if (optind < argc || !scenario.nr_runs || scenario.nr_runs > MAX_RUNS || !scenario.mib)
		usage(2);
	if (ptree_open(&p, PTREE_BACKEND_DIRECT) < 0)
		fail(p ? ptree_error_message(p) : "out of memory");

	if (scenario.nr_processes) {
		scenario_run(p, &scenario);
	} else {
		scenario.nr_processes = 1;
		scenario_run(p, &scenario);
		scenario.nr_processes = 100;
		scenario.mib = 16;
		scenario_run(p, &scenario);
	}
	ptree_close(p);
	return 0;
}
