// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ptreectl tree: processes and threads of a clone, the source's pids and the host's side by side; or of any process.
 * Reading /proc is proctree.c's.
 */
#include <langinfo.h>
#include <limits.h>
#include <string.h>

#include "ctl.h"
#include "output.h"
#include "proctree.h"

enum {
	OPTION_NO_THREADS = CTL_OPTION_OWN,
};

struct drawing {
	struct ctl *ctl;
	const struct ptree_clone *c;	/* NULL: a process that is nobody's clone */
	bool threads;
	const char *branch, *last, *down;
	struct table *table;
};

static const char *lines[2][3] = { { "|-", "`-", "| " }, { "├─", "└─", "│ " } };

/* The member that a process of the clone is the twin of; NULL: it was born later, or is ptree-init. */
static const struct ptree_pair *pair_find(const struct drawing *d, pid_t twin)
{
	const struct ptree_pair *pairs;
	size_t n = d->c ? ptree_clone_pairs(d->c, &pairs) : 0;

	for (size_t i = 0; i < n; i++)
		if (pairs[i].twin == twin)
			return &pairs[i];
	return NULL;
}

static void row(struct drawing *d, pid_t source, pid_t host, char state, const char *prefix, const char *branch,
		const char *comm, bool thread)
{
	if (d->c && source > 0)
		table_add(d->table, "%d", source);
	else if (d->c)
		table_add(d->table, "-");
	table_add(d->table, "%d", host);
	table_add(d->table, "%c", state);
	table_add(d->table, thread ? "%s%s{%s}" : "%s%s%s", prefix, branch, comm);
}

static void draw(struct drawing *d, const struct proctree *t, const char *prefix, const char *branch)
{
	size_t left = t->nr_children + (d->threads ? t->nr_threads : 0);
	const struct ptree_pair *pair = pair_find(d, t->pid);
	char below[PATH_MAX];

	row(d, pair ? pair->source : 0, t->pid, t->state, prefix, branch, t->comm, false);

	snprintf(below, sizeof(below), "%s%s", prefix,
		 strcmp(branch, d->branch) == 0 ? d->down : *branch ? "  " : "");

	for (size_t i = 0; d->threads && i < t->nr_threads; i++) {
		/* Where the leader kept its number inside the clone, its threads did too. */
		bool same = pair && t->inner_pid == pair->source;

		row(d, same ? t->threads[i].inner_tid : 0, t->threads[i].tid, ' ', below,
		    --left ? d->branch : d->last, t->threads[i].comm, true);
	}
	for (size_t i = 0; i < t->nr_children; i++)
		draw(d, t->children[i], below, --left ? d->branch : d->last);
}

static struct json_object *tree_json(const struct drawing *d, const struct proctree *t)
{
	struct json_object *o = json_object_new_object(), *threads = json_object_new_array();
	struct json_object *children = json_object_new_array();
	const struct ptree_pair *pair = pair_find(d, t->pid);

	json_object_object_add(o, "Comm", json_object_new_string(t->comm));
	if (d->c)
		json_object_object_add(o, "Source", pair ? json_object_new_int(pair->source) : NULL);
	json_object_object_add(o, "Host", json_object_new_int(t->pid));
	json_object_object_add(o, "Inner", json_object_new_int(t->inner_pid));
	json_object_object_add(o, "State", json_object_new_string_len(&t->state, 1));

	for (size_t i = 0; d->threads && i < t->nr_threads; i++) {
		struct json_object *thread = json_object_new_object();

		json_object_object_add(thread, "Comm", json_object_new_string(t->threads[i].comm));
		json_object_object_add(thread, "Host", json_object_new_int(t->threads[i].tid));
		json_object_object_add(thread, "Inner", json_object_new_int(t->threads[i].inner_tid));
		json_object_array_add(threads, thread);
	}
	for (size_t i = 0; i < t->nr_children; i++)
		json_object_array_add(children, tree_json(d, t->children[i]));
	json_object_object_add(o, "Threads", threads);
	json_object_object_add(o, "Children", children);
	return o;
}

static int tree_print(struct drawing *d, pid_t pid)
{
	static const char *const headings[] = { "SOURCE", "HOST", "S", "TREE" };
	size_t skip = d->c ? 0 : 1; /* without a clone there is one pid only */
	struct proctree *t;
	int r;

	r = proctree_read(pid, &t);
	if (r < 0)
		return ctl_complain(d->ctl, ctl_exit_of(r), "walk: pid %d: %s", pid, strerror(-r));

	if (d->ctl->json != CTL_JSON_OFF) {
		output_json(d->ctl, tree_json(d, t));
	} else {
		d->table = table_new(ARRAY_SIZE(headings) - skip, skip ? 0x1 : 0x3, headings + skip);
		draw(d, t, "", "");
		table_print(d->table, stdout, !d->ctl->no_legend);
		table_free(d->table);
	}
	proctree_free(t);
	return CTL_OK;
}

int verb_tree(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		CTL_OPTIONS,
		{ "no-threads", no_argument, NULL, OPTION_NO_THREADS },
		{},
	};
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	struct drawing d = { .ctl = ctl, .threads = true, .branch = lines[utf8][0], .last = lines[utf8][1],
			     .down = lines[utf8][2] };
	_cleanup_clone_ struct ptree_clone *c = NULL;
	bool is_pid;
	pid_t pid;
	int o, r;

	while ((o = ctl_getopt(ctl, argc, argv, "", options)) != CTL_GETOPT_END)
		switch (o) {
		case CTL_GETOPT_BAD:
			return CTL_USAGE;
		case CTL_GETOPT_DONE:
			return CTL_OK;
		case OPTION_NO_THREADS:
			d.threads = false;
			break;
		}
	if (argc - optind != 1)
		return ctl_complain(ctl, CTL_USAGE, "one PID or CLONE, please");
	is_pid = ctl_pid_parse(argv[optind], &pid) >= 0;

	/* A number may be a clone's id or pid; if nobody knows it as that (or nobody can be asked) it is a process. */
	r = ptree_open(&ctl->p, ctl->backend);
	if (r >= 0)
		r = ptree_get(ctl->p, argv[optind], &c);
	if (r < 0 && !is_pid)
		return ctl_fail(ctl, r);
	if (r >= 0) {
		d.c = c;
		pid = ptree_clone_init_pid(c);
	}
	return tree_print(&d, pid);
}
