// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program with threads, children and a timer clones itself: 0 in the clone, the clone's id in the source. All its threads
 * and children are on both sides, a signal does not end the call, and on neither side anything of it is left.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/time.h>

#include "forking.h"

#define NR_THREADS	4
#define NR_CHILDREN	3

static atomic_uint counts[NR_THREADS], nr_ticks;
static atomic_bool over;
static unsigned nr_hooks;

static void *count(void *argument)
{
	while (!over) {
		atomic_fetch_add((atomic_uint *)argument, 1);
		witness_sleep_usec(1000);
	}
	return NULL;
}

static void tick(int signal)
{
	(void)signal;
	nr_ticks++;
}

static void hook(void *userdata)
{
	(*(unsigned *)userdata)++;
}

/* Answers one byte with the next one. */
static int answer(void *argument)
{
	const int *fds = argument;
	char c;

	if (read(fds[0], &c, 1) != 1)
		return 1;
	c++;
	return write(fds[3], &c, 1) == 1 ? 7 : 1;
}

static void judge_members(int (*pipes)[4], const pid_t *children)
{
	for (size_t i = 0; i < NR_THREADS; i++) {
		unsigned before = counts[i];

		AWAIT(counts[i] > before);
	}
	for (size_t i = 0; i < NR_CHILDREN; i++) {
		char c = witness_is_clone() ? 'c' : 's', got = 0;

		CHECK(write(pipes[i][1], &c, 1) == 1 && read(pipes[i][2], &got, 1) == 1);
		CHECK_EQUAL(got, c + 1);
		witness_reap(children[i], EXITED(7));
	}
}

/* The handle that the id leads to. */
static void judge_clone(struct ptree *p, int64_t id)
{
	struct ptree_clone *c = NULL;
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)id);
	CHECK_EQUAL(ptree_get(p, text, &c), 0);
	if (!c)
		return;
	CHECK_EQUAL(ptree_clone_source_pid(c), getpid());
	CHECK_EQUAL(ptree_clone_nr_processes(c), 1 + NR_CHILDREN);
	CHECK_EQUAL(ptree_clone_nr_threads(c), 1 + NR_THREADS + NR_CHILDREN);
	CHECK_EQUAL(ptree_clone_uid(c), getuid());
	ptree_clone_unref(c);
}

int main(int argc, char **argv)
{
	const struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = { 0 };
	struct sigaction action = { .sa_handler = tick };
	unsigned nr_fds, nr_before;
	int pipes[NR_CHILDREN][4];
	pthread_t threads[NR_THREADS];
	pid_t children[NR_CHILDREN], pid = getpid();
	uint64_t generation;
	struct ptree *p;
	int64_t id;

	forking_start(argc, argv);
	for (size_t i = 0; i < NR_CHILDREN; i++) {
		MUST(pipe2(pipes[i], O_CLOEXEC) == 0 && pipe2(pipes[i] + 2, O_CLOEXEC) == 0);
		children[i] = witness_fork(answer, pipes[i]);
		close(pipes[i][0]);
		close(pipes[i][3]);
	}
	for (size_t i = 0; i < NR_THREADS; i++)
		threads[i] = witness_thread(count, &counts[i]);
	MUST(ptree_at_clone(hook, &nr_hooks) == 0);
	generation = ptree_generation();
	nr_fds = forking_nr_fds();
	p = forking_context();
	nr_before = forking_nr_fds();
	sigaction(SIGALRM, &action, NULL); /* no SA_RESTART */
	setitimer(ITIMER_REAL, &often, NULL);

	id = forking_fork(p, NULL);

	setitimer(ITIMER_REAL, &never, NULL);
	CHECK_EQUAL(id == 0, witness_is_clone());
	CHECK_EQUAL(nr_hooks, witness_is_clone());
	CHECK_EQUAL(ptree_generation() == generation, !witness_is_clone());
	CHECK_EQUAL(getpid(), pid);
	CHECK(nr_ticks > 0);
	/* What the context itself has open it has in the clone when it is used there. */
	if (id > 0) {
		CHECK_EQUAL(forking_nr_fds(), nr_before);
		judge_clone(p, id);
	} else {
		CHECK_EQUAL(forking_nr_fds(), nr_fds);
	}
	/* Not before the source has looked for it may the clone end. */
	witness_meet("judged");
	judge_members(pipes, children);
	over = true;
	for (size_t i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD);
	ptree_close(p);
	CHECK_EQUAL(forking_nr_fds(), nr_fds);
	return witness_verdict();
}
