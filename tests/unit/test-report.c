// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports and their text: report.c, report-text.c. */
#include "support.h"

#include <string.h>

#include "report.h"

static void assert_clean(const char *text, const char *expected)
{
	char *clean = ptree_text_clean(text);

	assert_string_equal(clean, expected);
	free(clean);
}

static void text_is_utf8_without_controls(void **state)
{
	(void)state;
	assert_clean(NULL, "");
	assert_clean("plain", "plain");
	assert_clean("grün → 🌳", "grün → 🌳");
	assert_clean("a\tb\nc\x1b[31m\x7f", "a\\x09b\\x0ac\\x1b[31m\\x7f");
	assert_clean("\xff\xc3", "\\xff\\xc3");			/* no UTF-8; cut off */
	assert_clean("\xc0\xaf", "\\xc0\\xaf");			/* "/" in two bytes */
	assert_clean("\xed\xa0\x80", "\\xed\\xa0\\x80");	/* half of a pair of UTF-16 */
	assert_clean("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");	/* beyond the last */
	assert_clean("\xc2\x9b", "\\xc2\\x9b");			/* a control character of 8 bits */
}

static struct ptree_report *some(void)
{
	struct ptree_report *r = ptree_report_new();

	assert_int_equal(ptree_report_add(r, PTREE_POLICY_PRIVATE, "pipe", "first", NULL, NULL), 0);
	assert_int_equal(ptree_report_add_user(r, 12, 0), 0);
	assert_int_equal(ptree_report_add_user(r, 13, 7), 0);
	assert_int_equal(ptree_report_add_user(r, 13, -1), 0);
	assert_int_equal(ptree_report_add(r, PTREE_POLICY_REFUSE, "device", "second", "no twin", "--share=devices"), 0);
	assert_int_equal(ptree_report_add(r, PTREE_POLICY_SHARE, "regular file", "third\tfile", "", "--files=copy"), 0);
	assert_int_equal(ptree_report_add(r, PTREE_POLICY_REFUSE, "device", "fourth", "", ""), 0);
	return r;
}

static void assert_same(const struct ptree_report *a, const struct ptree_report *b)
{
	assert_int_equal(ptree_report_nr(a), ptree_report_nr(b));
	for (size_t i = 0; i < ptree_report_nr(a); i++) {
		const struct ptree_object *x = ptree_report_object(a, i), *y = ptree_report_object(b, i);

		assert_int_equal(x->policy, y->policy);
		assert_string_equal(x->kind, y->kind);
		assert_string_equal(x->description, y->description);
		assert_string_equal(x->note, y->note);
		assert_string_equal(x->option, y->option);
		assert_int_equal(x->nr_users, y->nr_users);
		if (x->nr_users > 0)
			assert_memory_equal(x->users, y->users, x->nr_users * sizeof(*x->users));
	}
}

static void report_reads_as_it_was_written(void **state)
{
	struct ptree_report *r = some(), *read = ptree_report_new(), *copy = ptree_report_copy(r);
	char *text, *line, *rest;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(ptree_report_format(r, "X=", f), 0);
	fclose(f);
	for (rest = text; (line = strsep(&rest, "\n")) && *line;) {
		assert_memory_equal(line, "X=", 2);
		assert_int_equal(ptree_report_parse(read, line + 2), 0);
	}
	assert_same(r, read);
	assert_same(r, copy);
	free(text);
	ptree_report_free(r);
	ptree_report_free(read);
	ptree_report_free(copy);
}

static void broken_lines_are_refused(void **state)
{
	static const char *const broken[] = {
		"", "share", "share\ta\tb\t1:2\td", "keep\ta\tb\t1:2\td\te", "share\ta\tb\t1:2x\td\te", "share\ta\tb\t1:2\td\te\tf",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct ptree_report *r = ptree_report_new();

		assert_int_equal(ptree_report_parse(r, broken[i]), -EBADMSG);
		ptree_report_free(r);
	}
}

static void what_stands_in_the_way_comes_first(void **state)
{
	static const char *const order[] = { "second", "fourth", "third\\x09file", "first" };
	struct ptree_report *r = some();

	(void)state;
	ptree_report_sort(r);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		assert_string_equal(ptree_report_object(r, i)->description, order[i]);
	assert_int_equal(ptree_report_count(r, PTREE_POLICY_REFUSE), 2);
	assert_int_equal(ptree_report_count(r, PTREE_POLICY_EXACT), 0);
	ptree_report_free(r);
}

static void namespaces_that_are_shared_are_objects(void **state)
{
	struct ptree_policies asked = { .namespaces[PTREE_NAMESPACE_NET] = PTREE_POLICY_PRIVATE };
	struct ptree_report *r = ptree_report_new();

	(void)state;
	assert_int_equal(ptree_report_add_namespaces(r, getpid(), &asked), 0);
	assert_int_equal(ptree_report_nr(r), _PTREE_NAMESPACE_MAX - 2); /* the mount namespace is private unless asked otherwise */
	for (size_t i = 0; i < ptree_report_nr(r); i++)
		assert_null(strstr(ptree_report_object(r, i)->description, "net:"));
	ptree_report_free(r);
	assert_null(ptree_report_free(NULL));
}

static void policies_have_names(void **state)
{
	(void)state;
	for (int i = PTREE_POLICY_EXACT; i <= PTREE_POLICY_REFUSE; i++)
		assert_int_equal(ptree_policy_find(ptree_policy_name(i)), i);
	assert_null(ptree_policy_name(0));
	assert_null(ptree_policy_name(99));
	assert_int_equal(ptree_policy_find("keep"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_utf8_without_controls),
		cmocka_unit_test(report_reads_as_it_was_written),
		cmocka_unit_test(broken_lines_are_refused),
		cmocka_unit_test(what_stands_in_the_way_comes_first),
		cmocka_unit_test(namespaces_that_are_shared_are_objects),
		cmocka_unit_test(policies_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
