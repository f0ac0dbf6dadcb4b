/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs of ptreectl share: the invocation, options, errors, exit codes. Printing is output.h's. */
#ifndef PTREECTL_CTL_H
#define PTREECTL_CTL_H

#include <getopt.h>

#include "../../libptree/ptree.h"
#include "../../libptree/util.h"

enum ctl_json {
	CTL_JSON_OFF,
	CTL_JSON_SHORT,
	CTL_JSON_PRETTY,
};

/* One invocation of ptreectl. */
struct ctl {
	const char *verb;		/* for error messages: "ptreectl: VERB: sentence" */
	enum ptree_backend backend;
	enum ctl_json json;
	bool no_legend;
	bool quiet;
	struct ptree *p;		/* NULL until ctl_open() */
};

struct ctl_verb {
	const char *name;
	const char *arguments;
	const char *help;
	int (*run)(struct ctl *ctl, int argc, char **argv);	/* returns an exit code */
};

/* Exit codes; exit.c has the table that --help prints and the man page repeats. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILURE = 1,
	CTL_USAGE = 2,
	CTL_NOT_FOUND = 3,
	CTL_PERMISSION = 4,
	CTL_HOST = 5,
	CTL_TIMEOUT = 6,
	CTL_REFUSED = 7,
};

/* ctl_exit_of() - the exit code for a negative errno. */
enum ctl_exit ctl_exit_of(int error);

/* ctl_exit_help() - print the table. */
void ctl_exit_help(FILE *f);

/*
 * Options. A verb's table is { CTL_OPTIONS, own ones from CTL_OPTION_OWN on, {} }. ctl_getopt() handles the common ones
 * and returns an own option, or one of these.
 */
#define CTL_OPTION_OWN 0x100
enum {
	CTL_GETOPT_END = -1,	/* arguments begin at optind */
	CTL_GETOPT_BAD = -2,	/* said so on stderr: exit with CTL_USAGE */
	CTL_GETOPT_DONE = -3,	/* --help or --version was answered: exit with CTL_OK */
};

enum {
	CTL_OPTION_DIRECT = 1,
	CTL_OPTION_BUS,
	CTL_OPTION_NO_LEGEND,
	CTL_OPTION_VERSION,
	CTL_OPTION_JSON,
};

#define CTL_OPTIONS                                                                                                     \
	{ "help", no_argument, NULL, 'h' },                                                                             \
	{ "version", no_argument, NULL, CTL_OPTION_VERSION },                                                           \
	{ "quiet", no_argument, NULL, 'q' },                                                                            \
	{ "direct", no_argument, NULL, CTL_OPTION_DIRECT },                                                             \
	{ "bus", no_argument, NULL, CTL_OPTION_BUS },                                                                   \
	{ "no-legend", no_argument, NULL, CTL_OPTION_NO_LEGEND },                                                       \
	{ "json", required_argument, NULL, CTL_OPTION_JSON }

int ctl_getopt(struct ctl *ctl, int argc, char **argv, const char *short_options, const struct option *options);

/* For verbs without options of their own: returns -1 to go on (arguments from optind), else an exit code. */
int ctl_getopt_common(struct ctl *ctl, int argc, char **argv, int min_arguments, int max_arguments);

/* ctl_open() - connect; says why on stderr when it fails. Returns an exit code. */
int ctl_open(struct ctl *ctl);

/* ctl_fail() - print the sentence of the last failure @r of libptree; returns its exit code. */
int ctl_fail(struct ctl *ctl, int r);

/* ctl_complain() - print a sentence of our own; returns @code. */
int ctl_complain(struct ctl *ctl, enum ctl_exit code, const char *format, ...) _printf_(3, 4);

/* ctl_usec_parse() - "200ms", "2s", "1500us", "1min"; a unit must be there. -EINVAL, -ERANGE. */
int ctl_usec_parse(const char *text, uint64_t *ret);

/* ctl_signal_parse() - "SIGTERM", "term", "15", "RTMIN+3". -EINVAL. */
int ctl_signal_parse(const char *text);

/* ctl_pid_parse() - a decimal number above 0 and nothing else. -EINVAL. */
int ctl_pid_parse(const char *text, pid_t *ret);

/* ctl_each_clone() - look up each argument and call @act on it; goes on after a failure, returns the first one's code. */
int ctl_each_clone(struct ctl *ctl, int argc, char **argv,
		   int (*act)(struct ptree *p, struct ptree_clone *c, void *userdata), void *userdata);

/* ctl_wait() - wait until @c is gone; returns its status as a shell would give it, or an exit code. */
int ctl_wait(struct ctl *ctl, struct ptree_clone *c);

/* ctl_ended() - the same for a clone that is gone, of the status that ptree_clone_wait() gave. */
int ctl_ended(struct ctl *ctl, const struct ptree_clone *c, int status);

/* ctl_service() - clone @pid as the main process of the systemd unit that we run in; see service.c. */
int ctl_service(struct ctl *ctl, pid_t pid, struct ptree_clone_options *options);

int verb_clone(struct ctl *ctl, int argc, char **argv);
int verb_list(struct ctl *ctl, int argc, char **argv);
int verb_status(struct ctl *ctl, int argc, char **argv);
int verb_show(struct ctl *ctl, int argc, char **argv);
int verb_tree(struct ctl *ctl, int argc, char **argv);
int verb_freeze(struct ctl *ctl, int argc, char **argv);
int verb_thaw(struct ctl *ctl, int argc, char **argv);
int verb_kill(struct ctl *ctl, int argc, char **argv);
int verb_terminate(struct ctl *ctl, int argc, char **argv);
int verb_attach(struct ctl *ctl, int argc, char **argv);
int verb_inspect(struct ctl *ctl, int argc, char **argv);
int verb_check(struct ctl *ctl, int argc, char **argv);

static inline void ctl_cleanup_clone(struct ptree_clone **c)
{
	*c = ptree_clone_unref(*c);
}
#define _cleanup_clone_ _cleanup_(ctl_cleanup_clone)

#endif
