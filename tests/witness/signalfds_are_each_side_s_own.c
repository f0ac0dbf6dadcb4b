// SPDX-License-Identifier: GPL-2.0-or-later
/* signalfd: masks and flags are as they were; who changes one changes it for its own side. */
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>

#include "witness.h"

static int signals[] = { 1, 10, 31, 34, 40, 64 };

static bool is_readable(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, 0) == 1;
}

static int take(int fd)
{
	struct signalfd_siginfo info = { 0 };

	return read(fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : -errno;
}

int main(int argc, char **argv)
{
	int fds[COUNT(signals)], all, none;
	sigset_t one, set;

	witness_start(argc, argv);
	sigemptyset(&set);
	for (size_t i = 0; i < COUNT(signals); i++)
		sigaddset(&set, signals[i]);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	for (size_t i = 0; i < COUNT(signals); i++) {
		sigemptyset(&one);
		sigaddset(&one, signals[i]);
		fds[i] = signalfd(-1, &one, i % 2 ? SFD_NONBLOCK : SFD_CLOEXEC);
		MUST(fds[i] >= 0);
	}
	all = signalfd(-1, &set, SFD_NONBLOCK);
	sigemptyset(&one);
	none = signalfd(-1, &one, SFD_NONBLOCK);
	MUST(all >= 0 && none >= 0);
	MUST(raise(signals[1]) == 0);
	witness_ready();

	for (size_t i = 0; i < COUNT(signals); i++) {
		CHECK_EQUAL(fcntl(fds[i], F_GETFL) & ~0100000, O_RDWR | (i % 2 ? O_NONBLOCK : 0));
		CHECK_EQUAL(fcntl(fds[i], F_GETFD), i % 2 ? 0 : FD_CLOEXEC);
		CHECK_EQUAL(is_readable(fds[i]), i == 1);
	}
	CHECK_EQUAL(take(fds[1]), signals[1]);
	CHECK_EQUAL(take(all), -EAGAIN);
	for (size_t i = 0; i < COUNT(signals); i++) {
		CHECK_EQUAL(kill(getpid(), signals[i]), 0);
		for (size_t k = 0; k < COUNT(signals); k++)
			CHECK_EQUAL(is_readable(fds[k]), k == i);
		CHECK(is_readable(all));
		CHECK(!is_readable(none));
		CHECK_EQUAL(take(i % 2 ? all : fds[i]), signals[i]);
	}

	/* The source gives one another mask. */
	if (!witness_is_clone())
		CHECK_EQUAL(signalfd(fds[0], &set, 0), fds[0]);
	witness_meet("changed");
	CHECK_EQUAL(kill(getpid(), signals[3]), 0);
	CHECK_EQUAL(is_readable(fds[0]), !witness_is_clone());
	CHECK_EQUAL(take(all), signals[3]);
	return witness_verdict();
}
