// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that are nothing but events: settle/{aio,eventfd,fanotify,timerfd,signalfd,uring}.c, without the making of twins. */
#include "support.h"

#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "settle/aio.h"
#include "settle/events.h"
#include "settle/fanotify-marks.h"
#include "settle/fanotify.h"
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

static void a_ring_of_aio_is_asked_for_by_its_length(void **state)
{
	(void)state;
	/* Twice as many and two, in events of 32 bytes behind a head of 32, fill the last page. */
	assert_int_equal(ptree_aio_events(4096, 4096), 62);
	assert_int_equal(ptree_aio_events(8 * 4096, 4096), 510);
	for (uint64_t pages = 1; pages < 3000; pages++) {
		uint64_t size = 32 + 32 * (2 * (uint64_t)ptree_aio_events(pages * 4096, 4096) + 2);

		assert_int_equal((size + 4095) / 4096, pages);
	}
	assert_int_equal(ptree_aio_events(4097, 4096), 0);
	assert_int_equal(ptree_aio_events(0, 4096), 0);
}

static void a_fanotify_mark_is_on_one_of_four_things(void **state)
{
	struct ptree_fanotify_mark m;

	(void)state;
	assert_int_equal(ptree_fanotify_mark_parse("ino:2b67 sdev:fd00001 mflags:240 mask:fce ignored_mask:8 fhandle-bytes:8 "
						   "fhandle-type:1 f_handle:672b00006d8a3d4a \n", &m), 0);
	assert_int_equal(m.on, FAN_MARK_INODE);
	assert_int_equal(m.flags, FAN_MARK_EVICTABLE | FAN_MARK_IGNORED_SURV_MODIFY);
	assert_int_equal(m.mask, 0xfce);
	assert_int_equal(m.ignored, 8);
	assert_int_equal(m.inode.ino, 0x2b67);
	assert_int_equal(m.inode.dev, makedev(0xfd, 1));
	assert_int_equal(m.inode.h.handle.handle_bytes, 8);
	assert_int_equal(m.inode.h.handle.handle_type, 1);
	assert_memory_equal(m.inode.h.room + offsetof(struct file_handle, f_handle), "\x67\x2b\0\0\x6d\x8a\x3d\x4a", 8);
	/* Without a handle; with half of one. */
	assert_int_equal(ptree_fanotify_mark_parse("ino:2 sdev:9 mflags:0 mask:2 ignored_mask:0 \n", &m), 0);
	assert_int_equal(m.inode.h.handle.handle_bytes, 0);
	assert_int_equal(ptree_fanotify_mark_parse("ino:2 sdev:9 mflags:0 mask:2 ignored_mask:0 fhandle-bytes:8 "
						   "fhandle-type:1 f_handle:672b\n", &m), -EBADMSG);
	assert_int_equal(ptree_fanotify_mark_parse("mnt_id:1f mflags:400 mask:2 ignored_mask:0\n", &m), 0);
	assert_int_equal(m.on, FAN_MARK_MOUNT);
	assert_int_equal(m.number, 0x1f);
	assert_int_equal(m.flags, FAN_MARK_IGNORE);
	assert_int_equal(ptree_fanotify_mark_parse("sdev:800003 mflags:0 mask:8000 ignored_mask:0\n", &m), 0);
	assert_int_equal(m.on, FAN_MARK_FILESYSTEM);
	assert_int_equal(m.inode.dev, makedev(8, 3));
	assert_int_equal(ptree_fanotify_mark_parse("mnt_ns:4026531832 mflags:0 mask:1000000 ignored_mask:0\n", &m), 0);
	assert_int_equal(m.on, FAN_MARK_MNTNS);
	assert_int_equal(m.number, 4026531832u);
	assert_int_equal(ptree_fanotify_mark_parse("socket:7 mflags:0 mask:2 ignored_mask:0\n", &m), -EBADMSG);
	assert_int_equal(ptree_fanotify_mark_parse("sdev:9 mflags:0 ignored_mask:0\n", &m), -EBADMSG);
}

static void a_group_that_is_asked_for_permission_is_refused_unless_shared(void **state)
{
	static char asked[] = "fanotify flags:4 event-flags:8000\nfanotify mnt_id:1f mflags:0 mask:8010008 ignored_mask:0\n";
	static char told[] = "fanotify flags:4 event-flags:8000\nfanotify mnt_id:1f mflags:0 mask:8 ignored_mask:10000\n";
	struct ptree_file f = { .fdinfo = asked, .policy = PTREE_POLICY_PRIVATE };

	(void)state;
	assert_int_equal(ptree_fanotify_judge(NULL, &f), 0);
	assert_int_equal(f.policy, PTREE_POLICY_REFUSE);
	assert_non_null(strstr(f.note, "--share=events"));
	f.policy = PTREE_POLICY_SHARE;
	assert_int_equal(ptree_fanotify_judge(NULL, &f), 0);
	assert_int_equal(f.policy, PTREE_POLICY_SHARE);
	f.fdinfo = told;
	f.policy = PTREE_POLICY_PRIVATE;
	assert_int_equal(ptree_fanotify_judge(NULL, &f), 0);
	assert_int_equal(f.policy, PTREE_POLICY_PRIVATE);
	free(f.note);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_of_aio_is_asked_for_by_its_length),
		cmocka_unit_test(a_fanotify_mark_is_on_one_of_four_things),
		cmocka_unit_test(a_group_that_is_asked_for_permission_is_refused_unless_shared),
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
