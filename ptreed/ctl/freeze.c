// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreectl freeze: stop every process of clones; returns when all stand. */
#include "ctl.h"

static int freeze_one(struct ptree *p, struct ptree_clone *c, void *userdata)
{
	(void)userdata;
	return ptree_clone_freeze(p, c);
}

int verb_freeze(struct ctl *ctl, int argc, char **argv)
{
	int code;

	code = ctl_getopt_common(ctl, argc, argv, 1, INT32_MAX);
	if (code >= 0)
		return code;
	return ctl_each_clone(ctl, argc, argv, freeze_one, NULL);
}
