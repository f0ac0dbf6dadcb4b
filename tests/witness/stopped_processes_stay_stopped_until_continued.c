// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stopped children: each side's stay stopped until that side continues them. Whether the stop has been waited for is as it
 * was: told once where it had not been told, and not again where it had. Threads stop together.
 */
#include "witness.h"


/* Runs until it is told to end; two threads, which count in memory of their own. */
static volatile unsigned counted[2];

static void *count(void *argument)
{
	volatile unsigned *mine = argument;

	for (;;) {
		++*mine;
		witness_sleep_usec(2000);
	}
	return NULL;
}

static void ended(int signal)
{
	(void)signal;
	_exit(7);
}

static int child(void *argument)
{
	(void)argument;
	signal(SIGTERM, ended);
	setpgid(0, 0); /* in an orphaned group SIGTSTP would be ignored */
	witness_thread(count, (void *)&counted[1]);
	count((void *)&counted[0]);
	return 0;
}

static char state_of(pid_t pid)
{
	char path[64], line[256] = "", state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (f && fgets(line, sizeof(line), f) && strrchr(line, ')'))
		state = strrchr(line, ')')[2];
	if (f)
		fclose(f);
	return state;
}

/* What a child does by itself, seen through waitid(): /proc may be that of the other side. */
static bool waits_for(pid_t pid, int what, int code, int status)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)pid, &info, what | WNOHANG) < 0 || info.si_pid != pid)
		return false;
	CHECK_EQUAL(info.si_code, code);
	CHECK_EQUAL(info.si_status, status);
	return true;
}

int main(int argc, char **argv)
{
	pid_t told, untold, by_tstp;

	witness_start(argc, argv);
	told = witness_fork(child, NULL);
	untold = witness_fork(child, NULL);
	by_tstp = witness_fork(child, NULL);
	while (getpgid(told) != told || getpgid(untold) != untold || getpgid(by_tstp) != by_tstp)
		witness_sleep_usec(1000);
	MUST(kill(told, SIGSTOP) == 0 && kill(untold, SIGSTOP) == 0 && kill(by_tstp, SIGTSTP) == 0);
	MUST(waitpid(told, NULL, WUNTRACED) == told);
	MUST(waitid(P_PID, (id_t)untold, &(siginfo_t){ 0 }, WSTOPPED | WNOWAIT) == 0);
	MUST(waitid(P_PID, (id_t)by_tstp, &(siginfo_t){ 0 }, WSTOPPED | WNOWAIT) == 0);
	witness_ready();

	if (!witness_is_clone()) {
		CHECK_EQUAL(state_of(told), 'T');
		CHECK_EQUAL(state_of(untold), 'T');
	}
	CHECK(!waits_for(told, WSTOPPED, 0, 0));
	CHECK(waits_for(untold, WSTOPPED, CLD_STOPPED, SIGSTOP));
	CHECK(!waits_for(untold, WSTOPPED, 0, 0));
	CHECK(waits_for(by_tstp, WSTOPPED, CLD_STOPPED, SIGTSTP));
	CHECK(!waits_for(told, WCONTINUED, 0, 0));

	/* A signal does nothing to a stopped process; continued, it gets it. */
	CHECK(kill(told, SIGTERM) == 0 && kill(untold, SIGTERM) == 0);
	witness_sleep_usec(50000);
	CHECK(!waits_for(told, WEXITED | WNOWAIT, 0, 0));
	/* One side continues its children; the other's stay. */
	witness_meet("before");
	if (witness_is_clone()) {
		CHECK(kill(told, SIGCONT) == 0 && kill(untold, SIGCONT) == 0);
		witness_reap(told, EXITED(7));
		witness_reap(untold, EXITED(7));
	}
	witness_meet("after");
	if (!witness_is_clone()) {
		CHECK_EQUAL(state_of(told), 'T');
		CHECK(!waits_for(told, WEXITED | WCONTINUED | WNOWAIT, 0, 0));
		CHECK(kill(told, SIGCONT) == 0 && kill(untold, SIGCONT) == 0);
		witness_reap(told, EXITED(7));
		witness_reap(untold, EXITED(7));
	}
	/* Stopped again, continued, told of both. */
	CHECK(kill(by_tstp, SIGCONT) == 0);
	AWAIT(waits_for(by_tstp, WCONTINUED, CLD_CONTINUED, SIGCONT));
	CHECK(kill(by_tstp, SIGSTOP) == 0);
	AWAIT(waits_for(by_tstp, WSTOPPED, CLD_STOPPED, SIGSTOP));
	CHECK(kill(by_tstp, SIGKILL) == 0);
	witness_reap(by_tstp, SIGKILL);
	return witness_verdict();
}
