// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A parent inside vfork(), as it were, whose child neither runs a program nor ends until SIGTERM: with CLONE_VFORK alone, the
 * child has a copy of the memory.
 */
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	if (syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0) == 0)
		for (;;)
			usleep(20000);
	for (;;)
		usleep(20000);
}
