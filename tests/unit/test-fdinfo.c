// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of fdinfo: settle/fdinfo.c. The texts are what the kernels from 6.1 to 7.2 write. */
#include "support.h"

#include <string.h>

#include "settle/fdinfo.h"

static const char timer[] = "clockid: 1\nticks: 3\nsettime flags: 01\nit_value: (0, 999)\nit_interval: (2, 500)\n";

static const char epoll[] = "tfd:        5 events:       19 data: 1122334455667788  pos:0 ino:2f21 sdev:9\n"
			    "tfd:        7 events: 80000001 data: ffffffffffffffff  pos:-1 ino:a sdev:fe00001\n";

static void numbers_are_read_in_their_base(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(ptree_fdinfo_number(timer, "clockid:", 10, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(ptree_fdinfo_number(timer, "settime flags:", 8, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(ptree_fdinfo_number("eventfd-count: fffffffffffffffe\neventfd-id: 4\n", "eventfd-count:", 16, &n), 0);
	assert_int_equal(n, UINT64_MAX - 1);
	assert_int_equal(ptree_fdinfo_number("sigmask:\t0000000000000a00\n", "sigmask:", 16, &n), 0);
	assert_int_equal(n, 0xa00);
	/* The last line may lack its end. */
	assert_int_equal(ptree_fdinfo_number("ticks: 12", "ticks:", 10, &n), 0);
	assert_int_equal(n, 12);
}

static void what_is_no_number_is_told_from_what_is_not_there(void **state)
{
	uint64_t n = 77;

	(void)state;
	assert_int_equal(ptree_fdinfo_number(timer, "it_other:", 10, &n), -ENOENT);
	assert_int_equal(ptree_fdinfo_number("", "ticks:", 10, &n), -ENOENT);
	assert_int_equal(ptree_fdinfo_number(timer, "it_value:", 10, &n), -EBADMSG);
	assert_int_equal(ptree_fdinfo_number("ticks:\nid: 3\n", "ticks:", 10, &n), -EBADMSG);
	assert_int_equal(ptree_fdinfo_number("ticks: 3x\n", "ticks:", 10, &n), -EBADMSG);
	assert_int_equal(ptree_fdinfo_number("ticks: 99999999999999999999\n", "ticks:", 10, &n), -ERANGE);
	assert_int_equal(n, 77);
}

static void a_key_begins_its_line(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(ptree_fdinfo_number("my ticks: 1\nticks: 2\n", "ticks:", 10, &n), 0);
	assert_int_equal(n, 2);
}

static void lines_of_one_key_come_one_after_the_other(void **state)
{
	const char *at = epoll, *line;
	uint64_t n;

	(void)state;
	line = ptree_fdinfo_next(&at, "tfd:");
	assert_non_null(line);
	assert_int_equal(strtol(line, NULL, 10), 5);
	assert_int_equal(ptree_fdinfo_field(line, "data:", 16, &n), 0);
	assert_true(n == 0x1122334455667788);
	assert_int_equal(ptree_fdinfo_field(line, "sdev:", 16, &n), 0);
	assert_int_equal(n, 9);

	line = ptree_fdinfo_next(&at, "tfd:");
	assert_non_null(line);
	assert_int_equal(ptree_fdinfo_field(line, "events:", 16, &n), 0);
	assert_int_equal(n, 0x80000001);
	assert_int_equal(ptree_fdinfo_field(line, "pos:", 10, &n), 0);
	assert_int_equal((int64_t)n, -1);
	assert_null(ptree_fdinfo_next(&at, "tfd:"));
	assert_null(ptree_fdinfo_next(&at, "tfd:"));
}

static void a_field_is_looked_for_in_its_line_only(void **state)
{
	const char *text = "inotify wd:1 ino:5 sdev:2 mask:fce ignored_mask:0 fhandle-bytes:8\ninotify wd:2 extra:4\n", *line;
	uint64_t n;

	(void)state;
	line = ptree_fdinfo_next(&text, "inotify ");
	assert_non_null(line);
	assert_int_equal(ptree_fdinfo_field(line, "mask:", 16, &n), 0);
	assert_int_equal(n, 0xfce);
	assert_int_equal(ptree_fdinfo_field(line, "extra:", 10, &n), -ENOENT);
	assert_int_equal(ptree_fdinfo_field(line, "bytes:", 10, &n), -ENOENT);
	assert_int_equal(ptree_fdinfo_field("wd:x\n", "wd:", 10, &n), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_in_their_base),
		cmocka_unit_test(what_is_no_number_is_told_from_what_is_not_there),
		cmocka_unit_test(a_key_begins_its_line),
		cmocka_unit_test(lines_of_one_key_come_one_after_the_other),
		cmocka_unit_test(a_field_is_looked_for_in_its_line_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
