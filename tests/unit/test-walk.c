// SPDX-License-Identifier: GPL-2.0-or-later
/* Who belongs and who is refused: walk.c and member.c, on real processes. */
#include "support.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "proc.h"
#include "walk.h"

static void assert_refused(struct ptree_op *op, int r, int code, const char *part)
{
	assert_int_equal(r, code);
	assert_int_equal(op->error.code, code);
	if (!strstr(op->error.message, part))
		fail_msg("\"%s\" does not say \"%s\"", op->error.message, part);
	assert_true(strncmp(op->error.message, "walk: ", 6) == 0);
}

static int refuse_root(struct ptree_op *op)
{
	struct ptree_proc_stat stat;

	return ptree_walk_refuse_root(op, &stat);
}

static void every_process_of_a_tree_is_found_parents_first(void **state)
{
	struct ptree_registry r = test_registry();
	pid_t root = test_tree(3, 4);
	struct ptree_op *op = test_op(root, &r);

	(void)state;
	assert_int_equal(refuse_root(op), 0);
	assert_int_equal(op->root_number, root);
	assert_int_equal(ptree_walk(op), 0);
	assert_int_equal(op->nr_members, 13);
	assert_int_equal(op->members[0]->pid, root);
	for (size_t i = 0; i < op->nr_members; i++) {
		const struct ptree_member *m = op->members[i];

		assert_int_equal(m->depth, i == 0 ? 0 : (i - 1) % 4 + 1);
		assert_ptr_equal(ptree_walk_find(op, m->pid), m);
		assert_int_equal(ptree_proc_pidfd_pid(m->pidfd), m->pid);
		assert_int_equal(m->nr_threads, 1);
		assert_false(m->zombie);
		assert_non_null(m->cgroup);
	}
	assert_null(ptree_walk_find(op, getpid()));
	assert_int_equal(ptree_walk_again(op), 0);
	test_op_end(op);
	test_tree_end(root);
	test_registry_remove(&r);
}

static void next_pass_finds_the_new_and_drops_the_dead(void **state)
{
	struct ptree_registry r = test_registry();
	pid_t root, children[2];
	struct ptree_op *op;
	int orders[2], answers[2];
	char c;

	(void)state;
	assert_int_equal(pipe2(orders, O_CLOEXEC), 0);
	assert_int_equal(pipe2(answers, O_CLOEXEC), 0);
	root = fork();
	if (root == 0) {
		pid_t first = fork(), second;

		if (first == 0)
			for (;;)
				pause();
		(void)!write(answers[1], "", 1);
		(void)!read(orders[0], &c, 1);
		kill(first, SIGKILL);
		waitpid(first, NULL, 0);
		second = fork();
		if (second == 0)
			for (;;)
				pause();
		(void)!write(answers[1], "", 1);
		(void)!read(orders[0], &c, 1);
		kill(second, SIGKILL);
		_exit(0);
	}
	assert_int_equal(read(answers[0], &c, 1), 1);
	op = test_op(root, &r);
	assert_int_equal(ptree_walk(op), 0);
	assert_int_equal(op->nr_members, 2);
	children[0] = op->members[1]->pid;
	assert_int_equal(write(orders[1], "", 1), 1);
	assert_int_equal(read(answers[0], &c, 1), 1);
	assert_int_equal(ptree_walk_again(op), 1);
	assert_int_equal(op->nr_members, 2);
	children[1] = op->members[1]->pid;
	assert_int_not_equal(children[0], children[1]);
	assert_null(ptree_walk_find(op, children[0]));
	test_op_end(op);
	assert_int_equal(write(orders[1], "", 1), 1);
	waitpid(root, NULL, 0);
	test_registry_remove(&r);
}

