// SPDX-License-Identifier: GPL-2.0-or-later
/* Two processes with one memory, each with files, directories and handlers of its own: as source and as clone. */
#include <sched.h>

#include "partner.h"

int main(int argc, char **argv)
{
	return partner_witness(argc, argv, CLONE_VM);
}
