// SPDX-License-Identifier: LGPL-2.1-or-later
/* The options of a clone, as org.ptree1.xml describes them. */
#include <string.h>

#include "bus-call.h"

/* "pipes,unix" as an array of strings. */
static int list_append(sd_bus_message *m, const char *key, const char *list)
{
	int r;

	r = sd_bus_message_open_container(m, 'e', "sv");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", key);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "s");
	while (r >= 0) {
		size_t n = strcspn(list, ",");
		_cleanup_free_ char *word = strndup(list, n);

		r = word ? sd_bus_message_append(m, "s", word) : -ENOMEM;
		if (!list[n])
			break;
		list += n + 1;
	}
	for (int i = 0; i < 3 && r >= 0; i++)
		r = sd_bus_message_close_container(m);
	return r;
}

static int stdio_append(sd_bus_message *m, const int *fds)
{
	static const char *const keys[] = { "stdin", "stdout", "stderr" };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys) && r >= 0; i++)
		if (fds[i] >= 0)
			r = sd_bus_message_append(m, "{sv}", keys[i], "h", fds[i]);
	return r;
}

static int paths_append(sd_bus_message *m, const char *key, const char *const *paths)
{
	int r;

	r = sd_bus_message_open_container(m, 'e', "sv");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", key);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_append_strv(m, (char **)paths);
	for (int i = 0; i < 2 && r >= 0; i++)
		r = sd_bus_message_close_container(m);
	return r;
}

static int policies_append(sd_bus_message *m, const struct ptree_clone_options *options)
{
	int r = 0;

	if (options->share_list)
		r = list_append(m, "share", options->share_list);
	if (r >= 0 && options->sever_list)
		r = list_append(m, "sever", options->sever_list);
	if (r >= 0 && options->private_list)
		r = list_append(m, "private", options->private_list);
	if (r >= 0 && options->files)
		r = sd_bus_message_append(m, "{sv}", "files", "s", options->files);
	if (r >= 0 && options->tty)
		r = sd_bus_message_append(m, "{sv}", "tty", "s", options->tty);
	if (r >= 0 && options->copy_paths)
		r = paths_append(m, "copy", options->copy_paths);
	if (r >= 0 && options->stdio_fds)
		r = stdio_append(m, options->stdio_fds);
	return r;
}

int bus_options_append(sd_bus_message *m, const struct ptree_clone_options *options, bool fork)
{
	int r;

	r = sd_bus_message_open_container(m, 'a', "{sv}");
	if (r >= 0 && options->name)
		r = sd_bus_message_append(m, "{sv}", "name", "s", options->name);
	if (r >= 0 && (options->flags & PTREE_CLONE_HOLD))
		r = sd_bus_message_append(m, "{sv}", "hold", "b", 1);
	if (r >= 0 && options->cgroup)
		r = sd_bus_message_append(m, "{sv}", "cgroup", "s", options->cgroup);
	if (r >= 0 && options->max_pause_usec)
		r = sd_bus_message_append(m, "{sv}", "max-pause-usec", "t", options->max_pause_usec);
	if (r >= 0)
		r = policies_append(m, options);
	if (r >= 0 && fork)
		r = sd_bus_message_append(m, "{sv}", "fork", "b", 1);
	return r < 0 ? r : sd_bus_message_close_container(m);
}
