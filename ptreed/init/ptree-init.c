// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ptree-init: pid 1 of a clone's pid namespace. It reaps, passes signals on to the root of the clone, and exits with the
 * root's status; the kernel then ends whatever is left in the namespace. It does not make the clone: the kernel module
 * gives it the root as a child.
 *
 * fd 0 is a socket to the engine, fd 1 (if open) the file that the root's wait status is left in. It says int32 0 when it
 * is up, is told the root's number, confirms with int32 0, and from then on has nothing open but fd 1. It is static, uses
 * neither stdio nor malloc, keeps no thread and no timer: nothing that would make it hard to checkpoint.
 *
 * Every signal stays blocked and is taken with sigwaitinfo(). A blocked signal is delivered to pid 1 even though it has
 * no handler, and none can interrupt or kill it in the middle.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTROL = 0, STATUS = 1 };

static pid_t root;

/* Decimal and a newline: what ptree_registry_status_read() reads. */
static void status_leave(int status)
{
	char text[16];
	unsigned n = (unsigned)status;
	size_t at = sizeof(text);

	text[--at] = '\n';
	do
		text[--at] = (char)('0' + n % 10);
	while (n /= 10);
	(void)!write(STATUS, text + at, sizeof(text) - at);
}

/* As a shell would say it: pid 1 cannot die of a signal of its own. */
static int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void reap(void)
{
	int status;
	pid_t pid;

	/* __WALL: a twin's exit signal is what its source's was. */
	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (pid != root)
			continue;
		status_leave(status);
		_exit(exit_code(status));
	}
}

/* Tells the engine that we are there, learns whom we stand in for. The end of the engine is our end. */
static void arm(void)
{
	int32_t word = 0;

	if (write(CONTROL, &word, sizeof(word)) != sizeof(word))
		_exit(1);
	if (read(CONTROL, &word, sizeof(word)) != sizeof(word) || word <= 0)
		_exit(1);
	root = word;
	word = 0;
	prctl(PR_SET_PDEATHSIG, 0);
	if (write(CONTROL, &word, sizeof(word)) != sizeof(word))
		_exit(1);
	close(CONTROL);
}

static int is_passed_on(int signal)
{
	switch (signal) {
	case SIGCHLD: /* about our children */
	case SIGTTIN: /* about a terminal, which we have not */
	case SIGTTOU:
	case SIGPIPE:
		return 0;
	default:
		return 1;
	}
}

int main(void)
{
	siginfo_t info;
	sigset_t all;

	/* An ignored SIGCHLD, inherited through exec, would reap behind our back. */
	signal(SIGCHLD, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	arm();

	for (;;) {
		int signal = sigwaitinfo(&all, &info);

		/* A root whose exit signal is another wakes us as well. */
		reap();
		if (signal > 0 && is_passed_on(signal))
			kill(root, signal);
	}
}
