// SPDX-License-Identifier: GPL-2.0-or-later
/* The journal: journal.c. */
#include "support.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "proc.h"

static void name_is_taken_while_the_op_runs(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_journal j = PTREE_JOURNAL_INIT;

	(void)state;
	assert_int_equal(ptree_journal_create(&j, &r, 4), 0);
	assert_int_equal(ptree_journal_write(&j, "NAME", "busy-%d", 4), 0);
	assert_int_equal(ptree_journal_name_taken(&r, "busy-4"), 1);
	assert_int_equal(ptree_registry_name_taken(&r, "busy-4"), 1);
	assert_int_equal(ptree_journal_name_taken(&r, "busy"), 0);
	assert_int_equal(ptree_journal_alive(&r, 4), 1);
	ptree_journal_remove(&j);
	assert_int_equal(ptree_journal_name_taken(&r, "busy-4"), 0);
	assert_int_equal(ptree_journal_alive(&r, 4), 0);
	ptree_journal_remove(&j);
	test_registry_remove(&r);
}

static void line_with_a_newline_is_refused(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_journal j = PTREE_JOURNAL_INIT;

	(void)state;
	assert_int_equal(ptree_journal_create(&j, &r, 4), 0);
	assert_int_equal(ptree_journal_write(&j, "NAME", "a\nCGROUP=/"), -EINVAL);
	ptree_journal_remove(&j);
	test_registry_remove(&r);
}

static void recover_leaves_a_living_op_alone(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_journal j = PTREE_JOURNAL_INIT;

	(void)state;
	assert_int_equal(ptree_journal_create(&j, &r, 4), 0);
	assert_int_equal(ptree_journal_recover(&r), 0);
	assert_int_equal(ptree_journal_alive(&r, 4), 1);
	ptree_journal_remove(&j);
	test_registry_remove(&r);
}

static int source_is(uint64_t id, pid_t source, uint64_t start, void *userdata)
{
	return id == 4 && source == *(pid_t *)userdata && start == 99;
}

static void only_older_ops_are_asked_for_their_source(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_journal j = PTREE_JOURNAL_INIT;
	pid_t pid = 1234;

	(void)state;
	assert_int_equal(ptree_journal_create(&j, &r, 4), 0);
	assert_int_equal(ptree_journal_write(&j, "SOURCE", "%d %d", pid, 99), 0);
	assert_int_equal(ptree_journal_each_source(&r, 5, source_is, &pid), 1);
	assert_int_equal(ptree_journal_each_source(&r, 4, source_is, &pid), 0);
	ptree_journal_remove(&j);
	test_registry_remove(&r);
}

/* What an op that was killed leaves behind: a journal that nobody holds. */
static void abandon(struct ptree_journal *j)
{
	close(j->fd);
	j->fd = -1;
}

static void recover_thaws_and_moves_members_back(void **state)
{
	_cleanup_free_ char *home = NULL, *child = NULL, *now = NULL;
	struct ptree_registry r;
	struct ptree_journal j = PTREE_JOURNAL_INIT;
	pid_t root;
	char text[16];
	int fd;

	(void)state;
	test_needs_cgroup();
	r = test_registry();
	root = test_tree(0, 0);
	assert_int_equal(ptree_cgroup_of_pid(root, &home), 0);
	assert_true(asprintf(&child, "%s/ptree.freeze-424242", strcmp(home, "/") == 0 ? "" : home) > 0);
	assert_int_equal(ptree_journal_create(&j, &r, 424242), 0);
	assert_int_equal(ptree_journal_write(&j, "FREEZE", "%s", child), 0);
	assert_int_equal(ptree_journal_write(&j, "CHILD", "%s", child), 0);
	fd = ptree_cgroup_make(child, false);
	assert_true(fd >= 0);
	snprintf(text, sizeof(text), "%d", root);
	assert_int_equal(ptree_cgroup_write(fd, "cgroup.procs", text), 0);
	assert_int_equal(ptree_cgroup_freeze(fd, true, USEC_PER_SEC), 0);
	close(fd);
	abandon(&j);

	assert_int_equal(ptree_journal_recover(&r), 1);
	assert_int_equal(ptree_cgroup_of_pid(root, &now), 0);
	assert_string_equal(now, home);
	assert_int_equal(ptree_cgroup_open(child), -ENOENT);
	assert_int_equal(ptree_journal_recover(&r), 0);
	test_tree_end(root);
	test_registry_remove(&r);
}

static void recover_kills_a_half_made_clone(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_journal j = PTREE_JOURNAL_INIT;
	pid_t init = test_tree(0, 0);
	int status;

	(void)state;
	assert_int_equal(ptree_journal_create(&j, &r, 5), 0);
	assert_int_equal(ptree_journal_write(&j, "INIT", "%d %llu", init, (unsigned long long)ptree_proc_start(init)), 0);
	abandon(&j);
	assert_int_equal(ptree_journal_recover(&r), 1);
	assert_int_equal(waitpid(init, &status, 0), init);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	test_registry_remove(&r);
}

static void recover_spares_whoever_got_the_pid_later(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_journal j = PTREE_JOURNAL_INIT;
	pid_t other = test_tree(0, 0);

	(void)state;
	assert_int_equal(ptree_journal_create(&j, &r, 5), 0);
	assert_int_equal(ptree_journal_write(&j, "INIT", "%d %llu", other,
					     (unsigned long long)ptree_proc_start(other) - 1), 0);
	abandon(&j);
	assert_int_equal(ptree_journal_recover(&r), 1);
	assert_int_equal(kill(other, 0), 0);
	assert_int_equal(waitpid(other, NULL, WNOHANG), 0);
	test_tree_end(other);
	test_registry_remove(&r);
}

static void torn_and_strange_lines_are_skipped(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_journal j = PTREE_JOURNAL_INIT;

	(void)state;
	assert_int_equal(ptree_journal_create(&j, &r, 5), 0);
	assert_int_equal(write(j.fd, "\n=\nINIT=x y\nCHILD=/\nCGROUP=/\nSCOPE=/\nCGROUP=/a\nINIT=12", 54), 54);
	abandon(&j);
	assert_int_equal(ptree_journal_recover(&r), 1);
	test_registry_remove(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_is_taken_while_the_op_runs),
		cmocka_unit_test(line_with_a_newline_is_refused),
		cmocka_unit_test(recover_leaves_a_living_op_alone),
		cmocka_unit_test(only_older_ops_are_asked_for_their_source),
		cmocka_unit_test(recover_thaws_and_moves_members_back),
		cmocka_unit_test(recover_kills_a_half_made_clone),
		cmocka_unit_test(recover_spares_whoever_got_the_pid_later),
		cmocka_unit_test(torn_and_strange_lines_are_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
