// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * timer_create(): timers of all clocks and all ways to notify, with holes between their ids; some run, some are not set,
 * the signal of some waits. Each side's go on by themselves, no expiration lost or counted twice. By plain system calls:
 * libc hides the ids.
 */
#include <linux/time_types.h>
#include <time.h>

#include "witness.h"

#define SECOND		1000000LL
#define BEAT_USEC	50000		/* of periodic timers */
#define CLOCKS		6

static pthread_t thread;
static volatile pid_t thread_tid;
static volatile sig_atomic_t handled, in_thread, helper_ran;

static long long usec(struct timespec time) { return (long long)time.tv_sec * SECOND + time.tv_nsec / 1000; }

static struct timespec timespec(long long usec)
{
	return (struct timespec){ .tv_sec = usec / SECOND, .tv_nsec = usec % SECOND * 1000 };
}

static long long now_usec(clockid_t clock)
{
	struct timespec now;

	CHECK_EQUAL(clock_gettime(clock, &now), 0);
	return usec(now);
}

static int make(clockid_t clock, int notify, int signal, int value, pid_t tid)
{
	struct sigevent event = { .sigev_notify = notify, .sigev_signo = signal, .sigev_value.sival_int = value };
	int id = -1;

	event._sigev_un._tid = tid;
	MUST(syscall(SYS_timer_create, clock, &event, &id) == 0);
	return id;
}

static void set(int id, int flags, long long value_usec, long long interval_usec)
{
	struct itimerspec spec = { .it_value = timespec(value_usec), .it_interval = timespec(interval_usec) };

	CHECK_EQUAL(syscall(SYS_timer_settime, id, flags, &spec, NULL), 0);
}

static struct itimerspec get(int id)
{
	struct itimerspec spec = { { -1, -1 }, { -1, -1 } };

	CHECK_EQUAL(syscall(SYS_timer_gettime, id, &spec), 0);
	return spec;
}

static long long left(int id) { return usec(get(id).it_value); }

/* The next signal of that number; its value, or -1. */
static int take(int signal, siginfo_t *info, long long patience_usec)
{
	struct timespec patience = timespec(patience_usec);
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, signal);
	memset(info, 0, sizeof(*info));
	do
		r = sigtimedwait(&set, info, &patience);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -1 : info->si_value.sival_int;
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	handled += 1 + info->si_overrun;
	if (gettid() == thread_tid)
		in_thread += 1 + info->si_overrun;
}

static void *thread_body(void *argument)
{
	sigset_t mask;

	(void)argument;
	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + 4);
	thread_tid = gettid();
	witness_wait_go();
	pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
	AWAIT(in_thread >= 5);
	return NULL;
}

static void on_helper(union sigval value)
{
	helper_ran += value.sival_int;
}

/*
 * As many expirations are told as there were since the first one at @began. How long before its time a slow machine looks
 * does not matter: they are counted up to the signal's delivery.
 */
static void count_beats(int id, int signal, long long began)
{
	long long told = 0, due;
	siginfo_t info;

	for (int i = 0; i < 6; i++) {
		long long before, after;

		before = now_usec(CLOCK_MONOTONIC);
		CHECK_EQUAL(take(signal, &info, 30 * SECOND), 77);
		after = now_usec(CLOCK_MONOTONIC);
		CHECK_EQUAL(info.si_code, SI_TIMER);
		CHECK_EQUAL(info.si_timerid, id);
		CHECK_EQUAL(syscall(SYS_timer_getoverrun, id), info.si_overrun);
		told += 1 + info.si_overrun;
		due = (after - began) / BEAT_USEC;
		if (told > due + 1 || told < (before - began) / BEAT_USEC - 1)
			FAIL("%lld expirations are told, but %lld were due (the %dth signal)", told, due, i);
	}
	CHECK_EQUAL(usec(get(id).it_interval), BEAT_USEC);
}

