// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreed, with the real engine in its workers. The program is daemon.c; a test links it with another engine. */
#include "daemon.h"

int main(int argc, char **argv)
{
	return daemon_run(argc, argv, engine_work);
}
