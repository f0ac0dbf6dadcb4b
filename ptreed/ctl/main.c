// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreectl: finds the verb and hands over to it. Options and errors are options.c's, each verb has its own file. */
#include <locale.h>
#include <string.h>

#include "ctl.h"
#include "output.h"

static int verb_help(struct ctl *ctl, int argc, char **argv);

static const struct ctl_verb verbs[] = {
	{ "clone",     "PID",       "Clone a process and everything below it", verb_clone },
	{ "inspect",   "PID",       "Say what a clone would share, sever and refuse", verb_inspect },
	{ "list",      "",          "List the clones", verb_list },
	{ "status",    "[CLONE…]",  "Show clones for reading", verb_status },
	{ "show",      "CLONE…",    "Show clones as KEY=VALUE", verb_show },
	{ "tree",      "PID|CLONE", "Draw a tree: processes, threads, source and host pids", verb_tree },
	{ "freeze",    "CLONE…",    "Stop every process of a clone", verb_freeze },
	{ "thaw",      "CLONE…",    "Let a frozen or held clone run", verb_thaw },
	{ "kill",      "CLONE…",    "Send a signal to the root of a clone, or to all of it", verb_kill },
	{ "terminate", "CLONE…",    "Kill a clone and wait until nothing is left of it", verb_terminate },
	{ "attach",    "CLONE",     "Sit in front of a clone's own terminal; ^] leaves it", verb_attach },
	{ "check",     "",          "Say what this host can do and what is missing", verb_check },
	{ "help",      "",          "Show this help", verb_help },
};

static int help(void)
{
	printf("ptreectl [OPTIONS…] VERB [ARGUMENTS…]\n\n"
	       "Clone running process trees. CLONE is an id, a name, or the pid of a process of the clone.\n\n"
	       "Verbs:\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		/* "…" is three bytes and one column. */
		int pad = strstr(verbs[i].arguments, "…") ? 12 : 10;

		printf("  %-9s %-*s %s\n", verbs[i].name, pad, verbs[i].arguments, verbs[i].help);
	}

	printf("\nOptions of every verb:\n"
	       "  -h, --help                 Show this help\n"
	       "      --version              Show the version\n"
	       "  -q, --quiet                Print nothing but data; clone: only the name\n"
	       "      --no-legend            No headings in tables\n"
	       "      --json=short|pretty    Print JSON\n"
	       "      --direct               Run the engine in this process (root, needs no ptreed)\n"
	       "      --bus                  Ask ptreed, even as root\n"
	       "\nOptions of clone:\n"
	       "      --name=NAME            Name of the clone ([A-Za-z0-9_.-], at most 64, not a number)\n"
	       "      --hold                 Leave the clone frozen; thaw starts it\n"
	       "      --wait                 Wait for the clone's end and exit with its status\n"
	       "      --max-pause=TIME       Give up when the source would stand still for longer (200ms, 2s)\n"
	       "      --cgroup=PATH          Existing cgroup to put the clone in (root only)\n"
	       "      --service              Become the clone's unit; for ptree-clone@.service\n"
	       "\nOptions of clone and inspect; ptreectl(1) has the words and the defaults:\n"
	       "      --share=LIST           Have these in common with the source (pipes,unix,…)\n"
	       "      --sever=LIST           Find these cut off, as if the peer had gone\n"
	       "      --private=LIST         Have these namespaces to itself (mnt,ipc,net,uts)\n"
	       "      --files=share|copy     Contents of files that are open for writing\n"
	       "      --copy=DIR             A copy of this directory and all below it\n"
	       "      --tty=new|null|keep    The terminal\n"
	       "      --stdin=FILE           Read from FILE where the source has its standard input\n"
	       "      --stdout=FILE          Write to the end of FILE instead\n"
	       "      --stderr=FILE\n"
	       "\nOptions of show:\n"
	       "  -p, --property=NAME[,…]    Only these\n"
	       "      --value                Without KEY=\n"
	       "\nOptions of tree:\n"
	       "      --no-threads           Processes only\n"
	       "\nOptions of kill:\n"
	       "      --whom=root|all        Whom to signal (root)\n"
	       "  -s, --signal=SIGNAL        What to send (SIGTERM)\n"
	       "\nExit codes:\n");
	ctl_exit_help(stdout);
	printf("With --wait and attach: the clone's own exit status, 128+N if signal N ended it.\n");
	return CTL_OK;
}

static int verb_help(struct ctl *ctl, int argc, char **argv)
{
	(void)ctl, (void)argc, (void)argv;
	return help();
}

static const struct ctl_verb *verb_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/* Data that could not be written (a full disk behind stdout) is a failure, not a success. */
static int flush(int code)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (errno != EPIPE)
			fprintf(stderr, "ptreectl: cannot write to standard output: %s\n", strerror(errno));
		return code ?: CTL_FAILURE;
	}
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { CTL_OPTIONS, {} };
	struct ctl ctl = {};
	const struct ctl_verb *verb;
	int r;

	setlocale(LC_ALL, "");

	/* "+": stop at the verb, which parses the rest. */
	r = ctl_getopt(&ctl, argc, argv, "+", options);
	if (r == CTL_GETOPT_DONE)
		return flush(help());
	if (r == CTL_GETOPT_BAD)
		return CTL_USAGE;
	if (optind >= argc)
		return ctl_complain(&ctl, CTL_USAGE, "no verb given; ptreectl --help lists them");

	verb = verb_find(argv[optind]);
	if (!verb)
		return ctl_complain(&ctl, CTL_USAGE, "unknown verb '%s'; ptreectl --help lists them", argv[optind]);

	ctl.verb = verb->name;
	argc -= optind;
	argv += optind;
	optind = 0; /* start over, with getopt's own state too */
	r = verb->run(&ctl, argc, argv);
	ctl.p = ptree_close(ctl.p);
	return flush(r);
}
