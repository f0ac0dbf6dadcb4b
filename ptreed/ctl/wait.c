// SPDX-License-Identifier: GPL-2.0-or-later
/* Waiting for a clone's end, and its status as a shell gives it. */
#include <string.h>
#include <sys/wait.h>

#include "ctl.h"

int ctl_ended(struct ctl *ctl, const struct ptree_clone *c, int status)
{
	if (status == -1)
		return ctl_complain(ctl, CTL_FAILURE, "clone %s is gone and left no status", ptree_clone_name(c));

	if (WIFSIGNALED(status)) {
		if (!ctl->quiet)
			ctl_complain(ctl, CTL_OK, "clone %s was ended by %s", ptree_clone_name(c),
				     strsignal(WTERMSIG(status)));
		return 128 + WTERMSIG(status);
	}
	return WEXITSTATUS(status);
}

int ctl_wait(struct ctl *ctl, struct ptree_clone *c)
{
	int status, r;

	r = ptree_clone_wait(ctl->p, c, UINT64_MAX, &status);
	return r < 0 ? ctl_fail(ctl, r) : ctl_ended(ctl, c, status);
}
