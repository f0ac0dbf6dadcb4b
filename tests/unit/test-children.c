// SPDX-License-Identifier: GPL-2.0-or-later
/* Children and threads of a process: children.c. */
#include "support.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "children.h"
#include "proc.h"

static int task_open(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void children_come_in_the_order_of_birth(void **state)
{
	struct ptree_pids list = { 0 };
	pid_t root = test_tree(100, 1);
	int fd = task_open(root);
	uint64_t last = 0;

	(void)state;
	assert_int_equal(ptree_children_read(fd, &list), 1);
	assert_int_equal(list.nr, 100);
	for (size_t i = 0; i < list.nr; i++) {
		uint64_t start = ptree_proc_start(list.pids[i]);

		assert_true(start >= last);
		last = start;
	}
	free(list.pids);
	close(fd);
	test_tree_end(root);
}

static void *thread_with_child(void *pid)
{
	*(pid_t *)pid = fork();
	if (*(pid_t *)pid == 0)
		for (;;)
			pause();
	for (;;)
		pause();
	return NULL;
}

static void children_of_every_thread_count(void **state)
{
	struct ptree_pids list = { 0 }, threads = { 0 };
	static pid_t pids[3];
	int fd = task_open(getpid());

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, thread_with_child, &pids[i]), 0);
		test_wait_for(pids[i] != 0);
	}
	assert_int_equal(ptree_children_read(fd, &list), 4);
	assert_int_equal(list.nr, 3);
	assert_int_equal(ptree_threads_read(fd, &threads), 4);
	assert_int_equal(threads.pids[0], getpid());
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	free(list.pids);
	free(threads.pids);
	close(fd);
}

static void list_of_many_children_is_read_whole(void **state)
{
	struct ptree_pids list = { 0 };
	pid_t root = test_tree(900, 1); /* more than 4096 bytes of numbers */
	int fd = task_open(root);

	(void)state;
	assert_int_equal(ptree_children_read(fd, &list), 1);
	assert_int_equal(list.nr, 900);
	for (size_t i = 0; i < list.nr; i++)
		assert_int_not_equal(ptree_proc_start(list.pids[i]), 0);
	free(list.pids);
	close(fd);
	test_tree_end(root);
}

static void process_that_is_gone_has_no_threads(void **state)
{
	struct ptree_pids list = { 0 };
	pid_t root = test_tree(0, 0);
	int fd = task_open(root);

	(void)state;
	test_tree_end(root);
	assert_int_equal(ptree_children_read(fd, &list), 0);
	assert_int_equal(list.nr, 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_come_in_the_order_of_birth),
		cmocka_unit_test(list_of_many_children_is_read_whole),
		cmocka_unit_test(process_that_is_gone_has_no_threads),
		cmocka_unit_test(children_of_every_thread_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
