/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What clone and inspect have in common on the command line: options that say what becomes of what. */
#ifndef PTREECTL_POLICY_H
#define PTREECTL_POLICY_H

#include "ctl.h"

enum {
	CTL_OPTION_SHARE = CTL_OPTION_OWN + 0x80,
	CTL_OPTION_SEVER,
	CTL_OPTION_PRIVATE,
	CTL_OPTION_FILES,
	CTL_OPTION_COPY,
	CTL_OPTION_TTY,
	CTL_OPTION_STDIN,
	CTL_OPTION_STDOUT,
	CTL_OPTION_STDERR,
};

#define CTL_POLICY_OPTIONS                                                                                              \
	{ "share", required_argument, NULL, CTL_OPTION_SHARE },                                                         \
	{ "sever", required_argument, NULL, CTL_OPTION_SEVER },                                                         \
	{ "private", required_argument, NULL, CTL_OPTION_PRIVATE },                                                     \
	{ "files", required_argument, NULL, CTL_OPTION_FILES },                                                         \
	{ "copy", required_argument, NULL, CTL_OPTION_COPY },                                                           \
	{ "tty", required_argument, NULL, CTL_OPTION_TTY },                                                             \
	{ "stdin", required_argument, NULL, CTL_OPTION_STDIN },                                                         \
	{ "stdout", required_argument, NULL, CTL_OPTION_STDOUT },                                                       \
	{ "stderr", required_argument, NULL, CTL_OPTION_STDERR }

struct policy_arguments {
	struct ptree_clone_options options;
	char *lists[3];			/* share, sever, private */
	const char **copy_paths;	/* malloc'ed; ends with NULL */
	size_t nr_copy_paths;
	const char *stdio_paths[3];
	int stdio_fds[3];		/* options.stdio_fds, if one is given */
};

void policy_arguments_init(struct policy_arguments *a);
void policy_arguments_done(struct policy_arguments *a);

/* policy_option() - takes one of these options; returns -1 to go on, else an exit code. */
int policy_option(struct ctl *ctl, struct policy_arguments *a, int option, const char *value);

#endif
