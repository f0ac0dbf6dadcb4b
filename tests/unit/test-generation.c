// SPDX-License-Identifier: GPL-2.0-or-later
/* Generations and hooks: generation.c. A clone is what finds the sentinel wiped and has the same pid. */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "generation.h"

static unsigned nr_called, nr_other;
static uint64_t seen;

static void hook(void *userdata)
{
	assert_ptr_equal(userdata, &nr_called);
	seen = ptree_generation();
	nr_called++;
}

static void other_hook(void *userdata)
{
	(void)userdata;
	assert_int_equal(nr_other++, nr_called - 1);
	assert_int_equal(ptree_at_clone(hook, NULL), -EBUSY);
	assert_int_equal(ptree_at_clone_remove(hook, NULL), -EBUSY);
}

/* What the kernel does to the page in a clone. */
static void become_a_clone(void)
{
	assert_int_equal(madvise(ptree_sentinel(), 4096, MADV_DONTNEED), 0);
}

static int hooks_none(void **state)
{
	(void)state;
	nr_called = nr_other = 0;
	seen = 0;
	while (ptree_at_clone_remove(hook, &nr_called) == 0 || ptree_at_clone_remove(other_hook, NULL) == 0)
		;
	return 0;
}

static void number_stays_until_the_process_is_copied(void **state)
{
	uint64_t first = ptree_generation(), second;

	(void)state;
	assert_true(first != 0);
	assert_true(ptree_generation() == first);
	become_a_clone();
	second = ptree_generation();
	assert_true(second != 0 && second != first);
	assert_true(ptree_generation() == second);
}

static void no_two_clones_have_one_number(void **state)
{
	uint64_t numbers[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		become_a_clone();
		numbers[i] = ptree_generation();
		for (size_t j = 0; j < i; j++)
			assert_true(numbers[i] != numbers[j]);
	}
}

static void hooks_run_once_per_clone_in_order(void **state)
{
	(void)state;
	assert_int_equal(ptree_at_clone(NULL, NULL), -EINVAL);
	assert_int_equal(ptree_at_clone(hook, &nr_called), 0);
	assert_int_equal(ptree_at_clone(other_hook, NULL), 0);
	assert_int_equal(nr_called, 0);
	become_a_clone();
	assert_int_equal(nr_called, 0);
	assert_true(ptree_generation() == seen);
	assert_int_equal(nr_called, 1);
	assert_int_equal(nr_other, 1);
	assert_true(ptree_generation() == seen);
	assert_int_equal(nr_called, 1);
	become_a_clone();
	ptree_generation();
	assert_int_equal(nr_called, 2);
	assert_int_equal(nr_other, 2);
}

static void removed_hooks_do_not_run(void **state)
{
	(void)state;
	assert_int_equal(ptree_at_clone_remove(hook, &nr_called), -ENOENT);
	assert_int_equal(ptree_at_clone(hook, &nr_called), 0);
	assert_int_equal(ptree_at_clone(hook, &nr_called), 0);
	assert_int_equal(ptree_at_clone_remove(hook, &nr_called), 0);
	become_a_clone();
	ptree_generation();
	assert_int_equal(nr_called, 1);
	assert_int_equal(ptree_at_clone_remove(hook, &nr_called), 0);
	assert_int_equal(ptree_at_clone_remove(hook, &nr_called), -ENOENT);
	become_a_clone();
	ptree_generation();
	assert_int_equal(nr_called, 1);
}

/* Cloned while the hooks run: in that clone they run again, from the first one on. */
static void cloned_hook(void *userdata)
{
	unsigned *left = userdata;

	if ((*left)-- == 2)
		become_a_clone();
}

static void hooks_that_are_cloned_begin_anew(void **state)
{
	unsigned left = 2;

	(void)state;
	assert_int_equal(ptree_at_clone(hook, &nr_called), 0);
	assert_int_equal(ptree_at_clone(cloned_hook, &left), 0);
	become_a_clone();
	assert_true(ptree_generation() == seen);
	assert_int_equal(nr_called, 2);
	assert_int_equal(left, 0);
	assert_int_equal(ptree_at_clone_remove(cloned_hook, &left), 0);
}

static int status_of(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void children_of_fork_have_a_number_and_no_hooks(void **state)
{
	uint64_t number = ptree_generation();
	pid_t pid;

	(void)state;
	assert_int_equal(ptree_at_clone(hook, &nr_called), 0);
	pid = fork();
	if (pid == 0) {
		uint64_t own = ptree_generation();

		if (!own || own == number || nr_called != 0)
			_exit(1);
		/* But they are called in its clones. */
		become_a_clone();
		_exit(ptree_generation() == own || nr_called != 1 ? 2 : 0);
	}
	assert_int_equal(status_of(pid), 0);

	/* Past libc, and so past pthread_atfork(). */
	pid = (pid_t)syscall(SYS_fork);
	if (pid == 0)
		_exit(ptree_generation() == number || nr_called != 0);
	assert_int_equal(status_of(pid), 0);
	assert_true(ptree_generation() == number);
}

#define NR_THREADS 8

static atomic_bool go;

static void *ask(void *argument)
{
	uint64_t *ret = argument;

	while (!go)
		;
	*ret = ptree_generation();
	assert_int_equal(nr_called, 1);
	return NULL;
}

static void slow_hook(void *userdata)
{
	usleep(20000);
	hook(userdata);
}

static void threads_wait_until_the_hooks_have_run(void **state)
{
	uint64_t numbers[NR_THREADS];
	pthread_t threads[NR_THREADS];

	(void)state;
	assert_int_equal(ptree_at_clone(slow_hook, &nr_called), 0);
	become_a_clone();
	for (size_t i = 0; i < NR_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &numbers[i]), 0);
	go = true;
	for (size_t i = 0; i < NR_THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_true(numbers[i] == seen);
	}
	assert_int_equal(nr_called, 1);
	assert_int_equal(ptree_at_clone_remove(slow_hook, &nr_called), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(number_stays_until_the_process_is_copied, hooks_none),
		cmocka_unit_test_setup(no_two_clones_have_one_number, hooks_none),
		cmocka_unit_test_setup(hooks_run_once_per_clone_in_order, hooks_none),
		cmocka_unit_test_setup(removed_hooks_do_not_run, hooks_none),
		cmocka_unit_test_setup(hooks_that_are_cloned_begin_anew, hooks_none),
		cmocka_unit_test_setup(children_of_fork_have_a_number_and_no_hooks, hooks_none),
		cmocka_unit_test_setup(threads_wait_until_the_hooks_have_run, hooks_none),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
