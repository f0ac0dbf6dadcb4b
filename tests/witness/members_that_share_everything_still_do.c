// SPDX-License-Identifier: GPL-2.0-or-later
/* Two processes with everything in common that threads have, but that they are no threads of each other. */
#include <sched.h>

#include "partner.h"

int main(int argc, char **argv)
{
	return partner_witness(argc, argv, CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND);
}
