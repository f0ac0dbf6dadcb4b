// SPDX-License-Identifier: GPL-2.0-or-later
/* A root with a child that it traces; neither is stopped. */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	pid_t child = fork();

	if (child == 0)
		for (;;)
			usleep(20000);
	usleep(100000);
	if (ptrace(PTRACE_SEIZE, child, NULL, NULL) < 0)
		return 1;
	for (;;)
		usleep(20000);
}
