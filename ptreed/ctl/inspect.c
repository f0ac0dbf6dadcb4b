// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreectl inspect: what would become of every object of a tree. What stands in the way comes first. */
#include <inttypes.h>
#include <langinfo.h>
#include <limits.h>
#include <string.h>

#include "ctl.h"
#include "output.h"
#include "policy.h"
#include "proctree.h"
#include "report.h"

struct inspection {
	struct ctl *ctl;
	pid_t pid;
	const struct ptree_report *report;
	const char *branch, *last, *down;
	struct table *table;
};

static const char *lines[2][3] = { { "|-", "`-", "| " }, { "├─", "└─", "│ " } };

/* "0 1 2": the descriptors by which a process has an object. False: it has not. */
static bool fds_of(const struct ptree_object *o, pid_t pid, char *ret, size_t size)
{
	bool found = false;
	size_t n = 0;

	*ret = '\0';
	for (size_t i = 0; i < o->nr_users; i++) {
		if (o->users[i].pid != pid)
			continue;
		found = true;
		if (o->users[i].fd >= 0 && n + 1 < size)
			n += (size_t)snprintf(ret + n, size - n, "%s%d", n ? " " : "", o->users[i].fd);
	}
	return found;
}

static void row(struct inspection *in, const char *prefix, const char *fds, const struct ptree_object *o)
{
	table_add(in->table, "%s", prefix);
	table_add(in->table, "%s", fds);
	table_add(in->table, "%s", ptree_policy_name(o->policy));
	table_add(in->table, "%s", o->kind);
	table_add(in->table, "%s", o->option);
	table_add(in->table, "%s%s%s", o->description, *o->note ? ": " : "", o->note);
}

static void draw(struct inspection *in, const struct proctree *t, const char *prefix, const char *branch)
{
	const struct ptree_object *o;
	char below[PATH_MAX], own[PATH_MAX], fds[64];

	table_add(in->table, "%s%s%d %s", prefix, branch, t->pid, t->comm);
	for (int i = 0; i < 4; i++)
		table_add(in->table, "%s", "");
	table_add(in->table, "%s", "");

	snprintf(below, sizeof(below), "%s%s", prefix,
		 strcmp(branch, in->branch) == 0 ? in->down : *branch ? "  " : "");
	snprintf(own, sizeof(own), "%s%s", below, t->nr_children > 0 ? in->down : "");
	for (size_t i = 0; (o = ptree_report_object(in->report, i)); i++)
		if (fds_of(o, t->pid, fds, sizeof(fds)))
			row(in, own, fds, o);
	for (size_t i = 0; i < t->nr_children; i++)
		draw(in, t->children[i], below, i + 1 < t->nr_children ? in->branch : in->last);
}

static void print_obstacles(const struct inspection *in, size_t nr)
{
	const struct ptree_object *o;

	printf("Process %d cannot be cloned as it is. In the way %s:\n", in->pid, nr == 1 ? "is" : "are");
	for (size_t i = 0; (o = ptree_report_object(in->report, i)); i++) {
		if (o->policy != PTREE_POLICY_REFUSE)
			continue;
		printf("  %s%s%s", o->description, *o->note ? ": " : "", o->note);
		if (*o->option)
			printf("; allowed by %s", o->option);
		putchar('\n');
	}
	putchar('\n');
}

static int print_text(struct inspection *in)
{
	static const char *const headings[] = { "PROCESS", "FD", "POLICY", "KIND", "OPTION", "OBJECT" };
	size_t obstacles = ptree_report_count(in->report, PTREE_POLICY_REFUSE);
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	_cleanup_free_ char *summary = report_summary(in->report);
	struct proctree *t;
	int r;

	r = proctree_read(in->pid, &t);
	if (r < 0)
		return ctl_complain(in->ctl, ctl_exit_of(r), "walk: pid %d: %s", in->pid, strerror(-r));
	if (obstacles > 0)
		print_obstacles(in, obstacles);
	else if (!in->ctl->quiet)
		printf("Process %d can be cloned%s%s.\n\n", in->pid, summary ? "; " : "", summary ?: "");

	in->branch = lines[utf8][0];
	in->last = lines[utf8][1];
	in->down = lines[utf8][2];
	in->table = table_new(ARRAY_SIZE(headings), 0, headings);
	draw(in, t, "", "");
	table_print(in->table, stdout, !in->ctl->no_legend);
	table_free(in->table);
	proctree_free(t);
	return CTL_OK;
}

static void print_json(const struct inspection *in, size_t obstacles)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "PID", json_object_new_int(in->pid));
	json_object_object_add(o, "Clonable", json_object_new_boolean(obstacles == 0));
	json_object_object_add(o, "Objects", report_json(in->report));
	output_json(in->ctl, o);
}

static int inspect(struct ctl *ctl, pid_t pid, const struct ptree_clone_options *options)
{
	struct inspection in = { .ctl = ctl, .pid = pid };
	struct ptree_report *report = NULL;
	size_t obstacles;
	int r, code;

	code = ctl_open(ctl);
	if (code != CTL_OK)
		return code;
	r = ptree_inspect(ctl->p, pid, options, &report);
	if (r < 0)
		return ctl_fail(ctl, r);

	in.report = report;
	obstacles = ptree_report_count(report, PTREE_POLICY_REFUSE);
	if (ctl->json != CTL_JSON_OFF)
		print_json(&in, obstacles);
	else
		code = print_text(&in);
	ptree_report_free(report);
	return code ?: obstacles > 0 ? CTL_REFUSED : CTL_OK;
}

int verb_inspect(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { CTL_OPTIONS, CTL_POLICY_OPTIONS, {} };
	struct policy_arguments a;
	int c, code = -1;
	pid_t pid;

	policy_arguments_init(&a);
	while (code < 0 && (c = ctl_getopt(ctl, argc, argv, "", options)) != CTL_GETOPT_END)
		switch (c) {
		case CTL_GETOPT_BAD:
			code = CTL_USAGE;
			break;
		case CTL_GETOPT_DONE:
			code = CTL_OK;
			break;
		default:
			code = policy_option(ctl, &a, c, optarg);
			break;
		}
	if (code < 0 && argc - optind != 1)
		code = ctl_complain(ctl, CTL_USAGE, argc > optind ? "one PID at a time" : "a PID is missing");
	if (code < 0 && ctl_pid_parse(argv[optind], &pid) < 0)
		code = ctl_complain(ctl, CTL_USAGE, "'%s' is not a pid", argv[optind]);
	if (code < 0)
		code = inspect(ctl, pid, &a.options);
	policy_arguments_done(&a);
	return code;
}
