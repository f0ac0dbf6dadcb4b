// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the options of a clone. Whether the caller may use them is polkit.c's. */
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "../libptree/internal.h"
#include "errors.h"
#include "options.h"

#define VALID_KEYS "name (s), hold (b), max-pause-usec (t), cgroup (s)"

void options_done(struct clone_options *o)
{
	free(o->name);
	free(o->cgroup);
	*o = (struct clone_options){};
}

static int name_set(struct clone_options *o, const char *name, sd_bus_error *error)
{
	if (!ptree_name_is_valid(name))
		return errors_set(error, -EINVAL,
				  "prepare: bad name; it has 1 to 64 of A-Z a-z 0-9 _ . - and is no number");
	free(o->name);
	o->name = strdup(name);
	return o->name ? 0 : -ENOMEM;
}

static int cgroup_set(struct clone_options *o, const char *cgroup, sd_bus_error *error)
{
	if (cgroup[0] != '/' || strchr(cgroup, '\n') || strlen(cgroup) >= PATH_MAX)
		return errors_set(error, -EINVAL, "prepare: a cgroup is an absolute path");
	free(o->cgroup);
	o->cgroup = strdup(cgroup);
	return o->cgroup ? 0 : -ENOMEM;
}

static int max_pause_set(struct clone_options *o, uint64_t usec, const struct limits *limits, sd_bus_error *error)
{
	if (usec > limits->max_pause_usec)
		return errors_set(error, -EINVAL, "freeze: max-pause-usec is %" PRIu64 ", the most allowed is %" PRIu64,
				  usec, limits->max_pause_usec);
	o->max_pause_usec = usec ?: PTREE_MAX_PAUSE_DEFAULT_USEC;
	return 0;
}

static int option_read(sd_bus_message *message, const char *key, const struct limits *limits, struct clone_options *o,
		       sd_bus_error *error)
{
	static const struct {
		const char *key, *type;
	} known[] = { { "name", "s" }, { "hold", "b" }, { "max-pause-usec", "t" }, { "cgroup", "s" } };
	const char *contents, *s;
	uint64_t usec;
	size_t i;
	int r, b;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(known[i].key, key) == 0)
			break;
	if (i == ARRAY_SIZE(known))
		return errors_set(error, -EINVAL, "clone: unknown option '%.64s'; the options are " VALID_KEYS, key);

	r = sd_bus_message_peek_type(message, NULL, &contents);
	if (r < 0)
		return r;
	if (strcmp(contents, known[i].type) != 0)
		return errors_set(error, -EINVAL, "clone: option '%s' has type '%.16s'; the options are " VALID_KEYS, key,
				  contents);

	switch (known[i].type[0]) {
	case 's':
		r = sd_bus_message_read(message, "v", "s", &s);
		if (r < 0)
			return r;
		return i == 0 ? name_set(o, s, error) : cgroup_set(o, s, error);
	case 'b':
		r = sd_bus_message_read(message, "v", "b", &b);
		o->hold = b;
		return r;
	default:
		r = sd_bus_message_read(message, "v", "t", &usec);
		return r < 0 ? r : max_pause_set(o, usec, limits, error);
	}
}

int options_read(sd_bus_message *message, const struct limits *limits, struct clone_options *ret, sd_bus_error *error)
{
	const char *key;
	int r;

	*ret = (struct clone_options){ .max_pause_usec = PTREE_MAX_PAUSE_DEFAULT_USEC };

	r = sd_bus_message_enter_container(message, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
		r = sd_bus_message_read(message, "s", &key);
		if (r >= 0)
			r = option_read(message, key, limits, ret, error);
		if (r >= 0)
			r = sd_bus_message_exit_container(message);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(message);
	if (r < 0) {
		options_done(ret);
		return r;
	}
	return 0;
}
