// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreectl kill: a signal to the root of a clone, or to all of it. */
#include <signal.h>
#include <string.h>

#include "ctl.h"

enum {
	OPTION_WHOM = CTL_OPTION_OWN,
	OPTION_SIGNAL = 's',
};

struct kill {
	enum ptree_whom whom;
	int signal;
};

static int kill_one(struct ptree *p, struct ptree_clone *c, void *userdata)
{
	const struct kill *k = userdata;

	return ptree_clone_kill(p, c, k->whom, k->signal);
}

int verb_kill(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		CTL_OPTIONS,
		{ "whom", required_argument, NULL, OPTION_WHOM },
		{ "signal", required_argument, NULL, OPTION_SIGNAL },
		{},
	};
	struct kill k = { .whom = PTREE_WHOM_ROOT, .signal = SIGTERM };
	int c;

	while ((c = ctl_getopt(ctl, argc, argv, "s:", options)) != CTL_GETOPT_END)
		switch (c) {
		case CTL_GETOPT_BAD:
			return CTL_USAGE;
		case CTL_GETOPT_DONE:
			return CTL_OK;
		case OPTION_WHOM:
			if (strcmp(optarg, "root") == 0)
				k.whom = PTREE_WHOM_ROOT;
			else if (strcmp(optarg, "all") == 0)
				k.whom = PTREE_WHOM_ALL;
			else
				return ctl_complain(ctl, CTL_USAGE, "--whom=%s is unknown; it is root or all", optarg);
			break;
		case OPTION_SIGNAL:
			k.signal = ctl_signal_parse(optarg);
			if (k.signal < 0)
				return ctl_complain(ctl, CTL_USAGE, "'%s' is no signal", optarg);
			break;
		}

	if (optind >= argc)
		return ctl_complain(ctl, CTL_USAGE, "a CLONE is missing");
	return ctl_each_clone(ctl, argc, argv, kill_one, &k);
}
