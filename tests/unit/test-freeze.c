// SPDX-License-Identifier: GPL-2.0-or-later
/* Freeze and thaw: freeze.c and freezer.c, on real processes and cgroups. */
#include "support.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "proc.h"

static bool is_frozen(const char *path)
{
	_cleanup_close_ int dir = ptree_cgroup_open(path), events = -1;

	events = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	return events >= 0 && ptree_cgroup_event(events, "frozen") == 1;
}

static char *cgroup_of(pid_t pid)
{
	char *path = NULL;

	assert_int_equal(ptree_cgroup_of_pid(pid, &path), 0);
	return path;
}

static void put(const char *path, pid_t pid)
{
	_cleanup_close_ int fd = ptree_cgroup_make(path, true);
	char text[16];

	assert_true(fd >= 0);
	snprintf(text, sizeof(text), "%d", pid);
	assert_int_equal(ptree_cgroup_write(fd, "cgroup.procs", text), 0);
}

static void tree_among_others_is_frozen_below_its_cgroup_and_comes_back(void **state)
{
	_cleanup_free_ char *home = NULL, *during = NULL, *after = NULL;
	struct ptree_registry r;
	struct ptree_op *op;
	pid_t root;

	(void)state;
	test_needs_cgroup();
	r = test_registry();
	root = test_tree(4, 3);
	home = cgroup_of(root);
	op = test_op(root, &r);
	assert_int_equal(ptree_walk(op), 0);
	assert_int_equal(ptree_freeze(op), 0);
	assert_int_equal(op->nr_freezers, 1);
	assert_true(op->freezers[0].made);
	during = cgroup_of(root);
	assert_int_equal(ptree_cgroup_freeze_id(during), op->id);
	assert_true(is_frozen(during));
	assert_true(ptree_op_pause_left(op) < op->max_pause_usec);

	assert_int_equal(ptree_thaw(op), 0);
	after = cgroup_of(root);
	assert_string_equal(after, home);
	assert_int_equal(ptree_cgroup_open(during), -ENOENT);
	assert_true(op->pause_usec > 0);
	assert_int_equal(ptree_thaw(op), 0);
	test_op_end(op);
	test_tree_end(root);
	test_registry_remove(&r);
}

static void tree_that_fills_its_cgroup_is_frozen_where_it_is(void **state)
{
	_cleanup_free_ char *during = NULL;
	struct ptree_registry r;
	struct ptree_op *op;
	pid_t root;

	(void)state;
	test_needs_cgroup();
	r = test_registry();
	root = test_tree(1, 1);
	op = test_op(root, &r);
	assert_int_equal(ptree_walk(op), 0);
	put("/ptree-test-fill", root);
	put("/ptree-test-fill/below", op->members[1]->pid);
	assert_int_equal(ptree_walk(op), 0);
	assert_int_equal(ptree_freeze(op), 0);
	assert_int_equal(op->nr_freezers, 1);
	assert_false(op->freezers[0].made);
	assert_string_equal(op->freezers[0].path, "/ptree-test-fill");
	during = cgroup_of(root);
	assert_string_equal(during, "/ptree-test-fill");
	assert_true(is_frozen(during));
	assert_int_equal(ptree_thaw(op), 0);
	test_wait_for(!is_frozen(during)); /* the first to wake makes it so */
	test_op_end(op);
	test_tree_end(root);
	test_wait_for(ptree_cgroup_remove("/ptree-test-fill") == 0);
	test_registry_remove(&r);
}

static void tree_in_several_cgroups_is_frozen_in_each(void **state)
{
	_cleanup_free_ char *after = NULL;
	struct ptree_registry r;
	struct ptree_op *op;
	pid_t root, stranger;

	(void)state;
	test_needs_cgroup();
	r = test_registry();
	root = test_tree(1, 1);
	stranger = test_tree(0, 0);
	op = test_op(root, &r);
	assert_int_equal(ptree_walk(op), 0);
	put("/ptree-test-a", root);
	put("/ptree-test-a", stranger);
	put("/ptree-test-b", op->members[1]->pid);
	assert_int_equal(ptree_walk(op), 0);
	assert_int_equal(ptree_freeze(op), 0);
	assert_int_equal(op->nr_freezers, 2);
	assert_false(is_frozen("/ptree-test-a"));
	assert_int_equal(ptree_thaw(op), 0);
	after = cgroup_of(op->members[1]->pid);
	assert_string_equal(after, "/ptree-test-b");
	test_op_end(op);
	test_tree_end(root);
	test_tree_end(stranger);
	test_wait_for(ptree_cgroup_remove("/ptree-test-a") == 0);
	test_wait_for(ptree_cgroup_remove("/ptree-test-b") == 0);
	test_registry_remove(&r);
}

