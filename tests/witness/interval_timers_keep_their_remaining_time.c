// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF and alarm(), each in a process of its own: what was left when the clone was made
 * is left in both, and every signal comes once. One has gone off already, and its signal waits.
 */
#include <sys/time.h>
#include <time.h>

#include "witness.h"

static int built[2];
static volatile sig_atomic_t got;
static volatile uint64_t when;

static void on_signal(int signal)
{
	(void)signal;
	got++;
	when = witness_now_usec();
}

static void handle(int signal)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	MUST(sigaction(signal, &action, NULL) == 0);
}

static void is_built(void)
{
	MUST(write(built[1], "", 1) == 1);
	witness_wait_go();
}

static uint64_t usec(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

static uint64_t cpu_now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Goes off once, at a time that is known beforehand. */
static int once(void *argument)
{
	struct itimerval timer = { .it_value.tv_sec = 20 }, now;
	uint64_t end;

	(void)argument;
	handle(SIGALRM);
	MUST(setitimer(ITIMER_REAL, &timer, NULL) == 0);
	end = witness_now_usec() + 20000000;
	is_built();
	CHECK_EQUAL(getitimer(ITIMER_REAL, &now), 0);
	CHECK_EQUAL(usec(&now.it_interval), 0);
	if (!got) {
		uint64_t left = usec(&now.it_value) + witness_now_usec();

		if (left < end - 100000 || left > end + 100000)
			FAIL("it goes off %lld us too late", (long long)(left - end));
	}
	AWAIT(got);
	CHECK(when + 20000 >= end);
	if (when > end + 2500000)
		FAIL("it went off %llu us too late", (unsigned long long)(when - end));
	CHECK_EQUAL(getitimer(ITIMER_REAL, &now), 0);
	CHECK_EQUAL(usec(&now.it_value), 0);
	witness_sleep_usec(200000);
	CHECK_EQUAL(got, 1);
	return 0;
}

static int with_alarm(void *argument)
{
	unsigned int left;
	uint64_t began;

	(void)argument;
	handle(SIGALRM);
	began = witness_now_usec();
	alarm(300);
	is_built();
	left = 300 - (unsigned int)((witness_now_usec() - began) / 1000000);
	began = alarm(0);
	CHECK(began >= left - 1 && began <= left + 1);
	CHECK_EQUAL(got, 0);
	return 0;
}

/* Its signal is blocked, and has come: it goes on when that is got. */
static int waiting(void *argument)
{
	struct itimerval timer = { { .tv_usec = 250000 }, { .tv_usec = 250000 } }, now;
	struct timespec patience = { .tv_sec = 30 };
	sigset_t mask, pending;
	uint64_t phase;

	(void)argument;
	sigemptyset(&mask);
	sigaddset(&mask, SIGALRM);
	MUST(sigprocmask(SIG_BLOCK, &mask, NULL) == 0);
	phase = witness_now_usec();
	MUST(setitimer(ITIMER_REAL, &timer, NULL) == 0);
	do
		sigpending(&pending);
	while (!sigismember(&pending, SIGALRM));
	is_built();

	sigpending(&pending);
	CHECK_EQUAL(sigismember(&pending, SIGALRM), 1);
	CHECK_EQUAL(sigtimedwait(&mask, NULL, &patience), SIGALRM);
	for (int i = 0; i < 3; i++) {
		CHECK_EQUAL(getitimer(ITIMER_REAL, &now), 0);
		CHECK_EQUAL(usec(&now.it_interval), 250000);
		/* It still beats in the time that it began with. */
		phase = (witness_now_usec() + usec(&now.it_value) - phase) % 250000;
		if (phase > 60000 && phase < 190000)
			FAIL("it beats %llu us beside its time", (unsigned long long)phase);
		phase = witness_now_usec() + usec(&now.it_value);
		CHECK_EQUAL(sigtimedwait(&mask, NULL, &patience), SIGALRM);
	}
	return 0;
}

/* Half of the CPU time that it takes is gone when it is cloned. */
static int cpu_time(int which, int signal)
{
	struct itimerval timer = { { .tv_usec = 400000 }, { .tv_usec = 400000 } }, now;
	uint64_t spent = cpu_now_usec(), left;

	handle(signal);
	MUST(setitimer(which, &timer, NULL) == 0);
	do
		MUST(getitimer(which, &now) == 0);
	while (usec(&now.it_value) > 250000 && !got && cpu_now_usec() - spent < 2000000);
	MUST(!got);
	left = usec(&now.it_value);
	is_built();

	CHECK_EQUAL(got, 0);
	CHECK_EQUAL(getitimer(which, &now), 0);
	CHECK_EQUAL(usec(&now.it_interval), 400000);
	/* Waiting has taken some; a tick is what setitimer() adds. */
	if (usec(&now.it_value) > left + 5000)
		FAIL("%llu us are left, which were %llu", (unsigned long long)usec(&now.it_value), (unsigned long long)left);
	CHECK(usec(&now.it_value) > 20000);
	left = usec(&now.it_value);
	spent = cpu_now_usec();
	while (!got && cpu_now_usec() - spent < 5000000)
		;
	CHECK_EQUAL(got, 1);
	/* The timer counts ticks, that clock does not. */
	CHECK(cpu_now_usec() - spent + 100000 >= left);
	while (got == 1 && cpu_now_usec() - spent < 5000000)
		;
	CHECK_EQUAL(got, 2);
	return 0;
}

static int virtual(void *argument)
{
	(void)argument;
	return cpu_time(ITIMER_VIRTUAL, SIGVTALRM);
}

static int profiling(void *argument)
{
	(void)argument;
	return cpu_time(ITIMER_PROF, SIGPROF);
}

int main(int argc, char **argv)
{
	int (*const bodies[])(void *) = { once, with_alarm, waiting, virtual, profiling };
	struct itimerval now;
	pid_t children[COUNT(bodies)];

	witness_start(argc, argv);
	MUST(pipe(built) == 0);
	for (size_t i = 0; i < COUNT(bodies); i++)
		children[i] = witness_fork(bodies[i], NULL);
	for (size_t i = 0; i < COUNT(bodies); i++)
		MUST(read(built[0], &(char){ 0 }, 1) == 1);
	witness_ready();

	for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
		CHECK_EQUAL(getitimer(which, &now), 0);
		CHECK_EQUAL(usec(&now.it_value), 0);
	}
	for (size_t i = 0; i < COUNT(bodies); i++)
		witness_reap(children[i], EXITED(0));
	return witness_verdict();
}
