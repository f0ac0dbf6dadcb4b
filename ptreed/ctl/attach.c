// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ptreectl attach: sit in front of the terminal that a clone has of its own. Bytes go both ways until the clone ends, or
 * the user leaves with ^]; whatever ends it, the user's own terminal is as it was. Without a terminal on standard input
 * all of it is passed on as it is, and its end ends nothing: for scripts.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "ctl.h"

#define DETACH 0x1d			/* ^] */
#define END_USEC (2 * USEC_PER_SEC)	/* from the last close of its terminal to the end of a clone */

enum attached {
	ATTACHED,
	DETACHED,	/* the user left, or was hung up on */
	CLOSED,		/* nobody in the clone has the terminal open any more */
};

struct attach {
	struct ctl *ctl;
	struct ptree_clone *clone;
	int master, signals;
	bool interactive;		/* standard input is a terminal; it is raw while we sit there */
	struct termios saved;
	bool input_ended;
	unsigned char input[4096];	/* read and not yet taken by the clone's terminal */
	size_t nr_input;
	int ended_by;			/* a signal; 0: none */
};

static void terminal_restore(const struct attach *a)
{
	if (a->interactive)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &a->saved);
}

static int terminal_raw(const struct attach *a)
{
	struct termios raw = a->saved;

	if (!a->interactive)
		return 0;
	cfmakeraw(&raw);
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0 ? -errno : 0;
}

/*
 * The clone's terminal gets the size of ours. Programs draw anew when they are told that it has changed, so one that is
 * right already changes twice.
 */
static void size_pass_on(const struct attach *a, bool redraw)
{
	struct winsize ours, theirs;

	if (!a->interactive || ioctl(STDIN_FILENO, TIOCGWINSZ, &ours) < 0 || ours.ws_row == 0)
		return;
	if (redraw && ioctl(a->master, TIOCGWINSZ, &theirs) == 0 && memcmp(&ours, &theirs, sizeof(ours)) == 0) {
		theirs.ws_row += theirs.ws_row > 1 ? -1 : 1;
		ioctl(a->master, TIOCSWINSZ, &theirs);
	}
	ioctl(a->master, TIOCSWINSZ, &ours);
}

static enum attached on_signal(struct attach *a)
{
	struct signalfd_siginfo info;

	if (read(a->signals, &info, sizeof(info)) != sizeof(info))
		return ATTACHED;
	switch (info.ssi_signo) {
	case SIGWINCH:
		size_pass_on(a, false);
		return ATTACHED;
	case SIGTSTP:
		terminal_restore(a);
		raise(SIGSTOP);
		terminal_raw(a);
		size_pass_on(a, true);
		return ATTACHED;
	default:
		a->ended_by = (int)info.ssi_signo;
		return DETACHED;
	}
}

static enum attached input_read(struct attach *a)
{
	ssize_t n = read(STDIN_FILENO, a->input, sizeof(a->input));
	const unsigned char *left;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return ATTACHED;
	if (n <= 0) {
		a->input_ended = true;
		return a->interactive ? DETACHED : ATTACHED;
	}
	a->nr_input = (size_t)n;
	left = a->interactive ? memchr(a->input, DETACH, a->nr_input) : NULL;
	if (!left)
		return ATTACHED;
	/* What was typed before it is the clone's, if there is room for it. */
	(void)!write(a->master, a->input, (size_t)(left - a->input));
	return DETACHED;
}

/* EIO: the last slave is closed. */
static enum attached input_write(struct attach *a)
{
	ssize_t n = write(a->master, a->input, a->nr_input);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ATTACHED : CLOSED;
	a->nr_input -= (size_t)n;
	memmove(a->input, a->input + n, a->nr_input);
	return ATTACHED;
}

static enum attached output_copy(struct attach *a)
{
	char buffer[4096];
	ssize_t n = read(a->master, buffer, sizeof(buffer)), written;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ATTACHED;
	if (n <= 0)
		return CLOSED;
	for (ssize_t at = 0; at < n; at += written) {
		written = write(STDOUT_FILENO, buffer + at, (size_t)(n - at));
		if (written < 0 && errno == EAGAIN) {
			poll(&(struct pollfd){ .fd = STDOUT_FILENO, .events = POLLOUT }, 1, -1);
			written = 0;
		} else if (written < 0 && errno == EINTR) {
			written = 0;
		} else if (written < 0) {
			return DETACHED;
		}
	}
	return ATTACHED;
}

static enum attached copy(struct attach *a)
{
	enum attached now = ATTACHED;

	while (now == ATTACHED) {
		struct pollfd p[] = {
			{ .fd = a->signals, .events = POLLIN },
			{ .fd = a->master, .events = (short)(POLLIN | (a->nr_input ? POLLOUT : 0)) },
			{ .fd = a->input_ended || a->nr_input ? -1 : STDIN_FILENO, .events = POLLIN },
		};

		if (poll(p, ARRAY_SIZE(p), -1) < 0)
			continue;
		if (p[0].revents)
			now = on_signal(a);
		/* What a program said before it ended comes before the hangup. */
		if (now == ATTACHED && p[1].revents & (POLLIN | POLLHUP | POLLERR))
			now = output_copy(a);
		if (now == ATTACHED && p[1].revents & POLLOUT)
			now = input_write(a);
		if (now == ATTACHED && p[2].revents)
			now = input_read(a);
	}
	return now;
}

static int signals_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* Where a terminal shows them, on lines of their own. */
static void say(const struct attach *a, const char *format, const char *name)
{
	if (!a->interactive || a->ctl->quiet)
		return;
	fprintf(stderr, format, name);
	fflush(stderr);
}

static int leave(struct attach *a, enum attached how)
{
	const char *name = ptree_clone_name(a->clone);
	int status, r;

	if (how == DETACHED) {
		say(a, "\r\n[detached from clone %s, which runs on]\n", name);
		return a->ended_by ? 128 + a->ended_by : CTL_OK;
	}
	r = ptree_clone_wait(a->ctl->p, a->clone, END_USEC, &status);
	if (r == -ETIMEDOUT) {
		say(a, "\r\n[clone %s has closed its terminal, and runs on]\n", name);
		return CTL_OK;
	}
	if (r < 0)
		return ctl_fail(a->ctl, r);
	say(a, "\r\n[clone %s has ended]\n", name);
	return ctl_ended(a->ctl, a->clone, status);
}

static int sit(struct attach *a)
{
	enum attached how;
	int r;

	a->interactive = tcgetattr(STDIN_FILENO, &a->saved) == 0;
	r = a->signals = signals_open();
	if (r >= 0) {
		say(a, "[attached to clone %s; ^] detaches]\r\n", ptree_clone_name(a->clone));
		r = terminal_raw(a);
	}
	if (r < 0)
		return ctl_complain(a->ctl, CTL_FAILURE, "cannot prepare this terminal: %s", strerror(-r));
	size_pass_on(a, true);
	how = copy(a);
	terminal_restore(a);
	ptree_close_fd(a->signals);
	return leave(a, how);
}

int verb_attach(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_clone_ struct ptree_clone *c = NULL;
	_cleanup_close_ int master = -1;
	int code, r;

	code = ctl_getopt_common(ctl, argc, argv, 1, 1);
	if (code >= 0)
		return code;
	code = ctl_open(ctl);
	if (code != CTL_OK)
		return code;

	r = ptree_get(ctl->p, argv[optind], &c);
	if (r >= 0)
		r = master = ptree_clone_attach(ctl->p, c);
	if (r < 0)
		return ctl_fail(ctl, r);
	return sit(&(struct attach){ .ctl = ctl, .clone = c, .master = master });
}