int main(int argc, char **argv)
{
	static const clockid_t clocks[CLOCKS] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI,
						  CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };
	int beating, ordered, once, idle, quiet, quiet_once, at_thread, absolute, ignored, cpu, next, of_clock[CLOCKS];
	struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_helper, .sigev_value.sival_int = 1 };
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };
	long long began, ends, quiet_began, elapsed, absolute_end;
	struct itimerspec every = { { .tv_nsec = 100000000 }, { .tv_nsec = 100000000 } };
	siginfo_t info;
	timer_t helper;
	sigset_t mask;

	witness_start(argc, argv);
	sigfillset(&mask);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	MUST(sigaction(SIGRTMIN + 4, &action, NULL) == 0);
	MUST(sigaction(SIGRTMIN + 5, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL) == 0);
	thread = witness_thread(thread_body, NULL);
	AWAIT(thread_tid);

	/* Numbers of which some are free again. */
	for (int i = 0; i < 10; i++)
		MUST(make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0, 0) == i);
	for (int i = 0; i < 10; i++)
		if (i != 3 && i != 8)
			MUST(syscall(SYS_timer_delete, i) == 0);
	idle = 3;
	MUST(syscall(SYS_timer_delete, 8) == 0);
	for (int i = 0; i < CLOCKS; i++) {
		of_clock[i] = make(clocks[i], SIGEV_SIGNAL, SIGRTMIN, i, 0);
		set(of_clock[i], 0, 5000 * SECOND, 7 * SECOND);
	}

	quiet = make(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, 0);
	quiet_began = now_usec(CLOCK_MONOTONIC);
	set(quiet, 0, 1000 * SECOND, 1000 * SECOND);
	quiet_once = make(CLOCK_BOOTTIME, SIGEV_NONE, 0, 0, 0);
	set(quiet_once, 0, 2, 0);

	at_thread = make(CLOCK_MONOTONIC, SIGEV_THREAD_ID, SIGRTMIN + 4, 4, thread_tid);
	set(at_thread, 0, BEAT_USEC, BEAT_USEC);
	absolute = make(CLOCK_REALTIME, SIGEV_SIGNAL, SIGRTMIN + 6, 6, 0);
	absolute_end = now_usec(CLOCK_REALTIME) + 20 * SECOND;
	set(absolute, TIMER_ABSTIME, absolute_end, 0);
	ignored = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 5, 5, 0);
	cpu = make(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN + 7, 7, 0);
	set(cpu, 0, 300000, 200000);

	once = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 1, 11, 0);
	ends = now_usec(CLOCK_MONOTONIC) + 20 * SECOND;
	set(once, 0, 20 * SECOND, 0);

	/* Between two other signals of the same number. */
	ordered = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 2, 2, 0);
	MUST(sigqueue(getpid(), SIGRTMIN + 2, (union sigval){ .sival_int = 1 }) == 0);
	set(ordered, 0, 1, 0);
	do
		MUST(syscall(SYS_timer_gettime, ordered, &every) == 0);
	while (every.it_value.tv_sec > 0 || every.it_value.tv_nsec > 0);
	MUST(sigqueue(getpid(), SIGRTMIN + 2, (union sigval){ .sival_int = 3 }) == 0);

	/* A signal waits, and the timer for its delivery; another's nobody wants. */
	beating = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 3, 77, 0);
	began = now_usec(CLOCK_MONOTONIC);
	set(beating, 0, BEAT_USEC, BEAT_USEC);
	do
		sigpending(&mask);
	while (!sigismember(&mask, SIGRTMIN + 3));
	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + 5);
	pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
	set(ignored, 0, BEAT_USEC, BEAT_USEC);

	every = (struct itimerspec){ { .tv_nsec = 100000000 }, { .tv_nsec = 100000000 } };
	MUST(timer_create(CLOCK_MONOTONIC, &event, &helper) == 0 && timer_settime(helper, 0, &every, NULL) == 0);
	AWAIT(helper_ran > 0);
	MUST(syscall(SYS_timer_delete, next = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0, 0)) == 0);
	next++;
	witness_ready();

	count_beats(beating, SIGRTMIN + 3, began);

	for (int i = 1; i <= 3; i++) {
		CHECK_EQUAL(take(SIGRTMIN + 2, &info, 0), i);
		CHECK_EQUAL(info.si_code, i == 2 ? SI_TIMER : SI_QUEUE);
	}
	CHECK_EQUAL(take(SIGRTMIN + 2, &info, 0), -1);
	CHECK_EQUAL(left(ordered), 0);

	/* Nobody's but ours: what we did not make is not there, and the next one has the next number. */
	for (int i = 0; i < 10; i++)
		CHECK_EQUAL(syscall(SYS_timer_getoverrun, i), i == 3 ? 0 : -1);
	CHECK_EQUAL(make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0, 0), next);

	for (int i = 0; i < CLOCKS; i++) {
		struct itimerspec spec = get(of_clock[i]);

		elapsed = now_usec(CLOCK_MONOTONIC) - quiet_began;
		CHECK_EQUAL(usec(spec.it_interval), 7 * SECOND);
		CHECK(usec(spec.it_value) < 5000 * SECOND);
		if (i < 4 && llabs(5000 * SECOND - usec(spec.it_value) - elapsed) > SECOND)
			FAIL("clock %d: %lld us are left after %lld", clocks[i], usec(spec.it_value), elapsed);
		if (i >= 4 && usec(spec.it_value) < 4900 * SECOND)
			FAIL("clock %d: only %lld us are left", clocks[i], usec(spec.it_value));
	}
	CHECK(llabs(1000 * SECOND - left(quiet) - (now_usec(CLOCK_MONOTONIC) - quiet_began)) < 100000);
	CHECK_EQUAL(usec(get(quiet).it_interval), 1000 * SECOND);
	CHECK_EQUAL(left(quiet_once), 0);

	/* One that was never set is as good as any. */
	CHECK_EQUAL(left(idle), 0);
	set(idle, 0, 1000, 0);
	CHECK_EQUAL(take(SIGRTMIN, &info, 10 * SECOND), 0);
	CHECK_EQUAL(info.si_timerid, idle);

	CHECK_EQUAL(take(SIGRTMIN + 1, &info, 40 * SECOND), 11);
	elapsed = now_usec(CLOCK_MONOTONIC) - ends;
	if (elapsed < 0 || elapsed > 2 * SECOND)
		FAIL("it goes off %lld us too late", elapsed);
	CHECK_EQUAL(left(once), 0);
	CHECK_EQUAL(take(SIGRTMIN + 1, &info, 100000), -1);
	CHECK_EQUAL(take(SIGRTMIN + 6, &info, 40 * SECOND), 6);
	CHECK(now_usec(CLOCK_REALTIME) >= absolute_end);
	CHECK_EQUAL(info.si_timerid, absolute);

	CHECK_EQUAL(take(SIGRTMIN + 5, &info, 0), -1);
	MUST(sigaction(SIGRTMIN + 5, &(struct sigaction){ .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART },
		       NULL) == 0);
	handled = in_thread;
	AWAIT(handled > in_thread);

	elapsed = now_usec(CLOCK_PROCESS_CPUTIME_ID);
	while (take(SIGRTMIN + 7, &info, 0) < 0 && now_usec(CLOCK_PROCESS_CPUTIME_ID) - elapsed < 5 * SECOND)
		;
	CHECK_EQUAL(info.si_timerid, cpu);
	CHECK_EQUAL(usec(get(cpu).it_interval), 200000);

	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	elapsed = helper_ran;
	AWAIT(helper_ran > elapsed);
	CHECK_EQUAL(timer_delete(helper), 0);
	for (int i = 0; i < CLOCKS; i++)
		CHECK_EQUAL(syscall(SYS_timer_delete, of_clock[i]), 0);
	return witness_verdict();
}
