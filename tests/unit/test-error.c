// SPDX-License-Identifier: GPL-2.0-or-later
/* Errors: error.c. */
#include "support.h"

#include <string.h>

static void sentence_has_code_and_pid(void **state)
{
	struct ptree_error e = { 0 };

	(void)state;
	assert_int_equal(ptree_error_set(&e, -ESRCH, 12, "walk: there is no process %d: %m", 12), -ESRCH);
	assert_int_equal(e.code, -ESRCH);
	assert_int_equal(e.pid, 12);
	assert_string_equal(e.message, "walk: there is no process 12: No such process");
}

static void errno_is_left_alone(void **state)
{
	struct ptree_error e = { 0 };

	(void)state;
	errno = EXDEV;
	ptree_error_set(&e, -ESRCH, 0, "%m");
	assert_int_equal(errno, EXDEV);
}

static void old_sentence_may_be_part_of_the_new_one(void **state)
{
	struct ptree_error e = { 0 };

	(void)state;
	ptree_error_set(&e, -EIO, 0, "inner");
	ptree_error_set(&e, -EIO, 0, "outer: %s", e.message);
	assert_string_equal(e.message, "outer: inner");
}

static void overlong_sentence_is_cut_between_characters(void **state)
{
	struct ptree_error e = { 0 };
	char text[2 * sizeof(e.message)];
	size_t n;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "µ", 3);
	ptree_error_set(&e, -EIO, 0, "%s", text);
	n = strlen(e.message);
	assert_true(n < sizeof(e.message) && n > sizeof(e.message) - 4);
	assert_int_equal(n % 2, 0);
}

static void nowhere_to_write_is_fine(void **state)
{
	(void)state;
	assert_int_equal(ptree_error_set(NULL, -EIO, 0, "nobody reads this"), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sentence_has_code_and_pid),
		cmocka_unit_test(errno_is_left_alone),
		cmocka_unit_test(old_sentence_may_be_part_of_the_new_one),
		cmocka_unit_test(overlong_sentence_is_cut_between_characters),
		cmocka_unit_test(nowhere_to_write_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
