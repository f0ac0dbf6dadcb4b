// SPDX-License-Identifier: GPL-2.0-or-later
/* The exit codes of ptreectl: the one table that code, --help and ptreectl(1) go by (a test compares them). */
#include "ctl.h"

static const struct {
	enum ctl_exit code;
	const char *meaning;
	int errors[5];
} codes[] = {
	{ CTL_OK,         "done", { 0 } },
	{ CTL_FAILURE,    "something else failed; the sentence on stderr says what", { 0 } },
	{ CTL_USAGE,      "bad usage or bad input", { EINVAL, EDEADLK } },
	{ CTL_NOT_FOUND,  "no such process or clone", { ESRCH, ENOENT } },
	{ CTL_PERMISSION, "not permitted", { EPERM, EACCES } },
	{ CTL_HOST,       "this host cannot: no kernel module, no cgroup v2 or no ptreed", { ENXIO, ENOSYS, ENOTCONN } },
	{ CTL_TIMEOUT,    "timed out; the source runs on", { ETIMEDOUT } },
	{ CTL_REFUSED,    "inspect: the tree cannot be cloned as it is", { 0 } },
};

enum ctl_exit ctl_exit_of(int error)
{
	if (error >= 0)
		return CTL_OK;

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		for (size_t j = 0; j < ARRAY_SIZE(codes[i].errors) && codes[i].errors[j]; j++)
			if (codes[i].errors[j] == -error)
				return codes[i].code;
	return CTL_FAILURE;
}

void ctl_exit_help(FILE *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		fprintf(f, "  %d  %s\n", codes[i].code, codes[i].meaning);
}
