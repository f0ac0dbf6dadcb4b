// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreectl check: what this host can do and what is missing, one line each. The probing is libptree's. */
#include <string.h>

#include "ctl.h"
#include "output.h"

static const char *verdict(const struct ptree_check_item *item)
{
	if (item->result >= 0)
		return "ok";
	return item->required ? "missing" : "absent";
}

static void print_json(struct ctl *ctl, const struct ptree_check_item *items, size_t nr)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < nr; i++) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "Name", json_object_new_string(items[i].name));
		json_object_object_add(o, "Result", json_object_new_int(items[i].result));
		json_object_object_add(o, "Required", json_object_new_boolean(items[i].required));
		json_object_object_add(o, "Detail", json_object_new_string(items[i].detail ?: ""));
		json_object_array_add(list, o);
	}
	output_json(ctl, list);
}

static void print_table(struct ctl *ctl, const struct ptree_check_item *items, size_t nr)
{
	static const char *const headings[] = { "RESULT", "WHAT", "DETAIL" };
	struct table *t = table_new(ARRAY_SIZE(headings), 0, headings);

	for (size_t i = 0; i < nr; i++) {
		table_add(t, "%s", verdict(&items[i]));
		table_add(t, "%s", items[i].name);
		table_add(t, "%s", items[i].detail ?: "");
	}
	table_print(t, stdout, !ctl->no_legend);
	table_free(t);
}

int verb_check(struct ctl *ctl, int argc, char **argv)
{
	struct ptree_check_item *items;
	bool missing = false;
	int code, r;

	code = ctl_getopt_common(ctl, argc, argv, 0, 0);
	if (code >= 0)
		return code;

	/* Not ctl_open(): a host without module or ptreed is exactly what is asked about here. */
	(void)ptree_open(&ctl->p, ctl->backend);
	if (!ctl->p)
		return ctl_complain(ctl, CTL_FAILURE, "out of memory");

	r = ptree_check(ctl->p, &items);
	if (r < 0)
		return ctl_fail(ctl, r);

	for (int i = 0; i < r; i++)
		missing |= items[i].required && items[i].result < 0;
	if (ctl->json != CTL_JSON_OFF)
		print_json(ctl, items, (size_t)r);
	else
		print_table(ctl, items, (size_t)r);
	ptree_check_free(items, (size_t)r);

	if (missing)
		return ctl_complain(ctl, CTL_HOST, "this host cannot clone yet; the lines marked 'missing' say why");
	return CTL_OK;
}
