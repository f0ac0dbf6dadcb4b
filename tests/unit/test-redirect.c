// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptors that are given for the clone: redirect.c. */
#include "support.h"

#include <fcntl.h>
#include <string.h>

#include "redirect.h"

static void descriptors_must_be_open_the_right_way(void **state)
{
	struct ptree_error e = { 0 };
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC), out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int both = open("/dev/null", O_RDWR | O_CLOEXEC), path = open("/dev/null", O_PATH | O_CLOEXEC);

	(void)state;
	assert_int_equal(ptree_redirect_check(0, -1, &e), 0);
	assert_int_equal(ptree_redirect_check(0, in, &e), 0);
	assert_int_equal(ptree_redirect_check(0, both, &e), 0);
	assert_int_equal(ptree_redirect_check(1, out, &e), 0);
	assert_int_equal(ptree_redirect_check(2, both, &e), 0);
	assert_int_equal(ptree_redirect_check(0, out, &e), -EINVAL);
	assert_non_null(strstr(e.message, "stdin: the file is not open for reading"));
	assert_int_equal(ptree_redirect_check(1, in, &e), -EINVAL);
	assert_non_null(strstr(e.message, "stdout: the file is not open for writing"));
	assert_int_equal(ptree_redirect_check(2, path, &e), -EINVAL);
	assert_int_equal(ptree_redirect_check(0, path, &e), -EINVAL);
	close(path);
	assert_int_equal(ptree_redirect_check(2, path, &e), -EBADF);
	assert_int_equal(ptree_redirect_check(2, -2, &e), -EBADF);
	close(in);
	close(out);
	close(both);
}

static void the_op_has_copies_of_its_own(void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fds[3] = { null, -1, null };
	struct ptree_op *op;

	(void)state;
	assert_int_equal(ptree_op_new(getppid(), -1, &op), 0);
	assert_int_equal(ptree_redirect_take(op, NULL), 0);
	assert_int_equal(op->stdio_fds[0], -1);
	assert_int_equal(ptree_redirect_take(op, fds), 0);
	close(null);
	assert_true(op->stdio_fds[0] > 2 && fcntl(op->stdio_fds[0], F_GETFD) == FD_CLOEXEC);
	assert_int_equal(op->stdio_fds[1], -1);
	assert_true(op->stdio_fds[2] > 2);
	ptree_op_free(op);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_must_be_open_the_right_way),
		cmocka_unit_test(the_op_has_copies_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
