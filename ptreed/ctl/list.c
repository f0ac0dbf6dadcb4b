// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreectl list: one line per clone. */
#include "ctl.h"
#include "output.h"

static void print_table(struct ctl *ctl, struct ptree_clone **clones, size_t nr)
{
	static const char *const headings[] = { "ID",   "NAME",      "STATE",   "UID",   "SOURCE",
						"ROOT", "PROCESSES", "THREADS", "PAUSE", "CGROUP" };
	/* ID, UID, SOURCE, ROOT, PROCESSES, THREADS and PAUSE are numbers. */
	struct table *t = table_new(ARRAY_SIZE(headings), 0x1f9, headings);
	char pause[32];

	for (size_t i = 0; i < nr; i++) {
		const struct ptree_clone *c = clones[i];

		table_add(t, "%s", ptree_clone_id(c));
		table_add(t, "%s", ptree_clone_name(c));
		table_add(t, "%s", ptree_state_name(ptree_clone_state(c)));
		table_add(t, "%u", ptree_clone_uid(c));
		table_add(t, "%d", ptree_clone_source_pid(c));
		table_add(t, "%d", ptree_clone_root_pid(c));
		table_add(t, "%u", ptree_clone_nr_processes(c));
		table_add(t, "%u", ptree_clone_nr_threads(c));
		table_add(t, "%s", output_usec(pause, sizeof(pause), ptree_clone_pause_usec(c)));
		table_add(t, "%s", ptree_clone_cgroup(c));
	}
	table_print(t, stdout, !ctl->no_legend);
	table_free(t);

	fflush(stdout);
	if (!ctl->no_legend && !ctl->quiet)
		fprintf(stderr, "%zu clone%s.\n", nr, nr == 1 ? "" : "s");
}

int verb_list(struct ctl *ctl, int argc, char **argv)
{
	struct ptree_clone **clones;
	int code, r;

	code = ctl_getopt_common(ctl, argc, argv, 0, 0);
	if (code >= 0)
		return code;
	code = ctl_open(ctl);
	if (code != CTL_OK)
		return code;

	r = ptree_list(ctl->p, &clones);
	if (r < 0)
		return ctl_fail(ctl, r);

	if (ctl->json != CTL_JSON_OFF) {
		struct json_object *list = json_object_new_array();

		for (int i = 0; i < r; i++)
			json_object_array_add(list, clone_json(clones[i], UINT32_MAX & ~(1U << FIELD_PIDS)));
		output_json(ctl, list);
	} else {
		print_table(ctl, clones, (size_t)r);
	}

	for (int i = 0; i < r; i++)
		ptree_clone_unref(clones[i]);
	free(clones);
	return CTL_OK;
}
