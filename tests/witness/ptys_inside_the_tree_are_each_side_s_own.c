// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pty whose two ends are in the tree: modes, size, and what was on its way in both directions are there on both sides,
 * once; from then on neither hears the other. So are a pty in packet mode, and those whose slaves are closed, or were
 * never open.
 */
#include "witness.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#define WAITING 9000	/* more than a line discipline holds: the rest waits in front of it */

struct pty {
	int master, slave;
};

static struct pty raw, lines, packets, closed, locked;
static int again;	/* another description of lines' slave */
static struct termios wanted;

static struct pty pty_open(bool with_slave)
{
	struct pty pty = { .master = posix_openpt(O_RDWR | O_NOCTTY), .slave = -1 };

	MUST(pty.master >= 0 && unlockpt(pty.master) == 0);
	if (with_slave)
		MUST((pty.slave = ioctl(pty.master, TIOCGPTPEER, O_RDWR | O_NOCTTY)) >= 0);
	return pty;
}

static void modes_set(int fd, bool canonical)
{
	struct termios modes;

	MUST(tcgetattr(fd, &modes) == 0);
	if (!canonical)
		cfmakeraw(&modes);
	modes.c_lflag &= ~(tcflag_t)ECHO;
	modes.c_oflag &= ~(tcflag_t)OPOST;
	modes.c_cc[VINTR] = 'I' - '@';
	cfsetspeed(&modes, B9600);
	MUST(tcsetattr(fd, TCSANOW, &modes) == 0);
	if (canonical)
		wanted = modes;
}

/* Byte i of what one end is to receive. */
static char pattern(size_t i)
{
	return (char)('a' + i % 26);
}

static void fill(int fd, size_t n)
{
	char text[WAITING];

	for (size_t i = 0; i < n; i++)
		text[i] = pattern(i);
	MUST(write(fd, text, n) == (ssize_t)n);
}

/* What was on its way, and no more. The line discipline gets it from a worker of the kernel's. */
static void expect_pattern(int fd, size_t n)
{
	struct pollfd poll_ = { .fd = fd, .events = POLLIN };
	char text[WAITING + 100];
	size_t got = 0;

	while (got < n && poll(&poll_, 1, 20000) == 1) {
		ssize_t r = read(fd, text + got, sizeof(text) - got);

		CHECK(r > 0);
		if (r <= 0)
			return;
		got += (size_t)r;
	}
	CHECK_EQUAL(got, n);
	for (size_t i = 0; i < got && i < n; i++) {
		if (text[i] != pattern(i)) {
			FAIL("byte %zu is %d", i, text[i]);
			return;
		}
	}
	CHECK_EQUAL(poll(&poll_, 1, 0), 0);
}

static void expect_text(int fd, const char *wanted_text)
{
	struct pollfd poll_ = { .fd = fd, .events = POLLIN };
	char text[256] = "";
	ssize_t n = 0;

	if (poll(&poll_, 1, 20000) == 1)
		n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	if (strcmp(text, wanted_text) != 0)
		FAIL("read \"%s\", not \"%s\"", text, wanted_text);
}

