// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writes a number of a series every second, and begins another series where it finds itself in a clone (or in a child of
 * fork()). Build: cc generation.c $(pkg-config --cflags --libs libptree). Clone it with ptreectl clone PID. */
#include <inttypes.h>
#include <ptree.h>
#include <stdio.h>
#include <unistd.h>

static void reconnect(void *userdata)
{
	printf("%d: this is a clone; what %s was connected to is to be connected to again\n", getpid(), (const char *)userdata);
}

int main(void)
{
	uint64_t generation = 0, series = 0;

	ptree_at_clone(reconnect, (void *)"the program");
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		/* Before each use of what must not be used twice. */
		if (ptree_generation() != generation) {
			generation = ptree_generation();
			series = 0;
		}
		printf("%d: %016" PRIx64 "-%" PRIu64 "\n", getpid(), generation, series++);
		sleep(1);
	}
}