static void tree_that_was_frozen_stays_frozen(void **state)
{
	_cleanup_close_ int dir = -1;
	struct ptree_registry r;
	struct ptree_op *op;
	pid_t root;

	(void)state;
	test_needs_cgroup();
	r = test_registry();
	root = test_tree(1, 1);
	op = test_op(root, &r);
	assert_int_equal(ptree_walk(op), 0);
	put("/ptree-test-held", root);
	put("/ptree-test-held", op->members[1]->pid);
	dir = ptree_cgroup_open("/ptree-test-held");
	assert_int_equal(ptree_cgroup_freeze(dir, true, USEC_PER_SEC), 0);
	assert_int_equal(ptree_walk(op), 0);
	assert_int_equal(ptree_freeze(op), 0);
	assert_true(op->freezers[0].made);
	assert_int_equal(ptree_thaw(op), 0);
	assert_true(is_frozen("/ptree-test-held"));
	assert_int_equal(ptree_cgroup_freeze(dir, false, 0), 0);
	test_op_end(op);
	test_tree_end(root);
	test_wait_for(ptree_cgroup_remove("/ptree-test-held") == 0);
	test_registry_remove(&r);
}

#define FORKS_MAX 100000u

/* What outlives a root that is killed comes to us, not to an init that may not care. */
static int become_reaper(void **state)
{
	(void)state;
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static int reap_all(void **state)
{
	(void)state;
	while (wait(NULL) > 0)
		;
	return 0;
}

/* Each generation makes the next and ends; all are children of the root, which is their subreaper. */
static void __attribute__((noreturn)) fork_on(volatile unsigned *nr)
{
	while (*nr < FORKS_MAX) {
		if (fork() == 0) {
			++*nr;
			if (*nr % 4 == 0)
				usleep(500);
			continue;
		}
		_exit(0);
	}
	_exit(0);
}

static void fork_loop_ends_frozen_or_refused_in_time(void **state)
{
	volatile unsigned *nr = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct ptree_registry r;
	struct ptree_op *op;
	unsigned before;
	pid_t root;
	int result;

	(void)state;
	test_needs_cgroup();
	r = test_registry();
	root = fork();
	if (root == 0) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (fork() == 0)
			fork_on(nr);
		for (;;)
			if (wait(NULL) < 0)
				usleep(100);
	}
	usleep(20000);
	op = test_op(root, &r);
	op->max_pause_usec = USEC_PER_SEC;
	result = ptree_walk(op);
	if (result == 0)
		result = ptree_freeze(op);
	if (result == 0) {
		before = *nr;
		usleep(20000);
		assert_int_equal(*nr, before);
		assert_int_equal(ptree_walk_again(op), 0);
	} else {
		assert_int_equal(result, -ETIMEDOUT);
		assert_non_null(strstr(op->error.message, "freeze: "));
	}
	ptree_discard(op);
	before = *nr;
	test_wait_for(*nr != before); /* it runs on */
	*nr = FORKS_MAX;
	test_op_end(op);
	test_tree_end(root);
	test_registry_remove(&r);
	munmap((void *)nr, 4096);
}

static int vfork_child(void *unused)
{
	(void)unused;
	usleep(400000);
	_exit(0);
}

static void source_is_thawed_when_the_deadline_passes(void **state)
{
	static char stack[65536] __attribute__((aligned(16)));
	_cleanup_free_ char *home = NULL, *after = NULL;
	struct ptree_registry r;
	struct ptree_op *op;
	pid_t root;
	int result;

	(void)state;
	test_needs_cgroup();
	r = test_registry();
	root = fork();
	if (root == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			clone(vfork_child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	}
	usleep(20000);
	home = cgroup_of(root);
	op = test_op(root, &r);
	op->max_pause_usec = 1;
	assert_int_equal(ptree_walk(op), 0);
	result = ptree_freeze(op);
	assert_int_equal(result, -ETIMEDOUT);
	assert_non_null(strstr(op->error.message, "runs on"));
	ptree_discard(op);
	after = cgroup_of(root);
	assert_string_equal(after, home);
	test_op_end(op);
	test_tree_end(root);
	test_registry_remove(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_among_others_is_frozen_below_its_cgroup_and_comes_back),
		cmocka_unit_test(tree_that_fills_its_cgroup_is_frozen_where_it_is),
		cmocka_unit_test(tree_in_several_cgroups_is_frozen_in_each),
		cmocka_unit_test(tree_that_was_frozen_stays_frozen),
		cmocka_unit_test_setup_teardown(fork_loop_ends_frozen_or_refused_in_time, become_reaper, reap_all),
		cmocka_unit_test(source_is_thawed_when_the_deadline_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
