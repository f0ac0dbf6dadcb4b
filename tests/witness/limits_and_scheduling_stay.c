// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umask, working directory, root directory, resource limits, personality, oom_score_adj, I/O priority; and per thread
 * nice value, affinity and scheduling policy.
 */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "witness.h"

#define NR_THREADS 5
#define IOPRIO_WHO_PROCESS 1

struct scheduling {
	int policy, priority, nice, ioprio;
	cpu_set_t affinity;
};

static volatile int ready;

static struct scheduling scheduling(void)
{
	struct sched_param param = { 0 };
	struct scheduling s;

	memset(&s, 0, sizeof(s));
	s.policy = sched_getscheduler(0);
	CHECK_EQUAL(sched_getparam(0, &param), 0);
	s.priority = param.sched_priority;
	errno = 0;
	s.nice = getpriority(PRIO_PROCESS, (id_t)gettid());
	s.ioprio = (int)syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);
	CHECK_EQUAL(sched_getaffinity(0, sizeof(s.affinity), &s.affinity), 0);
	return s;
}

static void same(const struct scheduling *before)
{
	struct scheduling now = scheduling();

	CHECK_EQUAL(now.policy, before->policy);
	CHECK_EQUAL(now.priority, before->priority);
	CHECK_EQUAL(now.nice, before->nice);
	CHECK_EQUAL(now.ioprio, before->ioprio);
	CHECK(CPU_EQUAL(&now.affinity, &before->affinity));
}

static void choose(int n)
{
	struct sched_param none = { 0 }, priority = { .sched_priority = 7 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(n % (int)sysconf(_SC_NPROCESSORS_ONLN), &set);
	MUST(sched_setaffinity(0, sizeof(set), &set) == 0);
	switch (n) {
	case 0:
		MUST(sched_setscheduler(0, SCHED_BATCH, &none) == 0);
		MUST(setpriority(PRIO_PROCESS, (id_t)gettid(), 11) == 0);
		break;
	case 1:
		MUST(sched_setscheduler(0, SCHED_FIFO, &priority) == 0);
		break;
	case 2:
		MUST(sched_setscheduler(0, SCHED_IDLE, &none) == 0);
		break;
	case 3:
		MUST(setpriority(PRIO_PROCESS, (id_t)gettid(), -7) == 0);
		MUST(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, 2 << 13 | 6) == 0);
		break;
	case 4:
		MUST(sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &priority) == 0);
		break;
	}
}

static void *body(void *argument)
{
	struct scheduling before;

	choose((int)(intptr_t)argument);
	before = scheduling();
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();
	same(&before);
	return NULL;
}

static void oom_write(const char *text)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static int oom_read(void)
{
	char text[16] = "";
	int fd = open("/proc/self/oom_score_adj", O_RDONLY);

	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atoi(text);
}

/* Its root directory is not the host's: it tells by its exit status alone. */
static int in_a_root_of_its_own(void *argument)
{
	int dir = open(argument, O_RDONLY | O_DIRECTORY), status = 0;
	struct stat before, now;

	MUST(dir >= 0 && chroot("/usr") == 0 && chdir("/bin") == 0);
	MUST(stat("/", &before) == 0);
	while (faccessat(dir, "go", F_OK, 0) < 0)
		witness_sleep_usec(5000);
	if (stat("/", &now) < 0 || now.st_ino != before.st_ino || now.st_dev != before.st_dev)
		status |= 1;
	if (access("/lib/os-release", F_OK) < 0 || access("/usr", F_OK) == 0)
		status |= 2;
	if (stat(".", &now) < 0 || stat("/bin", &before) < 0 || now.st_ino != before.st_ino)
		status |= 4;
	return status;
}

int main(int argc, char **argv)
{
	struct rlimit core = { 12345, 67890 }, files = { 333, 444 }, limit;
	char *before, dir[PATH_MAX];
	struct scheduling mine;
	pthread_t threads[NR_THREADS];
	pid_t rooted;

	witness_start(argc, argv);
	MUST(realpath(argv[1], dir));
	rooted = witness_fork(in_a_root_of_its_own, dir);
	umask(0037);
	MUST(chdir("/usr/lib") == 0);
	before = getcwd(NULL, 0);
	MUST(setrlimit(RLIMIT_CORE, &core) == 0);
	MUST(setrlimit(RLIMIT_NOFILE, &files) == 0);
	MUST(personality(ADDR_NO_RANDOMIZE | UNAME26) >= 0);
	oom_write("321");
	MUST(setpriority(PRIO_PROCESS, 0, 3) == 0);
	for (int i = 0; i < NR_THREADS; i++)
		threads[i] = witness_thread(body, (void *)(intptr_t)i);
	AWAIT(ready == NR_THREADS);
	mine = scheduling();
	witness_ready();

	same(&mine);
	CHECK_EQUAL(umask(0037), 0037);
	CHECK(strcmp(getcwd(dir, sizeof(dir)), before) == 0);
	CHECK(getrlimit(RLIMIT_CORE, &limit) == 0 && memcmp(&limit, &core, sizeof(limit)) == 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && memcmp(&limit, &files, sizeof(limit)) == 0);
	CHECK_EQUAL(personality(0xffffffff), ADDR_NO_RANDOMIZE | UNAME26);
	CHECK_EQUAL(oom_read(), 321);
	for (int i = 0; i < NR_THREADS; i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	witness_reap(rooted, EXITED(0));
	return witness_verdict();
}
