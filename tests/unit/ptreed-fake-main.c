// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreed with the fake engine, as a program: for tests of what talks to it. */
#include "../../ptreed/daemon.h"
#include "ptreed-fake.h"

int main(int argc, char **argv)
{
	return daemon_run(argc, argv, fake_work);
}
