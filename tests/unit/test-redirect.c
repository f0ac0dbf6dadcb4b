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

/* A root whose descriptors 0, 1, 2 and 9 are of the files that @of says; a child has the same as its 1. */
struct tree {
	struct ptree_member root, child, *members[2];
	struct ptree_file files[4];
	struct ptree_fd fds[5];
	struct ptree_op op;
};

static void tree_make(struct tree *t, const int of[4])
{
	static const int numbers[] = { 0, 1, 2, 9 };
	size_t nr = 0;

	*t = (struct tree){ .members = { &t->root, &t->child } };
	for (int f = 0; f < 4; f++) {
		t->files[f] = (struct ptree_file){ .twin_fd = -1, .replaced_by = -1, .policy = PTREE_POLICY_REFUSE };
		t->files[f].fds = &t->fds[nr];
		for (int i = 0; i < 4; i++)
			if (of[i] == f)
				t->fds[nr++] = (struct ptree_fd){ &t->root, &t->files[f], numbers[i], false };
		if (of[1] == f)
			t->fds[nr++] = (struct ptree_fd){ &t->child, &t->files[f], 1, false };
		t->files[f].nr_fds = (size_t)(&t->fds[nr] - t->files[f].fds);
	}
	t->op.members = t->members;
	t->op.nr_members = 2;
	t->op.files = (struct ptree_files){ .files = t->files, .nr_files = 4, .fds = t->fds, .nr_fds = nr };
	for (int i = 0; i < PTREE_NR_STDIO; i++)
		t->op.stdio_fds[i] = -1;
}

static void tree_done(struct tree *t)
{
	for (int i = 0; i < 4; i++)
		free(t->files[i].note);
}

static void a_file_of_its_own_is_replaced_wherever_it_is(void **state)
{
	struct tree t;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	tree_make(&t, (int[]){ 0, 1, 2, 1 });
	t.op.stdio_fds[1] = null;
	assert_int_equal(ptree_redirect_judge(&t.op), 0);
	assert_int_equal(t.files[1].replaced_by, null);
	assert_true(t.files[1].gone);
	assert_int_not_equal(t.files[1].policy, PTREE_POLICY_REFUSE);
	assert_false(t.files[0].redirected);
	assert_int_equal(t.files[2].policy, PTREE_POLICY_REFUSE);
	tree_done(&t);
	close(null);
}

static void a_file_under_several_numbers_is_replaced_by_number(void **state)
{
	struct tree t;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), other = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	/* One of three is given: the rest stays. */
	tree_make(&t, (int[]){ 0, 0, 0, 3 });
	t.op.stdio_fds[1] = null;
	assert_int_equal(ptree_redirect_judge(&t.op), 0);
	assert_true(t.files[0].redirected);
	assert_int_equal(t.files[0].replaced_by, -1);
	assert_false(t.files[0].gone);
	assert_int_equal(t.files[0].policy, PTREE_POLICY_REFUSE);
	tree_done(&t);

	/* All three are given, but not alike: nothing stays but what is under another number. */
	tree_make(&t, (int[]){ 0, 0, 0, 3 });
	t.op.stdio_fds[0] = other;
	t.op.stdio_fds[1] = t.op.stdio_fds[2] = null;
	assert_int_equal(ptree_redirect_judge(&t.op), 0);
	assert_int_equal(t.files[0].replaced_by, -1);
	assert_true(t.files[0].gone);
	tree_done(&t);
	tree_make(&t, (int[]){ 0, 0, 0, 0 });
	t.op.stdio_fds[0] = other;
	t.op.stdio_fds[1] = t.op.stdio_fds[2] = null;
	assert_int_equal(ptree_redirect_judge(&t.op), 0);
	assert_false(t.files[0].gone);
	tree_done(&t);

	/* All three by one. */
	tree_make(&t, (int[]){ 0, 0, 0, 0 });
	t.op.stdio_fds[0] = t.op.stdio_fds[1] = null;
	t.op.stdio_fds[2] = dup(null);
	assert_int_equal(ptree_redirect_judge(&t.op), 0);
	assert_true(t.files[0].replaced_by >= 0);
	assert_true(t.files[0].gone);
	close(t.op.stdio_fds[2]);
	tree_done(&t);
	close(null);
	close(other);
}

static void what_is_closed_cannot_be_replaced(void **state)
{
	struct tree t;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	tree_make(&t, (int[]){ -1, 1, 2, 3 });
	assert_int_equal(ptree_redirect_judge(&t.op), 0);
	t.op.stdio_fds[0] = null;
	assert_int_equal(ptree_redirect_judge(&t.op), -EINVAL);
	assert_non_null(strstr(t.op.error.message, "no stdin (descriptor 0)"));
	tree_done(&t);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_must_be_open_the_right_way),
		cmocka_unit_test(the_op_has_copies_of_its_own),
		cmocka_unit_test(a_file_of_its_own_is_replaced_wherever_it_is),
		cmocka_unit_test(a_file_under_several_numbers_is_replaced_by_number),
		cmocka_unit_test(what_is_closed_cannot_be_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
