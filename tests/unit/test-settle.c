// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of kinds: kinds.c. */
#include "support.h"

#include <string.h>

#include "settle.h"

static void every_row_is_complete(void **state)
{
	(void)state;
	for (const struct ptree_kind *kind = ptree_kinds; kind->name; kind++) {
		assert_in_range(kind->policy, PTREE_POLICY_EXACT, PTREE_POLICY_REFUSE);
		assert_non_null(kind->is);
		/* Whoever promises something of the clone's own must make it. */
		if (kind->policy == PTREE_POLICY_PRIVATE || kind->policy == PTREE_POLICY_SEVER)
			assert_true(kind->settle || kind->finish);
		/* Only what can be asked for by a word may be asked for. */
		if (kind->may)
			assert_true(kind->group != PTREE_GROUP_NONE);
		if (kind->policy == PTREE_POLICY_REFUSE)
			assert_non_null(kind->judge);
	}
}

static void no_kind_has_two_rows(void **state)
{
	(void)state;
	for (const struct ptree_kind *a = ptree_kinds; a->name; a++)
		for (const struct ptree_kind *b = a + 1; b->name; b++)
			assert_string_not_equal(a->name, b->name);
}

static void what_no_kind_knows_is_refused(void **state)
{
	const struct ptree_kind *last = ptree_kinds;
	struct ptree_file nothing = { .twin_fd = -1 };

	(void)state;
	while (last[1].name)
		last++;
	assert_true(last->is(&nothing));
	assert_int_equal(last->policy, PTREE_POLICY_REFUSE);
	for (const struct ptree_kind *kind = ptree_kinds; kind != last; kind++)
		assert_false(kind->is(&nothing));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_complete),
		cmocka_unit_test(no_kind_has_two_rows),
		cmocka_unit_test(what_no_kind_knows_is_refused),
		cmocka_unit_test(what_no_kind_knows_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
