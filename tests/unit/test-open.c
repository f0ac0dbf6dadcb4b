// SPDX-License-Identifier: GPL-2.0-or-later
/* The front: arguments, options, backends: open.c, check.c. */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

static struct ptree *context(void)
{
	struct ptree *p;

	assert_int_equal(ptree_open(&p, PTREE_BACKEND_NOOP), 0);
	return p;
}

static void environment_decides_for_auto_only(void **state)
{
	struct ptree *p;

	(void)state;
	setenv("PTREE_BACKEND", "noop", 1);
	assert_int_equal(ptree_open(&p, PTREE_BACKEND_AUTO), 0);
	assert_string_equal(ptree_backend_name(p), "noop");
	ptree_close(p);
	setenv("PTREE_BACKEND", "nonsense", 1);
	assert_int_equal(ptree_open(&p, PTREE_BACKEND_AUTO), -EINVAL);
	assert_non_null(strstr(ptree_error_message(p), "PTREE_BACKEND"));
	ptree_close(p);
	assert_int_equal(ptree_open(&p, PTREE_BACKEND_NOOP), 0);
	ptree_close(p);
	unsetenv("PTREE_BACKEND");
}

static void failed_context_keeps_its_sentence(void **state)
{
	struct ptree_clone **clones;
	struct ptree *p;

	(void)state;
	assert_int_equal(ptree_open(&p, 99), -EINVAL);
	assert_string_equal(ptree_backend_name(p), "none");
	assert_int_equal(ptree_list(p, &clones), -EINVAL);
	assert_string_not_equal(ptree_error_message(p), "");
	assert_null(ptree_close(p));
	assert_null(ptree_close(NULL));
}

static void options_of_every_size_are_understood(void **state)
{
	struct {
		struct ptree_clone_options known;
		uint64_t later;
	} options = { .known.size = sizeof(options) };
	struct ptree *p = context();

	(void)state;
	assert_int_equal(ptree_clone(p, getppid(), &options.known, NULL), 0);	/* newer, but uses nothing new */
	options.later = 1;
	assert_int_equal(ptree_clone(p, getppid(), &options.known, NULL), -EINVAL);
	options.known.flags = ~UINT64_C(0);
	options.known.size = sizeof(size_t);					/* older: no flags yet */
	assert_int_equal(ptree_clone(p, getppid(), &options.known, NULL), 0);
	options.known.size = 0;
	assert_int_equal(ptree_clone(p, getppid(), &options.known, NULL), -EINVAL);
	ptree_close(p);
}

static void bad_options_are_refused_with_a_sentence(void **state)
{
	struct ptree_clone_options flags = { .size = sizeof(flags), .flags = 1 << 20 };
	struct ptree_clone_options name = { .size = sizeof(name), .name = "a/b" };
	struct ptree_clone_options list = { .size = sizeof(list), .sever_list = "pipes,files" };
	struct ptree_clone_options stdio = { .size = sizeof(stdio), .stdio_fds = (int[]){ -1, -1, 1 << 20 } };
	struct ptree_clone_options pause = { .size = sizeof(pause), .max_pause_usec = UINT64_MAX };
	struct ptree *p = context();

	(void)state;
	assert_int_equal(ptree_clone(p, getppid(), &flags, NULL), -EINVAL);
	assert_non_null(strstr(ptree_error_message(p), "0x100000"));
	assert_int_equal(ptree_clone(p, getppid(), &name, NULL), -EINVAL);
	assert_non_null(strstr(ptree_error_message(p), "a/b"));
	assert_int_equal(ptree_clone(p, getppid(), &pause, NULL), -EINVAL);
	assert_int_equal(ptree_clone(p, getppid(), &list, NULL), -EINVAL);
	assert_non_null(strstr(ptree_error_message(p), "sever=files"));
	assert_int_equal(ptree_clone(p, getppid(), &stdio, NULL), -EBADF);
	assert_non_null(strstr(ptree_error_message(p), "stderr"));
	ptree_close(p);
}

static void bad_numbers_are_refused_with_a_sentence(void **state)
{
	struct ptree *p = context();
	struct ptree_clone *c;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t gone;

	(void)state;
	gone = test_tree(0, 0);
	test_tree_end(gone);
	assert_int_equal(ptree_clone(p, 0, NULL, NULL), -EINVAL);
	assert_int_equal(ptree_clone(p, -5, NULL, NULL), -EINVAL);
	assert_int_equal(ptree_clone(p, gone, NULL, NULL), -ESRCH);
	assert_int_equal(ptree_error_pid(p), gone);
	assert_int_equal(ptree_clone_pidfd(p, fd, NULL, NULL), -EBADF);
	assert_int_equal(ptree_clone_pidfd(p, -1, NULL, NULL), -EBADF);
	assert_int_equal(ptree_get_by_pid(p, 0, &c), -EINVAL);
	assert_int_equal(ptree_get(p, "", &c), -EINVAL);
	close(fd);
	ptree_close(p);
}

static void success_forgets_the_last_error(void **state)
{
	struct ptree_clone **clones, *c;
	struct ptree *p = context();

	(void)state;
	assert_int_equal(ptree_get(p, "nobody", &c), -ENOENT);
	assert_string_not_equal(ptree_error_message(p), "");
	assert_int_equal(ptree_list(p, &clones), 0);
	assert_string_equal(ptree_error_message(p), "");
	free(clones);
	ptree_close(p);
}

static void check_says_something_about_everything(void **state)
{
	struct ptree_check_item *items;
	struct ptree *p = context();
	int n = ptree_check(p, &items);

	(void)state;
	assert_true(n >= 5);
	for (int i = 0; i < n; i++) {
		assert_non_null(items[i].name);
		assert_true(strlen(items[i].detail) > 0);
		assert_true(items[i].result <= 0);
	}
	ptree_check_free(items, (size_t)n);
	ptree_check_free(NULL, 0);
	ptree_close(p);
}

static void direct_clone_of_nobody_fails_at_the_walk(void **state)
{
	struct ptree_registry r;
	struct ptree *p;

	(void)state;
	test_needs_root();
	r = test_registry();
	assert_int_equal(ptree_open(&p, PTREE_BACKEND_DIRECT), 0);
	assert_int_equal(ptree_clone(p, getpid(), NULL, NULL), -EDEADLK);
	assert_int_equal(ptree_error_pid(p), getpid());
	assert_int_equal(ptree_clone(p, 1, NULL, NULL), -EINVAL);
	ptree_close(p);
	test_registry_remove(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environment_decides_for_auto_only),
		cmocka_unit_test(failed_context_keeps_its_sentence),
		cmocka_unit_test(options_of_every_size_are_understood),
		cmocka_unit_test(bad_options_are_refused_with_a_sentence),
		cmocka_unit_test(bad_numbers_are_refused_with_a_sentence),
		cmocka_unit_test(success_forgets_the_last_error),
		cmocka_unit_test(check_says_something_about_everything),
		cmocka_unit_test(direct_clone_of_nobody_fails_at_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
