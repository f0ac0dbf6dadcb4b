// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be seen of processes that run: inspect-process.c, and inspect.c as far as it goes without the kernel module. */
#include "support.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "inspect-process.h"
#include "inspect.h"

/* The report of the processes of a tree. */
static struct ptree_report *inspect(pid_t pid)
{
	struct ptree_report *r = ptree_report_new();
	struct ptree_op *op;

	assert_int_equal(ptree_op_new(pid, -1, &op), 0);
	assert_true(ptree_walk_again(op) >= 0);
	for (size_t i = 0; i < op->nr_members; i++)
		assert_int_equal(ptree_inspect_process(r, op->members[i]), 0);
	ptree_op_free(op);
	return r;
}

static void nothing_is_in_the_way_of_a_plain_tree(void **state)
{
	pid_t root = test_tree(3, 2);
	struct ptree_report *r = inspect(root);

	(void)state;
	assert_int_equal(ptree_report_nr(r), 0);
	ptree_report_free(r);
	test_tree_end(root);
}

static void stopped_processes_are_in_nobody_s_way(void **state)
{
	pid_t root = test_tree(0, 0);
	struct ptree_report *r;
	int status;

	(void)state;
	kill(root, SIGSTOP);
	assert_int_equal(waitpid(root, &status, WUNTRACED), root);
	r = inspect(root);
	assert_int_equal(ptree_report_nr(r), 0);
	ptree_report_free(r);
	test_tree_end(root);
}

static pid_t with_memory(int advice)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		madvise(memory, 4096, advice);
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void memory_that_fork_leaves_out_is_not_in_the_way(void **state)
{
	pid_t pid = with_memory(MADV_DONTFORK);
	struct ptree_report *r;

	(void)state;
	test_needs_root();
	r = inspect(pid);
	assert_int_equal(ptree_report_nr(r), 0);
	ptree_report_free(r);
	test_tree_end(pid);
}

/* Some kernels mark their rings as what else stands in the way. */
static void contexts_of_asynchronous_io_are_not_in_the_way(void **state)
{
	struct ptree_report *r;
	int ready[2];
	char made;
	pid_t pid;

	(void)state;
	test_needs_root();
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		unsigned long context = 0;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		made = syscall(SYS_io_setup, 1, &context) == 0;
		(void)!write(ready[1], &made, 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &made, 1), 1);
	r = inspect(pid);
	assert_int_equal(ptree_report_nr(r), 0);
	ptree_report_free(r);
	close(ready[0]);
	close(ready[1]);
	test_tree_end(pid);
	if (!made)
		skip();
}

static int sharer_run(void *argument)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)!write(*(int *)argument, "", 1);
	for (;;)
		pause();
	return 0;
}

/* A child that shares the table of files with its parent. */
static void shared_tables_are_not_in_the_way(void **state)
{
	static char stack[65536];
	struct ptree_report *r;
	int ready[2];
	pid_t root;
	char c;

	(void)state;
	test_needs_root();
	assert_int_equal(pipe(ready), 0);
	root = fork();
	if (root == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		clone(sharer_run, stack + sizeof(stack), CLONE_FILES | SIGCHLD, &ready[1]);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	r = inspect(root);
	assert_int_equal(ptree_report_nr(r), 0);
	ptree_report_free(r);
	close(ready[0]);
	close(ready[1]);
	test_tree_end(root);
}

static void a_root_that_is_never_cloned_is_told_and_not_walked(void **state)
{
	struct ptree_report *r;
	struct ptree_op *op;

	(void)state;
	assert_int_equal(ptree_op_new(getpid(), -1, &op), 0);
	assert_int_equal(ptree_op_inspect(op, &r), 0);
	assert_int_equal(op->nr_members, 0);
	assert_int_equal(ptree_report_nr(r), 1);
	assert_int_equal(ptree_report_object(r, 0)->policy, PTREE_POLICY_REFUSE);
	assert_null(strstr(ptree_report_object(r, 0)->description, "walk:"));
	ptree_report_free(r);
	ptree_op_free(op);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_in_the_way_of_a_plain_tree),
		cmocka_unit_test(stopped_processes_are_in_nobody_s_way),
		cmocka_unit_test(memory_that_fork_leaves_out_is_not_in_the_way),
		cmocka_unit_test(contexts_of_asynchronous_io_are_not_in_the_way),
		cmocka_unit_test(shared_tables_are_not_in_the_way),
		cmocka_unit_test(a_root_that_is_never_cloned_is_told_and_not_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