static void zombies_are_members(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_op *op;
	pid_t root;

	(void)state;
	root = fork();
	if (root == 0) {
		if (fork() == 0)
			_exit(3);
		for (;;)
			pause();
	}
	op = test_op(root, &r);
	for (int i = 0; i < 1000; i++) {
		ptree_walk_done(op);
		assert_int_equal(ptree_walk(op), 0);
		if (op->nr_members == 2 && op->members[1]->zombie)
			break;
		usleep(1000);
	}
	assert_int_equal(op->nr_members, 2);
	assert_true(op->members[1]->zombie);
	test_op_end(op);
	test_tree_end(root);
	test_registry_remove(&r);
}

static void init_is_refused(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_op *op = test_op(1, &r);

	(void)state;
	assert_refused(op, refuse_root(op), -EINVAL, "pid 1");
	test_op_end(op);
	test_registry_remove(&r);
}

static void kernel_thread_is_refused(void **state)
{
	struct ptree_registry r;
	struct ptree_op *op;

	(void)state;
	if (ptree_proc_start(2) == 0 || access("/proc/2/exe", R_OK) == 0)
		skip();
	r = test_registry();
	op = test_op(2, &r);
	assert_refused(op, refuse_root(op), -EINVAL, "kernel thread");
	test_op_end(op);
	test_registry_remove(&r);
}

static void caller_and_its_ancestors_are_refused(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_op *op = test_op(getpid(), &r);

	(void)state;
	assert_refused(op, refuse_root(op), -EDEADLK, "the caller");
	assert_refused(op, ptree_walk(op), -EDEADLK, "the caller");
	test_op_end(op);
	if (getppid() != 1) {
		op = test_op(getppid(), &r);
		assert_refused(op, refuse_root(op), -EDEADLK, "the caller");
		test_op_end(op);
	}
	test_registry_remove(&r);
}

static void protected_member_is_refused(void **state)
{
	struct ptree_registry r = test_registry();
	pid_t root = test_tree(2, 2);
	struct ptree_op *op = test_op(root, &r);
	pid_t member;

	(void)state;
	assert_int_equal(ptree_walk(op), 0);
	member = op->members[2]->pid;
	assert_int_equal(ptree_op_protect(op, member), 0);
	assert_refused(op, refuse_root(op), -EDEADLK, "holds pid");
	assert_refused(op, ptree_walk(op), -EDEADLK, "ptreed");
	assert_int_equal(op->error.pid, member);
	test_op_end(op);
	test_tree_end(root);
	test_registry_remove(&r);
}

static void process_that_has_exited_is_refused(void **state)
{
	struct ptree_registry r = test_registry();
	pid_t root = test_tree(0, 0);
	struct ptree_op *op = test_op(root, &r);

	(void)state;
	test_tree_end(root);
	assert_refused(op, refuse_root(op), -ESRCH, "no process");
	assert_refused(op, ptree_walk(op), -ESRCH, "no process");
	test_op_end(op);
	assert_int_equal(ptree_op_new(root, -1, &op), -ESRCH);
	assert_refused(op, op->error.code, -ESRCH, "no process");
	ptree_op_free(op);
	test_registry_remove(&r);
}

static void traced_member_is_refused(void **state)
{
	struct ptree_registry r = test_registry();
	pid_t root = test_tree(1, 1);
	struct ptree_op *op = test_op(root, &r);
	pid_t member;

	(void)state;
	assert_int_equal(ptree_walk(op), 0);
	member = op->members[1]->pid;
	if (ptrace(PTRACE_SEIZE, member, 0, 0) < 0) {
		test_op_end(op);
		test_tree_end(root);
		skip();
	}
	assert_refused(op, ptree_walk(op), -EBUSY, "traced");
	assert_int_equal(op->error.pid, member);
	ptrace(PTRACE_DETACH, member, 0, 0);
	test_op_end(op);
	test_tree_end(root);
	test_registry_remove(&r);
}

static int nested_init(void *ready)
{
	(void)!write(*(int *)ready, "", 1);
	for (;;)
		pause();
	return 0;
}