static void modes_are_kept(void)
{
	struct termios modes;
	struct winsize size;
	struct stat stat_;
	int flag;

	CHECK_EQUAL(tcgetattr(lines.slave, &modes), 0);
	CHECK_EQUAL(modes.c_iflag, wanted.c_iflag);
	CHECK_EQUAL(modes.c_oflag, wanted.c_oflag);
	CHECK_EQUAL(modes.c_cflag, wanted.c_cflag);
	CHECK_EQUAL(modes.c_lflag, wanted.c_lflag);
	CHECK(memcmp(modes.c_cc, wanted.c_cc, sizeof(modes.c_cc)) == 0);
	CHECK_EQUAL(cfgetospeed(&modes), B9600);
	CHECK_EQUAL(ioctl(lines.master, TIOCGWINSZ, &size), 0);
	CHECK(size.ws_row == 33 && size.ws_col == 77 && size.ws_xpixel == 5);
	CHECK_EQUAL(ioctl(lines.slave, TIOCGEXCL, &flag), 0);
	CHECK_EQUAL(flag, 1);
	CHECK_EQUAL(ioctl(packets.master, TIOCGPKT, &flag), 0);
	CHECK_EQUAL(flag, 1);
	CHECK_EQUAL(ioctl(lines.master, TIOCGPKT, &flag), 0);
	CHECK_EQUAL(flag, 0);
	CHECK_EQUAL(ioctl(locked.master, TIOCGPTLCK, &flag), 0);
	CHECK_EQUAL(flag, 1);
	CHECK_EQUAL(fcntl(again, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY | O_NONBLOCK);
	CHECK_EQUAL(fcntl(lines.slave, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
	CHECK_EQUAL(fcntl(raw.master, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
	CHECK_EQUAL(fstat(lines.slave, &stat_), 0);
	CHECK_EQUAL(stat_.st_uid, 12345);
	CHECK_EQUAL(stat_.st_mode & 0777, 0606);
	/* The descriptions of one terminal are of one terminal still, which answers to its name. */
	CHECK(ttyname(lines.slave) && ttyname(again) && strcmp(ttyname(again), ttyname(lines.slave)) == 0);
}

static void input_is_kept(void)
{
	char text[64];

	expect_pattern(raw.slave, WAITING);
	expect_pattern(raw.master, WAITING);
	/* Two lines, and the beginning of a third, which can still be taken back: ^U. */
	expect_text(lines.slave, "first\n");
	expect_text(again, "second\n");
	CHECK_EQUAL(read(again, text, sizeof(text)), -1);
	CHECK_EQUAL(errno, EAGAIN);
	CHECK_EQUAL(write(lines.master, "\025third\n", 7), 7);
	expect_text(lines.slave, "third\n");
	/* In packet mode the first byte says what kind it is. */
	CHECK_EQUAL(read(packets.master, text, sizeof(text)), 7);
	CHECK(memcmp(text, "\0packet", 7) == 0);
}

static void nobody_hears_the_other_side(void)
{
	char mine[64];

	snprintf(mine, sizeof(mine), "%s\n", witness_is_clone() ? "clone" : "source");
	CHECK_EQUAL(write(lines.master, mine, strlen(mine)), (ssize_t)strlen(mine));
	CHECK_EQUAL(write(raw.slave, mine, strlen(mine)), (ssize_t)strlen(mine));
	witness_meet("written");
	expect_text(lines.slave, mine);
	expect_text(raw.master, mine);
}

static void ends_are_as_they_were(void)
{
	struct pollfd poll_ = { .fd = closed.master, .events = POLLIN };
	char byte;

	/* A slave that was opened and is closed: hung up. One that never was open: not. */
	CHECK_EQUAL(poll(&poll_, 1, 0), 1);
	CHECK(poll_.revents & POLLHUP);
	CHECK_EQUAL(read(closed.master, &byte, 1), -1);
	CHECK_EQUAL(errno, EIO);
	poll_.fd = locked.master;
	CHECK_EQUAL(poll(&poll_, 1, 0), 0);

	/* The end of one side's master is the end of that side's slave. */
	if (witness_is_clone()) {
		close(raw.master);
		poll_.fd = raw.slave;
		CHECK_EQUAL(poll(&poll_, 1, 20000), 1);
		CHECK(poll_.revents & POLLHUP);
	}
	witness_meet("closed");
	if (!witness_is_clone()) {
		CHECK_EQUAL(write(raw.master, "on", 2), 2);
		expect_text(raw.slave, "on");
	}
}

int main(int argc, char **argv)
{
	struct winsize size = { .ws_row = 33, .ws_col = 77, .ws_xpixel = 5 };

	witness_start(argc, argv);
	raw = pty_open(true);
	lines = pty_open(true);
	packets = pty_open(true);
	closed = pty_open(true);
	close(closed.slave);
	locked.master = posix_openpt(O_RDWR | O_NOCTTY);
	MUST(locked.master >= 0);

	modes_set(raw.slave, false);
	modes_set(packets.slave, false);
	modes_set(lines.slave, true);
	MUST(ioctl(lines.master, TIOCSWINSZ, &size) == 0);
	MUST(fchown(lines.slave, 12345, (gid_t)-1) == 0 && fchmod(lines.slave, 0606) == 0);
	MUST((again = ioctl(lines.master, TIOCGPTPEER, O_RDONLY | O_NOCTTY | O_NONBLOCK)) >= 0);
	MUST(ioctl(lines.slave, TIOCEXCL) == 0);
	MUST(ioctl(packets.master, TIOCPKT, &(int){ 1 }) == 0);

	fill(raw.master, WAITING);
	fill(raw.slave, WAITING);
	MUST(write(lines.master, "first\nsecond\nwrong", 18) == 18);
	MUST(write(packets.slave, "packet", 6) == 6);
	witness_ready();

	modes_are_kept();
	input_is_kept();
	nobody_hears_the_other_side();
	ends_are_as_they_were();
	return witness_verdict();
}
