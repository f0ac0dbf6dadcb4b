// SPDX-License-Identifier: GPL-2.0-or-later
/* Options, complaints and the clones that arguments name. Numbers are parse.c's, what an exit code means exit.c's. */
#include <stdarg.h>
#include <string.h>

#include "config.h"
#include "ctl.h"

int ctl_complain(struct ctl *ctl, enum ctl_exit code, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "ptreectl: %s%s", ctl->verb ?: "", ctl->verb ? ": " : "");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

int ctl_fail(struct ctl *ctl, int r)
{
	const char *message = ctl->p ? ptree_error_message(ctl->p) : "";

	return ctl_complain(ctl, ctl_exit_of(r), "%s", *message ? message : strerror(-r));
}

int ctl_open(struct ctl *ctl)
{
	int r;

	if (ctl->p)
		return CTL_OK;
	r = ptree_open(&ctl->p, ctl->backend);
	return r < 0 ? ctl_fail(ctl, r) : CTL_OK;
}

static int backend_choose(struct ctl *ctl, enum ptree_backend backend)
{
	if (ctl->backend != PTREE_BACKEND_AUTO && ctl->backend != backend) {
		ctl_complain(ctl, CTL_USAGE, "--direct and --bus exclude each other");
		return CTL_GETOPT_BAD;
	}
	ctl->backend = backend;
	return 0;
}

static int json_choose(struct ctl *ctl, const char *mode)
{
	if (strcmp(mode, "short") == 0)
		ctl->json = CTL_JSON_SHORT;
	else if (strcmp(mode, "pretty") == 0)
		ctl->json = CTL_JSON_PRETTY;
	else if (strcmp(mode, "off") == 0)
		ctl->json = CTL_JSON_OFF;
	else {
		ctl_complain(ctl, CTL_USAGE, "--json=%s is unknown; it is short, pretty or off", mode);
		return CTL_GETOPT_BAD;
	}
	return 0;
}

int ctl_getopt(struct ctl *ctl, int argc, char **argv, const char *short_options, const struct option *options)
{
	char all_short[32];
	int c, r = 0;

	snprintf(all_short, sizeof(all_short), "%s%s", short_options, "hq");
	opterr = 0; /* the complaint is ours: getopt_long() knows no verb and prints a line of its own form */

	for (;;) {
		int at = optind ?: 1;

		c = getopt_long(argc, argv, all_short, options, NULL);
		switch (c) {
		case 'h':
			if (ctl->verb)
				printf("ptreectl %s: see ptreectl --help and ptreectl(1).\n", ctl->verb);
			return CTL_GETOPT_DONE;
		case CTL_OPTION_VERSION:
			printf("ptreectl %s\n", PTREE_VERSION);
			exit(CTL_OK);
		case 'q':
			ctl->quiet = true;
			break;
		case CTL_OPTION_DIRECT:
			r = backend_choose(ctl, PTREE_BACKEND_DIRECT);
			break;
		case CTL_OPTION_BUS:
			r = backend_choose(ctl, PTREE_BACKEND_BUS);
			break;
		case CTL_OPTION_NO_LEGEND:
			ctl->no_legend = true;
			break;
		case CTL_OPTION_JSON:
			r = json_choose(ctl, optarg);
			break;
		case '?':
			/* optind has moved past a long option, but not past a short one inside a group. */
			ctl_complain(ctl, CTL_USAGE, "bad option '%s'; see ptreectl --help",
				     argv[optind > at ? optind - 1 : at]);
			return CTL_GETOPT_BAD;
		default:
			return c;
		}
		if (r < 0)
			return r;
	}
}

int ctl_getopt_common(struct ctl *ctl, int argc, char **argv, int min_arguments, int max_arguments)
{
	static const struct option options[] = { CTL_OPTIONS, {} };
	int r, n;

	r = ctl_getopt(ctl, argc, argv, "", options);
	if (r == CTL_GETOPT_DONE)
		return CTL_OK;
	if (r == CTL_GETOPT_BAD)
		return CTL_USAGE;

	n = argc - optind;
	if (n < min_arguments)
		return ctl_complain(ctl, CTL_USAGE, "an argument is missing; see ptreectl --help");
	if (n > max_arguments)
		return ctl_complain(ctl, CTL_USAGE, "one argument too many: '%s'", argv[optind + max_arguments]);
	return -1;
}

int ctl_each_clone(struct ctl *ctl, int argc, char **argv,
		   int (*act)(struct ptree *p, struct ptree_clone *c, void *userdata), void *userdata)
{
	int code, first = CTL_OK, r;

	code = ctl_open(ctl);
	if (code != CTL_OK)
		return code;

	for (int i = optind; i < argc; i++) {
		_cleanup_clone_ struct ptree_clone *c = NULL;

		r = ptree_get(ctl->p, argv[i], &c);
		if (r >= 0)
			r = act(ctl->p, c, userdata);
		if (r < 0) {
			code = ctl_fail(ctl, r);
			first = first ?: code;
		}
	}
	return first;
}
