// SPDX-License-Identifier: GPL-2.0-or-later
/* Handles, words and names: clone.c. */
#include "support.h"

#include <string.h>

static void every_step_and_state_has_a_word(void **state)
{
	(void)state;
	for (int i = 0; i < _PTREE_STEP_MAX; i++)
		assert_non_null(ptree_step_name(i));
	assert_string_equal(ptree_step_name(PTREE_STEP_WALK), "walk");
	assert_null(ptree_step_name(_PTREE_STEP_MAX));
	assert_null(ptree_step_name(-1));
	assert_string_equal(ptree_state_name(PTREE_STATE_FROZEN), "frozen");
	assert_null(ptree_state_name(99));
}

static void names_are_letters_digits_and_three_signs(void **state)
{
	char name[66];

	(void)state;
	assert_true(ptree_name_is_valid("a"));
	assert_true(ptree_name_is_valid("Redis_7.2-clone"));
	assert_true(ptree_name_is_valid("7a"));
	assert_false(ptree_name_is_valid(""));
	assert_false(ptree_name_is_valid("7"));
	assert_false(ptree_name_is_valid("a b"));
	assert_false(ptree_name_is_valid("a/b"));
	assert_false(ptree_name_is_valid("ä"));
	assert_false(ptree_name_is_valid("a\n"));
	memset(name, 'x', sizeof(name));
	name[64] = '\0';
	assert_true(ptree_name_is_valid(name));
	name[64] = 'x';
	name[65] = '\0';
	assert_false(ptree_name_is_valid(name));
}

static void pid_is_a_whole_number_above_zero(void **state)
{
	static const char *const wrong[] = { "", "0", "-1", "+1", " 1", "1 ", "1x", "0x10", "2147483648", "99999999999999999999" };
	pid_t pid = -7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(ptree_pid_parse(wrong[i], &pid), -EINVAL);
	assert_int_equal(pid, -7);
	assert_int_equal(ptree_pid_parse("4312", &pid), 0);
	assert_int_equal(pid, 4312);
}

static void handles_are_counted(void **state)
{
	struct ptree_clone *c = ptree_clone_new();

	(void)state;
	assert_ptr_equal(ptree_clone_ref(c), c);
	assert_null(ptree_clone_unref(c));
	assert_string_equal(ptree_clone_id(c), "");
	assert_null(ptree_clone_unref(c));
	assert_null(ptree_clone_unref(NULL));
}

static void clones_are_sorted_by_number_not_by_letter(void **state)
{
	struct ptree_clone nine = { .id = (char *)"9" }, ten = { .id = (char *)"10" };
	struct ptree_clone *a = &nine, *b = &ten;

	(void)state;
	assert_true(ptree_clone_compare(&a, &b) < 0);
	assert_true(ptree_clone_compare(&b, &a) > 0);
	assert_int_equal(ptree_clone_compare(&a, &a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step_and_state_has_a_word),
		cmocka_unit_test(names_are_letters_digits_and_three_signs),
		cmocka_unit_test(pid_is_a_whole_number_above_zero),
		cmocka_unit_test(handles_are_counted),
		cmocka_unit_test(clones_are_sorted_by_number_not_by_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
