// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of kinds: settle.c. */
#include "support.h"

#include <string.h>

#include "settle.h"

static void every_row_is_complete(void **state)
{
	(void)state;
	for (const struct ptree_settle_kind *kind = ptree_settle_kinds; kind->name; kind++) {
		assert_in_range(kind->policy, PTREE_POLICY_EXACT, PTREE_POLICY_REFUSE);
		assert_non_null(kind->recognise);
		/* One that does nothing to either side belongs in README's list, not in the table. */
		assert_true(kind->policy == PTREE_POLICY_REFUSE || kind->capture || kind->settle);
	}
}

static void no_kind_has_two_rows(void **state)
{
	(void)state;
	for (const struct ptree_settle_kind *a = ptree_settle_kinds; a->name; a++)
		for (const struct ptree_settle_kind *b = a + 1; b->name; b++)
			assert_string_not_equal(a->name, b->name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_complete),
		cmocka_unit_test(no_kind_has_two_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
