// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that are nothing but events: settle/{eventfd,timerfd,signalfd,uring}.c, without the making of twins. */
#include "support.h"

#include <string.h>
#include <time.h>

#include "settle/events.h"
#include "settle/uring.h"

#define SEC INT64_C(1000000000)

static void an_eventfd_has_a_counter_and_may_be_a_semaphore(void **state)
{
	struct ptree_eventfd event;

	(void)state;
	assert_int_equal(ptree_eventfd_parse("eventfd-count:               2a\neventfd-id: 3\neventfd-semaphore: 1\n", &event), 0);
	assert_int_equal(event.count, 42);
	assert_true(event.semaphore);
	assert_int_equal(ptree_eventfd_parse("eventfd-count: ffffffffffffffff\neventfd-id: 3\neventfd-semaphore: 0\n", &event), 0);
	assert_true(event.count == UINT64_MAX);
	assert_false(event.semaphore);
	/* Guessing would be wrong half of the time. */
	assert_int_equal(ptree_eventfd_parse("eventfd-count: 1\neventfd-id: 3\n", &event), -ENOENT);
	assert_int_equal(ptree_eventfd_parse(NULL, &event), -ENOENT);
}

static void a_signalfd_has_a_mask(void **state)
{
	uint64_t mask;

	(void)state;
	assert_int_equal(ptree_signalfd_parse("sigmask:\t8000000000000201\n", &mask), 0);
	assert_true(mask == 0x8000000000000201);
	assert_int_equal(ptree_signalfd_parse("mask:\t1\n", &mask), -ENOENT);
	assert_int_equal(ptree_signalfd_parse(NULL, &mask), -ENOENT);
}

static const char armed[] = "clockid: 0\nticks: 1\nsettime flags: 03\nit_value: (5, 10)\nit_interval: (1, 500)\nptree-ticks: 2\n"
			    "ptree-expires: 1700000000000000007\nptree-armed: 1\nptree-expired: 0\nptree-canceled: 0\n";

