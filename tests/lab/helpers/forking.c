// SPDX-License-Identifier: GPL-2.0-or-later
/* `forking`: some processes that fork and wait without a pause. `forking chain`: each child replaces its parent, too. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void fork_and_wait(void)
{
	for (;;) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		if (child > 0)
			waitpid(child, NULL, 0);
		else
			usleep(1000);
	}
}

/* Until the root is gone: nobody could catch the last of the chain to kill it. */
static void chain(pid_t root)
{
	while (kill(root, 0) == 0) {
		pid_t child = fork();

		if (child > 0)
			_exit(0);
		if (child < 0)
			usleep(1000);
		/* A breath, or nobody else gets any time on a slow machine. */
		usleep(500);
	}
}

int main(int argc, char **argv)
{
	pid_t root = getpid();

	(void)argv;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < 3; i++)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (argc > 1)
				chain(root);
			else
				fork_and_wait();
			_exit(0);
		}
	for (;;)
		if (waitpid(-1, NULL, 0) < 0)
			usleep(20000);
}
