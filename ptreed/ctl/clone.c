// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreectl clone: one clone, and with --wait its end. Becoming a unit's main process is service.c's. */
#include <string.h>

#include "ctl.h"
#include "output.h"
#include "policy.h"
#include "report.h"

enum {
	OPTION_NAME = CTL_OPTION_OWN,
	OPTION_HOLD,
	OPTION_WAIT,
	OPTION_MAX_PAUSE,
	OPTION_CGROUP,
	OPTION_SERVICE,
};

struct clone_arguments {
	pid_t pid;
	bool wait, service;
	struct policy_arguments policy;
};

/* Returns -1 to go on, else an exit code. */
static int parse(struct ctl *ctl, int argc, char **argv, struct clone_arguments *a)
{
	static const struct option options[] = {
		CTL_OPTIONS,
		CTL_POLICY_OPTIONS,
		{ "name", required_argument, NULL, OPTION_NAME },
		{ "hold", no_argument, NULL, OPTION_HOLD },
		{ "wait", no_argument, NULL, OPTION_WAIT },
		{ "max-pause", required_argument, NULL, OPTION_MAX_PAUSE },
		{ "cgroup", required_argument, NULL, OPTION_CGROUP },
		{ "service", no_argument, NULL, OPTION_SERVICE },
		{},
	};
	struct ptree_clone_options *o = &a->policy.options;
	int c, r;

	while ((c = ctl_getopt(ctl, argc, argv, "", options)) != CTL_GETOPT_END)
		switch (c) {
		case CTL_GETOPT_BAD:
			return CTL_USAGE;
		case CTL_GETOPT_DONE:
			return CTL_OK;
		case OPTION_NAME:
			o->name = optarg;
			break;
		case OPTION_HOLD:
			o->flags |= PTREE_CLONE_HOLD;
			break;
		case OPTION_WAIT:
			a->wait = true;
			break;
		case OPTION_MAX_PAUSE:
			r = ctl_usec_parse(optarg, &o->max_pause_usec);
			if (r < 0 || o->max_pause_usec == 0)
				return ctl_complain(ctl, CTL_USAGE,
						    "--max-pause=%s is no time; say 1500us, 200ms, 2s", optarg);
			break;
		case OPTION_CGROUP:
			o->cgroup = optarg;
			break;
		case OPTION_SERVICE:
			a->service = true;
			break;
		default:
			r = policy_option(ctl, &a->policy, c, optarg);
			if (r >= 0)
				return r;
			break;
		}

	if (argc - optind != 1)
		return ctl_complain(ctl, CTL_USAGE, argc > optind ? "one PID at a time" : "a PID is missing");
	if (ctl_pid_parse(argv[optind], &a->pid) < 0)
		return ctl_complain(ctl, CTL_USAGE, "'%s' is not a pid", argv[optind]);
	if (a->service && (a->wait || o->cgroup || ctl->backend == PTREE_BACKEND_BUS))
		return ctl_complain(ctl, CTL_USAGE, "--service excludes --wait, --cgroup and --bus");
	return -1;
}

/* What the clone does not have to itself is said, if in short; the data on stdout is as it was asked for. */
static void tell_report(struct ctl *ctl, const struct ptree_clone *c)
{
	_cleanup_free_ char *summary = report_summary(ptree_clone_report(c));

	if (!summary || ctl->quiet)
		return;
	fflush(stdout);
	fprintf(stderr, "%s; see ptreectl status %s\n", summary, ptree_clone_name(c));
}

static int clone_one(struct ctl *ctl, const struct clone_arguments *a)
{
	_cleanup_clone_ struct ptree_clone *c = NULL;
	int r, code;

	code = ctl_open(ctl);
	if (code != CTL_OK)
		return code;

	r = ptree_clone(ctl->p, a->pid, &a->policy.options, &c);
	if (r < 0)
		return ctl_fail(ctl, r);

	if (ctl->json != CTL_JSON_OFF)
		output_json(ctl, clone_json(c, UINT32_MAX));
	else if (ctl->quiet)
		puts(ptree_clone_name(c));
	else
		output_clone(c, false);
	tell_report(ctl, c);

	if (!a->wait)
		return CTL_OK;
	fflush(stdout);
	return ctl_wait(ctl, c);
}

int verb_clone(struct ctl *ctl, int argc, char **argv)
{
	struct clone_arguments a = { 0 };
	int code;

	policy_arguments_init(&a.policy);
	code = parse(ctl, argc, argv, &a);
	if (code < 0)
		code = a.service ? ctl_service(ctl, a.pid, &a.policy.options) : clone_one(ctl, &a);
	policy_arguments_done(&a.policy);
	return code;
}