static void nested_pid_namespaces_are_walked(void **state)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct ptree_registry r;
	struct ptree_op *op;
	int ready[2];
	pid_t root, inner;
	char c;

	(void)state;
	test_needs_root();
	r = test_registry();
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	root = fork();
	if (root == 0) {
		clone(nested_init, stack + sizeof(stack), CLONE_NEWPID | SIGCHLD, &ready[1]);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	op = test_op(root, &r);
	assert_int_equal(refuse_root(op), 0);
	assert_int_equal(ptree_walk(op), 0);
	assert_int_equal(op->nr_members, 2);
	inner = op->members[1]->pid;
	test_op_end(op);

	/* Alone, it is known by the number that it has one level up. */
	op = test_op(inner, &r);
	assert_int_equal(refuse_root(op), 0);
	assert_int_equal(op->root_number, inner);
	assert_int_equal(ptree_walk(op), 0);
	assert_int_equal(op->nr_members, 1);
	test_op_end(op);
	kill(inner, SIGKILL);
	test_tree_end(root);
	test_registry_remove(&r);
}

static void *sleep_on(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void member_whose_main_thread_has_ended_is_no_zombie(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_op *op;
	pid_t root;

	(void)state;
	root = fork();
	if (root == 0) {
		pthread_t thread;

		pthread_create(&thread, NULL, sleep_on, NULL);
		pthread_exit(NULL);
	}
	test_wait_for(({
		struct ptree_proc_stat stat;
		int fd = ptree_proc_open(root);

		assert_int_equal(ptree_proc_stat(fd, &stat), 0);
		close(fd);
		stat.state == 'Z' && stat.nr_threads > 1;
	}));
	op = test_op(root, &r);
	assert_int_equal(ptree_walk(op), 0);
	assert_int_equal(op->nr_members, 1);
	assert_false(op->members[0]->zombie);
	assert_int_not_equal(op->members[0]->living, root);
	assert_int_equal(op->members[0]->living, ptree_proc_living(root));
	test_op_end(op);
	test_tree_end(root);
	test_registry_remove(&r);
}

static void younger_op_on_the_same_tree_waits_for_the_older(void **state)
{
	struct ptree_registry r = test_registry();
	pid_t root = test_tree(1, 1);
	struct ptree_op *older = test_op(root, &r), *younger = test_op(root, &r);
	pid_t helper;

	(void)state;
	assert_int_equal(ptree_walk(older), 0);
	helper = fork();
	if (helper == 0) {
		/* The journal's lock is this process's as well; it lets go a little later. */
		usleep(50000);
		_exit(0);
	}
	ptree_close_fd(older->journal.fd);
	older->journal.fd = -1;
	{
		uint64_t start = ptree_now_usec(CLOCK_MONOTONIC);

		assert_int_equal(ptree_walk(younger), 0);
		assert_true(ptree_now_usec(CLOCK_MONOTONIC) - start >= 20000);
	}
	waitpid(helper, NULL, 0);
	test_op_end(older);
	test_op_end(younger);
	test_tree_end(root);
	test_registry_remove(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_process_of_a_tree_is_found_parents_first),
		cmocka_unit_test(next_pass_finds_the_new_and_drops_the_dead),
		cmocka_unit_test(zombies_are_members),
		cmocka_unit_test(init_is_refused),
		cmocka_unit_test(kernel_thread_is_refused),
		cmocka_unit_test(caller_and_its_ancestors_are_refused),
		cmocka_unit_test(protected_member_is_refused),
		cmocka_unit_test(process_that_has_exited_is_refused),
		cmocka_unit_test(traced_member_is_refused),
		cmocka_unit_test(nested_pid_namespaces_are_walked),
		cmocka_unit_test(member_whose_main_thread_has_ended_is_no_zombie),
		cmocka_unit_test(younger_op_on_the_same_tree_waits_for_the_older),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
