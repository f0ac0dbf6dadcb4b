// SPDX-License-Identifier: GPL-2.0-or-later
/* A parent inside vfork(), whose child neither runs a program nor ends until SIGTERM. */
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	volatile pid_t child = vfork();

	if (child == 0)
		for (;;)
			usleep(20000);
	for (;;)
		usleep(20000);
}
