// SPDX-License-Identifier: GPL-2.0-or-later
/* The noop backend, through the public API alone. */
#include "support.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static struct ptree *context(void)
{
	struct ptree *p;

	assert_int_equal(ptree_open(&p, PTREE_BACKEND_NOOP), 0);
	assert_string_equal(ptree_backend_name(p), "noop");
	return p;
}

static struct ptree_clone *clone_named(struct ptree *p, const char *name, uint64_t flags)
{
	struct ptree_clone_options options = { .size = sizeof(options), .name = name, .flags = flags };
	struct ptree_clone *c;

	if (ptree_clone(p, getppid(), &options, &c) < 0)
		fail_msg("%s", ptree_error_message(p));
	return c;
}

static void clone_is_found_by_id_name_and_pid(void **state)
{
	struct ptree *p = context();
	struct ptree_clone *c = clone_named(p, "first", 0), *d;
	const struct ptree_pair *pairs;
	char pid[16];

	(void)state;
	assert_string_equal(ptree_clone_name(c), "first");
	assert_int_equal(ptree_clone_source_pid(c), getppid());
	assert_int_equal(ptree_clone_pairs(c, &pairs), 1);
	assert_int_equal(pairs[0].source, getppid());
	assert_int_equal(pairs[0].twin, ptree_clone_root_pid(c));
	assert_int_equal(ptree_get(p, "first", &d), 0);
	ptree_clone_unref(d);
	assert_int_equal(ptree_get(p, ptree_clone_id(c), &d), 0);
	ptree_clone_unref(d);
	snprintf(pid, sizeof(pid), "%d", ptree_clone_root_pid(c));
	assert_int_equal(ptree_get(p, pid, &d), 0);
	ptree_clone_unref(d);
	assert_int_equal(ptree_get_by_pid(p, ptree_clone_root_pid(c), &d), 0);
	ptree_clone_unref(d);
	assert_int_equal(ptree_get(p, "second", &d), -ENOENT);
	assert_non_null(strstr(ptree_error_message(p), "second"));
	ptree_clone_unref(c);
	ptree_close(p);
}

static void name_can_be_had_once(void **state)
{
	struct ptree_clone_options options = { .size = sizeof(options), .name = "mine" };
	struct ptree *p = context();
	struct ptree_clone *c = clone_named(p, "mine", 0);

	(void)state;
	assert_int_equal(ptree_clone(p, getppid(), &options, NULL), -EEXIST);
	assert_int_equal(ptree_clone_terminate(p, c), 0);
	assert_int_equal(ptree_clone(p, getppid(), &options, NULL), 0);
	ptree_clone_unref(c);
	ptree_close(p);
}

static void held_clone_is_frozen_until_thawed(void **state)
{
	struct ptree *p = context();
	struct ptree_clone *c = clone_named(p, NULL, PTREE_CLONE_HOLD);

	(void)state;
	assert_int_equal(ptree_clone_state(c), PTREE_STATE_FROZEN);
	assert_int_equal(ptree_clone_thaw(p, c), 0);
	assert_int_equal(ptree_clone_state(c), PTREE_STATE_RUNNING);
	assert_int_equal(ptree_clone_freeze(p, c), 0);
	assert_int_equal(ptree_clone_state(c), PTREE_STATE_FROZEN);
	ptree_clone_unref(c);
	ptree_close(p);
}

static void killed_clone_leaves_the_list_and_a_status(void **state)
{
	struct ptree *p = context();
	struct ptree_clone *c = clone_named(p, NULL, 0), **clones;
	int status;

	(void)state;
	assert_int_equal(ptree_list(p, &clones), 1);
	ptree_clone_unref(clones[0]);
	free(clones);
	assert_int_equal(ptree_clone_wait(p, c, 0, &status), -ETIMEDOUT);
	assert_int_equal(ptree_clone_kill(p, c, PTREE_WHOM_ALL, 0), 0);
	assert_int_equal(ptree_clone_kill(p, c, PTREE_WHOM_ROOT, SIGTERM), 0);
	assert_int_equal(ptree_clone_wait(p, c, 0, &status), 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_int_equal(ptree_clone_kill(p, c, PTREE_WHOM_ROOT, SIGTERM), -ESRCH);
	assert_int_equal(ptree_list(p, &clones), 0);
	free(clones);
	ptree_clone_unref(c);
	ptree_close(p);
}

static void terminal_echoes(void **state)
{
	struct ptree *p = context();
	struct ptree_clone *c = clone_named(p, NULL, 0);
	_cleanup_close_ int fd = ptree_clone_attach(p, c);
	char got[4];

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "ab\n", 3), 3);
	test_wait_for(read(fd, got, sizeof(got)) == 4);
	assert_memory_equal(got, "ab\r\n", 4);
	ptree_clone_terminate(p, c);
	assert_int_equal(ptree_clone_attach(p, c), -ESRCH);
	ptree_clone_unref(c);
	ptree_close(p);
}

