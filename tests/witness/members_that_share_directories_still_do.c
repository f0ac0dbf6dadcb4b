// SPDX-License-Identifier: GPL-2.0-or-later
/* Two processes with one root, working directory and umask, and nothing else in common. */
#include <sched.h>

#include "partner.h"

int main(int argc, char **argv)
{
	return partner_witness(argc, argv, CLONE_FS);
}
