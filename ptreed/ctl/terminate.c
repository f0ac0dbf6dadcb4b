// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreectl terminate: kill clones and wait until nothing is left of them. */
#include "ctl.h"

static int terminate_one(struct ptree *p, struct ptree_clone *c, void *userdata)
{
	(void)userdata;
	return ptree_clone_terminate(p, c);
}

int verb_terminate(struct ctl *ctl, int argc, char **argv)
{
	int code;

	code = ctl_getopt_common(ctl, argc, argv, 1, INT32_MAX);
	if (code >= 0)
		return code;
	return ctl_each_clone(ctl, argc, argv, terminate_one, NULL);
}