static int next_step;

static void step_comes(enum ptree_step step, void *userdata)
{
	assert_ptr_equal(userdata, &next_step);
	assert_int_equal(step, next_step++);
}

static void progress_hears_every_step_in_order(void **state)
{
	struct ptree_clone_options options = { .size = sizeof(options), .progress = step_comes, .userdata = &next_step };
	struct ptree *p = context();

	(void)state;
	assert_int_equal(ptree_clone(p, getppid(), &options, NULL), 0);
	assert_int_equal(next_step, _PTREE_STEP_MAX);
	ptree_close(p);
}

static void caller_and_init_are_refused_here_too(void **state)
{
	struct ptree *p = context();

	(void)state;
	assert_int_equal(ptree_clone(p, getpid(), NULL, NULL), -EDEADLK);
	assert_int_equal(ptree_error_pid(p), getpid());
	assert_int_equal(ptree_clone(p, 1, NULL, NULL), -EINVAL);
	ptree_close(p);
}

static void inspect_tells_what_a_clone_would_share_and_refuse(void **state)
{
	struct ptree_clone_options options = { .size = sizeof(options), .share_list = "pipes" };
	struct ptree *p = context();
	struct ptree_report *r;

	(void)state;
	assert_int_equal(ptree_inspect(p, getppid(), &options, &r), 0);
	assert_int_equal(ptree_report_count(r, PTREE_POLICY_REFUSE), 0);
	assert_int_equal(ptree_report_count(r, PTREE_POLICY_SHARE), ptree_report_nr(r));
	assert_true(ptree_report_nr(r) > 0);
	assert_null(ptree_report_object(r, ptree_report_nr(r)));
	assert_null(ptree_report_free(r));

	assert_int_equal(ptree_inspect(p, getpid(), NULL, &r), 0);
	assert_int_equal(ptree_report_object(r, 0)->policy, PTREE_POLICY_REFUSE);
	ptree_report_free(r);
	assert_int_equal(ptree_inspect(p, 0, NULL, &r), -EINVAL);
	ptree_close(p);
}

static void clone_reports_what_it_shares(void **state)
{
	struct ptree *p = context();
	struct ptree_clone *c = clone_named(p, NULL, 0), *d;

	(void)state;
	assert_true(ptree_report_nr(ptree_clone_report(c)) > 0);
	assert_int_equal(ptree_get(p, ptree_clone_id(c), &d), 0);
	assert_int_equal(ptree_report_nr(ptree_clone_report(d)), ptree_report_nr(ptree_clone_report(c)));
	ptree_clone_unref(c);
	ptree_clone_unref(d);
	ptree_close(p);
}

static void what_does_not_go_together_is_refused_by_name(void **state)
{
	struct ptree_clone_options options = { .size = sizeof(options), .files = "copy", .share_list = "mnt" };
	struct ptree *p = context();

	(void)state;
	assert_int_equal(ptree_clone(p, getppid(), &options, NULL), -EINVAL);
	assert_non_null(strstr(ptree_error_message(p), "files=copy"));
	ptree_close(p);
}

static void fork_returns_the_id_of_its_clone(void **state)
{
	struct ptree_clone_options twice = { .size = sizeof(twice), .name = "twice" };
	struct ptree_clone_options unix_too = { .size = sizeof(unix_too), .share_list = "pipes,unix" };
	struct ptree *p = context();
	struct ptree_clone *c;
	char text[24];
	int64_t id;

	(void)state;
	id = ptree_fork(p, &twice);
	assert_true(id > 0);
	snprintf(text, sizeof(text), "%lld", (long long)id);
	assert_int_equal(ptree_get(p, text, &c), 0);
	assert_string_equal(ptree_clone_name(c), "twice");
	assert_int_equal(ptree_clone_source_pid(c), getpid());
	ptree_clone_unref(c);
	assert_true(ptree_fork(p, &twice) == -EEXIST);
	assert_true(ptree_fork(p, NULL) == id + 1);
	assert_true(ptree_fork(p, &unix_too) == -EINVAL);
	assert_non_null(strstr(ptree_error_message(p), "leave unix out of share"));
	ptree_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clone_is_found_by_id_name_and_pid),
		cmocka_unit_test(name_can_be_had_once),
		cmocka_unit_test(held_clone_is_frozen_until_thawed),
		cmocka_unit_test(killed_clone_leaves_the_list_and_a_status),
		cmocka_unit_test(terminal_echoes),
		cmocka_unit_test(progress_hears_every_step_in_order),
		cmocka_unit_test(caller_and_init_are_refused_here_too),
		cmocka_unit_test(inspect_tells_what_a_clone_would_share_and_refuse),
		cmocka_unit_test(clone_reports_what_it_shares),
		cmocka_unit_test(fork_returns_the_id_of_its_clone),
		cmocka_unit_test(what_does_not_go_together_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