static void a_timerfd_tells_all_of_itself(void **state)
{
	struct ptree_timerfd timer;

	(void)state;
	assert_int_equal(ptree_timerfd_parse(armed, &timer), 0);
	assert_int_equal(timer.clock, CLOCK_REALTIME);
	assert_int_equal(timer.ticks, 2);
	assert_int_equal(timer.flags, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
	assert_true(timer.interval_nsec == SEC + 500);
	assert_true(timer.expires_nsec == INT64_C(1700000000000000007));
	assert_true(timer.armed);
	assert_false(timer.expired || timer.canceled);
	/* What the kernel alone says is not enough. */
	assert_int_equal(ptree_timerfd_parse("clockid: 0\nticks: 2\nsettime flags: 00\nit_value: (5, 10)\nit_interval: (0, 0)\n",
					     &timer), -ENOENT);
	assert_int_equal(ptree_timerfd_parse(NULL, &timer), -ENOENT);
}

static void a_time_span_is_measured_on_a_clock_that_nobody_sets(void **state)
{
	struct ptree_timerfd timer = { .clock = CLOCK_REALTIME };

	(void)state;
	assert_int_equal(ptree_timerfd_base(&timer), CLOCK_MONOTONIC);
	timer.flags = TFD_TIMER_ABSTIME;
	assert_int_equal(ptree_timerfd_base(&timer), CLOCK_REALTIME);
	timer.clock = CLOCK_BOOTTIME_ALARM;
	assert_int_equal(ptree_timerfd_base(&timer), CLOCK_BOOTTIME);
	timer = (struct ptree_timerfd){ .clock = CLOCK_REALTIME_ALARM };
	assert_int_equal(ptree_timerfd_base(&timer), CLOCK_REALTIME);
}

/* One case: the timer, the time, and what a new timer must be given. */
static void check(struct ptree_timerfd timer, int64_t now, int64_t value, uint64_t ticks)
{
	struct itimerspec setting;
	uint64_t got;

	ptree_timerfd_setting(&timer, now, &setting, &got);
	assert_true(setting.it_value.tv_sec * SEC + setting.it_value.tv_nsec == value);
	assert_true(setting.it_interval.tv_sec * SEC + setting.it_interval.tv_nsec == timer.interval_nsec);
	assert_true(got == ticks);
}

static void an_armed_timer_keeps_its_time(void **state)
{
	struct ptree_timerfd timer = { .clock = CLOCK_MONOTONIC, .expires_nsec = 50 * SEC, .armed = true };

	(void)state;
	check(timer, 20 * SEC + 1, 30 * SEC - 1, 0);
	timer.flags = TFD_TIMER_ABSTIME;
	check(timer, 20 * SEC, 50 * SEC, 0);
	timer.ticks = 3;
	timer.interval_nsec = SEC;
	check(timer, 20 * SEC, 50 * SEC, 3);
}

static void a_timer_that_came_meanwhile_has_come(void **state)
{
	struct ptree_timerfd timer = { .clock = CLOCK_MONOTONIC, .expires_nsec = 50 * SEC, .armed = true };

	(void)state;
	check(timer, 50 * SEC, 0, 1);
	check(timer, 99 * SEC, 0, 1);
	timer.interval_nsec = 2 * SEC;
	check(timer, 50 * SEC, 2 * SEC, 1);
	check(timer, 55 * SEC, SEC, 3); /* at 50, 52 and 54 */
	timer.flags = TFD_TIMER_ABSTIME;
	check(timer, 55 * SEC, 56 * SEC, 3);
}

static void an_expired_timer_counts_on(void **state)
{
	struct ptree_timerfd timer = {
		.clock = CLOCK_MONOTONIC, .expires_nsec = 50 * SEC, .interval_nsec = 2 * SEC, .ticks = 1, .expired = true,
	};

	(void)state;
	check(timer, 51 * SEC, SEC, 1);
	check(timer, 52 * SEC, 2 * SEC, 2);
	check(timer, 57 * SEC, SEC, 4); /* at 50, 52, 54 and 56 */
	timer.interval_nsec = 0;
	check(timer, 57 * SEC, 0, 1);
}

static void a_timer_at_rest_stays_at_rest(void **state)
{
	struct ptree_timerfd timer = { .clock = CLOCK_MONOTONIC, .interval_nsec = SEC };

	(void)state;
	check(timer, 57 * SEC, 0, 0);
	timer.expires_nsec = 12;
	timer.ticks = 7;
	check(timer, 57 * SEC, 0, 7);
}

static void a_ring_says_how_it_was_made_or_why_it_is_refused(void **state)
{
	struct ptree_uring ring;

	(void)state;
	assert_int_equal(ptree_uring_parse("ptree-flags:\t10008\nptree-submissions:\t256\nptree-completions:\t512\n", &ring), 0);
	assert_int_equal(ring.flags, 0x10008);
	assert_int_equal(ring.submissions, 256);
	assert_int_equal(ring.completions, 512);
	assert_null(ring.refused);

	assert_int_equal(ptree_uring_parse("ptree-refused:\tit is restricted\nptree-flags:\t0\nptree-submissions:\t1\n"
					   "ptree-completions:\t2\n", &ring), 0);
	assert_int_equal(ring.refused_length, strlen("it is restricted"));
	assert_memory_equal(ring.refused, "it is restricted", strlen("it is restricted"));

	assert_int_equal(ptree_uring_parse("ptree-flags:\t0\nptree-submissions:\t1\n", &ring), -ENOENT);
	assert_int_equal(ptree_uring_parse("ptree-flags:\t100000000\nptree-submissions:\t1\nptree-completions:\t2\n", &ring),
			 -ERANGE);
	assert_int_equal(ptree_uring_parse(NULL, &ring), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_eventfd_has_a_counter_and_may_be_a_semaphore),
		cmocka_unit_test(a_ring_says_how_it_was_made_or_why_it_is_refused),
		cmocka_unit_test(a_signalfd_has_a_mask),
		cmocka_unit_test(a_timerfd_tells_all_of_itself),
		cmocka_unit_test(a_time_span_is_measured_on_a_clock_that_nobody_sets),
		cmocka_unit_test(an_armed_timer_keeps_its_time),
		cmocka_unit_test(a_timer_that_came_meanwhile_has_come),
		cmocka_unit_test(an_expired_timer_counts_on),
		cmocka_unit_test(a_timer_at_rest_stays_at_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
