// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A session whose terminal is somebody's window: its master is held by a process that is not in the tree. The clone has a
 * terminal of its own in its place, of the same modes and size, with the input that nobody had read; it controls the
 * clone's session, and nothing of the clone appears in the window.
 */
#include "witness.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

static pid_t window;		/* the process outside; only its number is known here */
static int to_window[2], from_window[2];
static struct termios wanted;
static dev_t number;
static char window_saw[4096];

/* Types the first letters into the terminal, and at the end tells what it has seen. */
static _Noreturn void be_the_window(int master)
{
	struct pollfd p[] = { { .fd = master, .events = POLLIN }, { .fd = to_window[0], .events = POLLIN } };
	size_t n = 0;

	MUST(write(master, "typed\nhalf", 10) == 10);
	MUST(write(from_window[1], "r", 1) == 1);
	for (;;) {
		ssize_t r;

		if (poll(p, 2, -1) < 0)
			continue;
		if (p[0].revents & POLLIN) {
			r = read(master, window_saw + n, sizeof(window_saw) - n - 1);
			n += r > 0 ? (size_t)r : 0;
		}
		if (p[1].revents) {
			(void)!write(from_window[1], window_saw, sizeof(window_saw));
			_exit(0);
		}
	}
}

/* An orphan before anything is cloned: not in the tree of the root. */
static void window_open(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct winsize size = { .ws_row = 44, .ws_col = 123 };
	pid_t middle;
	char got;

	MUST(master >= 0 && unlockpt(master) == 0);
	MUST(ioctl(master, TIOCSWINSZ, &size) == 0);
	MUST((slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY)) >= 0);
	MUST(tcgetattr(slave, &wanted) == 0);
	wanted.c_lflag &= ~(tcflag_t)ECHO;
	wanted.c_cc[VERASE] = 'E' - '@';
	MUST(tcsetattr(slave, TCSANOW, &wanted) == 0);
	MUST(pipe(to_window) == 0 && pipe(from_window) == 0);
	middle = fork();
	MUST(middle >= 0);
	if (middle == 0) {
		window = fork();
		if (window == 0) {
			close(slave);
			setsid();
			be_the_window(master);
		}
		_exit(window > 0 ? 0 : 1);
	}
	witness_reap(middle, EXITED(0));
	close(master);
	MUST(read(from_window[0], &got, 1) == 1);
	for (int fd = 0; fd < 3; fd++)
		MUST(dup2(slave, fd) == fd);
	close(slave);
	MUST(ioctl(0, TIOCSCTTY, 0) == 0);
}

static int in_background(void *argument)
{
	int tty;

	(void)argument;
	MUST(setpgid(0, 0) == 0);
	witness_wait_go();
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	CHECK(tty >= 0);
	CHECK_EQUAL(tcgetsid(tty), getppid());
	CHECK_EQUAL(tcgetpgrp(tty), getppid());
	return 0;
}

static void terminal_is_known(void)
{
	struct termios modes;
	struct winsize size;
	struct stat stat_;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

	CHECK(tty >= 0);
	CHECK_EQUAL(tcgetsid(0), getpid());
	CHECK_EQUAL(tcgetpgrp(1), getpid());
	CHECK_EQUAL(tcgetpgrp(tty), getpid());
	CHECK_EQUAL(tcgetattr(2, &modes), 0);
	CHECK(memcmp(&modes, &wanted, sizeof(modes)) == 0);
	CHECK_EQUAL(ioctl(tty, TIOCGWINSZ, &size), 0);
	CHECK(size.ws_row == 44 && size.ws_col == 123);
	CHECK(ttyname(0) && strcmp(ttyname(0), ttyname(2)) == 0);
	CHECK_EQUAL(fstat(0, &stat_), 0);
	/* Another on the side of the clone, the same on that of the source. */
	CHECK((stat_.st_rdev == number) == !witness_is_clone());
	close(tty);
}

static void input_is_kept(void)
{
	struct pollfd poll_ = { .fd = 0, .events = POLLIN };
	char text[64];
	int waiting;

	CHECK_EQUAL(ioctl(0, FIONREAD, &waiting), 0);
	CHECK_EQUAL(waiting, 6);
	CHECK_EQUAL(read(0, text, sizeof(text)), 6);
	CHECK(memcmp(text, "typed\n", 6) == 0);
	CHECK_EQUAL(poll(&poll_, 1, 0), 0);
}

int main(int argc, char **argv)
{
	struct stat stat_;
	pid_t background;

	witness_start(argc, argv);
	if (getsid(0) != getpid())
		witness_skip("the witness does not lead a session");
	/* The window is closed before the source's verdict. */
	signal(SIGHUP, SIG_IGN);
	window_open();
	MUST(fstat(0, &stat_) == 0);
	number = stat_.st_rdev;
	background = witness_fork(in_background, NULL);
	while (getpgid(background) != background)
		witness_sleep_usec(1000);
	witness_ready();

	terminal_is_known();
	input_is_kept();
	CHECK_EQUAL(write(1, witness_is_clone() ? "CLONE" : "SOURCE", witness_is_clone() ? 5 : 6),
		    witness_is_clone() ? 5 : 6);
	CHECK_EQUAL(tcdrain(1), 0);
	witness_reap(background, EXITED(0));
	witness_meet("written");
	if (!witness_is_clone()) {
		size_t n = 0;

		CHECK_EQUAL(write(to_window[1], "?", 1), 1);
		while (n < sizeof(window_saw)) {
			ssize_t r = read(from_window[0], window_saw + n, sizeof(window_saw) - n);

			CHECK(r > 0);
			if (r <= 0)
				break;
			n += (size_t)r;
		}
		CHECK(strstr(window_saw, "SOURCE"));
		CHECK(!strstr(window_saw, "CLONE"));
	}
	return witness_verdict();
}
