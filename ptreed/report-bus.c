// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes the objects of a report into a message. */
#include "report-bus.h"

static int users_append(sd_bus_message *m, const struct ptree_object *o)
{
	int r;

	r = sd_bus_message_open_container(m, 'e', "sv");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", "Users");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "a(ui)");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(ui)");
	for (size_t i = 0; r >= 0 && i < o->nr_users; i++)
		r = sd_bus_message_append(m, "(ui)", (uint32_t)o->users[i].pid, (int32_t)o->users[i].fd);
	for (int i = 0; r >= 0 && i < 3; i++)
		r = sd_bus_message_close_container(m);
	return r;
}

static int object_append(sd_bus_message *m, const struct ptree_object *o)
{
	int r;

	r = sd_bus_message_open_container(m, 'a', "{sv}");
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}", "Policy", "s", ptree_policy_name(o->policy), "Kind", "s",
					  o->kind, "Description", "s", o->description, "Note", "s", o->note, "Option", "s",
					  o->option);
	if (r >= 0)
		r = users_append(m, o);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int report_bus_append(sd_bus_message *m, const struct ptree_report *report)
{
	const struct ptree_object *o;
	int r;

	r = sd_bus_message_open_container(m, 'a', "a{sv}");
	for (size_t i = 0; r >= 0 && (o = ptree_report_object(report, i)); i++)
		r = object_append(m, o);
	return r < 0 ? r : sd_bus_message_close_container(m);
}
