// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A session on a pty of the tree's, as of a terminal multiplexer: leader, foreground and background group know their
 * terminal as before, /dev/tty leads to it, ^C, ^Z and the hangup are heard on the side on which they come, and a reader in
 * the background is stopped.
 */
#include "witness.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave, job_ready[2], ready[2];
static volatile sig_atomic_t interrupts, stops, hangups, inputs, tellings;

static void on_signal(int signal)
{
	switch (signal) {
	case SIGINT:
		interrupts++;
		break;
	case SIGTSTP:
		stops++;
		break;
	case SIGHUP:
		hangups++;
		break;
	case SIGTTIN:
		inputs++;
		break;
	case SIGUSR1:
		tellings++;
		break;
	}
}

static void signals_count(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < 5; i++)
		MUST(sigaction((int[]){ SIGINT, SIGTSTP, SIGHUP, SIGTTIN, SIGUSR1 }[i], &action, NULL) == 0);
}

/* What every process of the session finds. */
static void terminal_is_known(pid_t leader, pid_t front)
{
	struct winsize size;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

	CHECK(tty >= 0);
	CHECK_EQUAL(getsid(0), leader);
	CHECK_EQUAL(tcgetsid(slave), leader);
	CHECK_EQUAL(tcgetpgrp(slave), front);
	CHECK_EQUAL(tcgetpgrp(tty), front);
	CHECK_EQUAL(ioctl(tty, TIOCGWINSZ, &size), 0);
	CHECK_EQUAL(size.ws_col, 91);
	close(tty);
}

static int in_front(void *argument)
{
	pid_t leader = getppid();

	(void)argument;
	signals_count();
	MUST(setpgid(0, 0) == 0);
	MUST(write(job_ready[1], "f", 1) == 1);
	witness_wait_go();
	terminal_is_known(leader, getpid());
	AWAIT(interrupts == 1);
	AWAIT(stops == 1);
	witness_sleep_usec(300000);
	CHECK_EQUAL(interrupts, 1);
	CHECK_EQUAL(stops, 1);
	CHECK_EQUAL(inputs, 0);
	return 31;
}

static int in_back(void *argument)
{
	pid_t leader = getppid(), front = *(pid_t *)argument;
	char byte;

	signals_count();
	MUST(setpgid(0, 0) == 0);
	MUST(write(job_ready[1], "b", 1) == 1);
	witness_wait_go();
	terminal_is_known(leader, front);
	CHECK_EQUAL(read(slave, &byte, 1), -1);
	CHECK_EQUAL(errno, EINTR);
	CHECK_EQUAL(inputs, 1);
	CHECK_EQUAL(interrupts, 0);
	CHECK_EQUAL(stops, 0);
	return 32;
}

static int leads(void *argument)
{
	pid_t front, back;
	char got;

	(void)argument;
	close(master);
	signals_count();
	MUST(setsid() == getpid());
	MUST(ioctl(slave, TIOCSCTTY, 0) == 0);
	front = witness_fork(in_front, NULL);
	MUST(read(job_ready[0], &got, 1) == 1);
	back = witness_fork(in_back, &front);
	MUST(read(job_ready[0], &got, 1) == 1);
	/* From the background it would be stopped, unless it does not want to be. */
	signal(SIGTTOU, SIG_IGN);
	MUST(tcsetpgrp(slave, front) == 0);
	MUST(write(ready[1], "l", 1) == 1);
	witness_wait_go();

	terminal_is_known(getpid(), front);
	witness_reap(front, EXITED(31));
	witness_reap(back, EXITED(32));
	/* Now its own group, as a shell does when a job has ended. */
	CHECK_EQUAL(tcsetpgrp(slave, getpgrp()), 0);
	terminal_is_known(getpid(), getpid());
	witness_meet("jobs");
	CHECK_EQUAL(interrupts, 0);
	CHECK_EQUAL(hangups, 0);
	/* The root of the clone hangs up now, that of the source does not. */
	CHECK_EQUAL(kill(getppid(), SIGUSR1), 0);
	if (witness_is_clone()) {
		AWAIT(hangups > 0);
		CHECK_EQUAL(open("/dev/tty", O_RDWR | O_CLOEXEC), -1);
	}
	witness_meet("hung-up");
	if (!witness_is_clone()) {
		CHECK_EQUAL(hangups, 0);
		terminal_is_known(getpid(), getpid());
	}
	return 30;
}

int main(int argc, char **argv)
{
	struct winsize size = { .ws_row = 20, .ws_col = 91 };
	pid_t leader;
	char got;

	witness_start(argc, argv);
	signals_count();
	MUST((master = posix_openpt(O_RDWR | O_NOCTTY)) >= 0 && unlockpt(master) == 0);
	MUST((slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY)) >= 0);
	MUST(ioctl(master, TIOCSWINSZ, &size) == 0);
	MUST(pipe(ready) == 0 && pipe(job_ready) == 0);
	leader = witness_fork(leads, NULL);
	MUST(read(ready[0], &got, 1) == 1);
	close(slave);
	witness_ready();

	/* The clone first: what it sends must not come to the source. */
	if (!witness_is_clone())
		witness_meet("sent");
	CHECK_EQUAL(write(master, "\003", 1), 1);
	witness_sleep_usec(300000);
	CHECK_EQUAL(write(master, "\032", 1), 1);
	witness_sleep_usec(300000);
	if (witness_is_clone())
		witness_meet("sent");
	CHECK_EQUAL(interrupts, 0);

	AWAIT(tellings == 1);
	if (witness_is_clone())
		close(master);
	witness_reap(leader, EXITED(30));
	CHECK_EQUAL(hangups, 0);
	return witness_verdict();
}
