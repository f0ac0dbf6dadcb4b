// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreectl thaw: let frozen or held clones run. */
#include "ctl.h"

static int thaw_one(struct ptree *p, struct ptree_clone *c, void *userdata)
{
	(void)userdata;
	return ptree_clone_thaw(p, c);
}

int verb_thaw(struct ctl *ctl, int argc, char **argv)
{
	int code;

	code = ctl_getopt_common(ctl, argc, argv, 1, INT32_MAX);
	if (code >= 0)
		return code;
	return ctl_each_clone(ctl, argc, argv, thaw_one, NULL);
}
