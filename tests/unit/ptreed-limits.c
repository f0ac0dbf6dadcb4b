// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits of ptreed: what is typed after --limit=, and what counts for whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../ptreed/clone.h"
#include "../../ptreed/errors.h"
#include "../../ptreed/operation.h"

static void assignments_are_parsed_strictly(void **state)
{
	struct limits l;

	(void)state;
	limits_init(&l);
	assert_int_equal(limits_set(&l, "workers=7"), 0);
	assert_int_equal(l.workers, 7);
	assert_int_equal(limits_set(&l, "operations-per-uid=3"), 0);
	assert_int_equal(l.operations_per_uid, 3);
	assert_int_equal(limits_set(&l, "workers=0"), -ERANGE);
	assert_int_equal(limits_set(&l, "workers=99999999999999999999"), -ERANGE);
	assert_int_equal(limits_set(&l, "workers=-1"), -EINVAL);
	assert_int_equal(limits_set(&l, "workers=1x"), -EINVAL);
	assert_int_equal(limits_set(&l, "workers="), -EINVAL);
	assert_int_equal(limits_set(&l, "workers"), -EINVAL);
	assert_int_equal(limits_set(&l, "nonsense=1"), -EINVAL);
	assert_int_equal(l.workers, 7);
}

static void keys_of_the_configuration_are_the_same_limits(void **state)
{
	struct limits l;

	(void)state;
	limits_init(&l);
	assert_int_equal(limits_set_key(&l, "ClonesPerUID", "3"), 0);
	assert_int_equal(l.clones_per_uid, 3);
	assert_int_equal(limits_set_key(&l, "Workers", "2"), 0);
	assert_int_equal(l.workers, 2);
	assert_int_equal(limits_set_key(&l, "MaxPauseSec", "500ms"), 0);
	assert_int_equal(l.max_pause_usec, 500000);
	assert_int_equal(limits_set_key(&l, "workers", "2"), -ENOENT);
	assert_int_equal(limits_set_key(&l, "Clonesperuid", "2"), -ENOENT);
	assert_int_equal(limits_set_key(&l, "ClonesPer", "2"), -ENOENT);
	assert_int_equal(limits_set_key(&l, "Workers", "many"), -EINVAL);
	assert_int_equal(limits_set_key(&l, "Workers", "0"), -ERANGE);
	assert_int_equal(limits_set_key(&l, "MaxPauseSec", "2h"), -EINVAL);
}

static void a_uid_has_its_share_and_root_the_whole(void **state)
{
	struct manager m = {};
	struct operation operations[2] = { { .caller.uid = 1000 }, { .caller.uid = 1000 } };
	sd_bus_error error = SD_BUS_ERROR_NULL;

	(void)state;
	limits_init(&m.limits);
	TAILQ_INIT(&m.operations);
	TAILQ_INIT(&m.clones);
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
		TAILQ_INSERT_TAIL(&m.operations, &operations[i], entry);
	m.limits.operations_per_uid = 2;
	m.limits.clones_per_uid = 2;

	assert_int_equal(limits_check_operation(&m, 1000, &error), -EAGAIN);
	assert_string_equal(error.name, "org.ptree1.Error.LimitReached");
	assert_int_equal(limits_check_clone(&m, 1000, &error), -EAGAIN);
	assert_int_equal(limits_check_operation(&m, 1001, &error), 0);
	assert_int_equal(limits_check_clone(&m, 1001, &error), 0);
	assert_int_equal(limits_check_operation(&m, 0, &error), 0);
	m.limits.operations = 2;
	assert_int_equal(limits_check_operation(&m, 0, &error), -EAGAIN);
	sd_bus_error_free(&error);
}

static void every_errno_of_the_table_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(errors_name(-ESRCH), "org.ptree1.Error.NoSuchProcess");
	assert_string_equal(errors_name(-ETIMEDOUT), "org.ptree1.Error.TimedOut");
	assert_string_equal(errors_name(-EXDEV), "org.ptree1.Error.Failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(assignments_are_parsed_strictly),
		cmocka_unit_test(keys_of_the_configuration_are_the_same_limits),
		cmocka_unit_test(a_uid_has_its_share_and_root_the_whole),
		cmocka_unit_test(every_errno_of_the_table_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
