// SPDX-License-Identifier: GPL-2.0-or-later
/* What people type after ptreectl: pids, times, signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>

#include "../../ptreed/ctl/ctl.h"

static void pids_are_whole_numbers_above_zero(void **state)
{
	static const char *const bad[] = { "", "0", "-1", "+1", " 1", "1 ", "1x", "0x10", "2147483648", "1.0", "99999999999999999999" };
	pid_t pid = 0;

	(void)state;
	assert_int_equal(ctl_pid_parse("1234", &pid), 0);
	assert_int_equal(pid, 1234);
	assert_int_equal(ctl_pid_parse("2147483647", &pid), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(ctl_pid_parse(bad[i], &pid), -EINVAL);
}

static void times_need_a_unit(void **state)
{
	static const struct {
		const char *text;
		uint64_t usec;
	} good[] = { { "1us", 1 }, { "5µs", 5 }, { "200ms", 200000 }, { "2s", 2000000 }, { "1min", 60000000 } };
	static const char *const bad[] = { "", "5", "ms", "-5ms", "1.5s", "5 ms", "5h", "5mss" };
	uint64_t usec;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(ctl_usec_parse(good[i].text, &usec), 0);
		assert_int_equal(usec, good[i].usec);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(ctl_usec_parse(bad[i], &usec), -EINVAL);
	assert_int_equal(ctl_usec_parse("18446744073709551615s", &usec), -ERANGE);
	assert_int_equal(ctl_usec_parse("99999999999999999999s", &usec), -ERANGE);
}

static void signals_have_names_and_numbers(void **state)
{
	(void)state;
	assert_int_equal(ctl_signal_parse("TERM"), SIGTERM);
	assert_int_equal(ctl_signal_parse("sigkill"), SIGKILL);
	assert_int_equal(ctl_signal_parse("9"), SIGKILL);
	assert_int_equal(ctl_signal_parse("RTMIN"), SIGRTMIN);
	assert_int_equal(ctl_signal_parse("SIGRTMIN+3"), SIGRTMIN + 3);
	assert_int_equal(ctl_signal_parse("0"), -EINVAL);
	assert_int_equal(ctl_signal_parse("65"), -EINVAL);
	assert_int_equal(ctl_signal_parse("-9"), -EINVAL);
	assert_int_equal(ctl_signal_parse("SIG"), -EINVAL);
	assert_int_equal(ctl_signal_parse("RTMIN+99"), -EINVAL);
	assert_int_equal(ctl_signal_parse("RTMINX"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pids_are_whole_numbers_above_zero),
		cmocka_unit_test(times_need_a_unit),
		cmocka_unit_test(signals_have_names_and_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
