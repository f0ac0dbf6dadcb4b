// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the options of a clone. Whether the caller may use them is polkit.c's. */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "../libptree/internal.h"
#include "../libptree/redirect.h"
#include "errors.h"
#include "options.h"

#define VALID_KEYS                                                                                                      \
	"name (s), hold (b), max-pause-usec (t), cgroup (s), share (as), sever (as), private (as), files (s), copy (as), tty (s), " \
	"stdin (h), stdout (h), stderr (h), fork (b)"

void options_done(struct clone_options *o)
{
	free(o->name);
	free(o->cgroup);
	for (size_t i = 0; o->copy_paths && o->copy_paths[i]; i++)
		free(o->copy_paths[i]);
	free(o->copy_paths);
	for (size_t i = 0; i < ARRAY_SIZE(o->stdio_fds); i++)
		ptree_close_fd(o->stdio_fds[i]);
	*o = CLONE_OPTIONS_INIT;
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
	o->max_pause_usec = usec;
	return 0;
}

static int read_string(sd_bus_message *m, const char *key, const struct limits *limits, struct clone_options *o,
		       sd_bus_error *error)
{
	const char *s;
	int r;

	(void)limits;
	r = sd_bus_message_read(m, "v", "s", &s);
	if (r < 0)
		return r;
	return strcmp(key, "name") == 0 ? name_set(o, s, error) : cgroup_set(o, s, error);
}

static int read_bool(sd_bus_message *m, const char *key, const struct limits *limits, struct clone_options *o,
		     sd_bus_error *error)
{
	int r, b = 0;

	(void)limits, (void)error;
	r = sd_bus_message_read(m, "v", "b", &b);
	*(strcmp(key, "hold") == 0 ? &o->hold : &o->fork) = b;
	return r;
}

static int read_max_pause(sd_bus_message *m, const char *key, const struct limits *limits, struct clone_options *o,
			  sd_bus_error *error)
{
	uint64_t usec;
	int r;

	(void)key;
	r = sd_bus_message_read(m, "v", "t", &usec);
	return r < 0 ? r : max_pause_set(o, usec, limits, error);
}

static int word_add(struct clone_options *o, const char *key, const char *word, sd_bus_error *error)
{
	struct ptree_error e = { 0 };
	int r;

	r = ptree_policies_add(&o->policies, key, word, strlen(word), &e);
	return r < 0 ? errors_set_ptree(error, &e) : 0;
}

static int read_word(sd_bus_message *m, const char *key, const struct limits *limits, struct clone_options *o,
		     sd_bus_error *error)
{
	const char *word;
	int r;

	(void)limits;
	r = sd_bus_message_read(m, "v", "s", &word);
	return r < 0 ? r : word_add(o, key, word, error);
}

static int read_words(sd_bus_message *m, const char *key, const struct limits *limits, struct clone_options *o,
		      sd_bus_error *error)
{
	const char *word;
	int r;

	(void)limits;
	r = sd_bus_message_enter_container(m, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "s");
	while (r >= 0 && (r = sd_bus_message_read(m, "s", &word)) > 0)
		r = word_add(o, key, word, error);
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Directories. To name one is to ask for files=copy. */
static int read_paths(sd_bus_message *m, const char *key, const struct limits *limits, struct clone_options *o,
		      sd_bus_error *error)
{
	struct ptree_error e = { 0 };
	char **paths = NULL;
	int r;

	(void)key, (void)limits;
	r = sd_bus_message_enter_container(m, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_read_strv(m, &paths);
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r < 0)
		return r;
	if (o->copy_paths)
		return errors_set(error, -EINVAL, "prepare: copy is given twice; name all directories in one array");
	o->copy_paths = paths;
	for (size_t i = 0; paths && paths[i]; i++)
		if (ptree_copy_path_check(paths[i], &e) < 0)
			return errors_set_ptree(error, &e);
	return paths ? word_add(o, "files", "copy", error) : 0;
}

/* The message's descriptors go with it. */
static int read_fd(sd_bus_message *m, const char *key, const struct limits *limits, struct clone_options *o,
		   sd_bus_error *error)
{
	int number = strcmp(key, "stdin") == 0 ? 0 : strcmp(key, "stdout") == 0 ? 1 : 2;
	struct ptree_error e = { 0 };
	int r, fd;

	(void)limits;
	r = sd_bus_message_read(m, "v", "h", &fd);
	if (r < 0)
		return r;
	r = ptree_redirect_check(number, fd, &e);
	if (r < 0)
		return errors_set(error, -EINVAL, "%s", e.message);
	ptree_close_fd(o->stdio_fds[number]);
	o->stdio_fds[number] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return o->stdio_fds[number] < 0 ? -errno : 0;
}

static int option_read(sd_bus_message *message, const char *key, const struct limits *limits, struct clone_options *o,
		       sd_bus_error *error)
{
	static const struct {
		const char *key, *type;
		int (*read)(sd_bus_message *m, const char *key, const struct limits *limits, struct clone_options *o,
			    sd_bus_error *error);
	} known[] = {
		{ "name", "s", read_string },
		{ "hold", "b", read_bool },
		{ "max-pause-usec", "t", read_max_pause },
		{ "cgroup", "s", read_string },
		{ "share", "as", read_words },
		{ "sever", "as", read_words },
		{ "private", "as", read_words },
		{ "files", "s", read_word },
		{ "copy", "as", read_paths },
		{ "tty", "s", read_word },
		{ "stdin", "h", read_fd },
		{ "stdout", "h", read_fd },
		{ "stderr", "h", read_fd },
		{ "fork", "b", read_bool },
	};
	const char *contents;
	size_t i;
	int r;

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
	return known[i].read(message, key, limits, o, error);
}

int options_read(sd_bus_message *message, const struct limits *limits, struct clone_options *ret, sd_bus_error *error)
{
	const char *key;
	int r;

	*ret = CLONE_OPTIONS_INIT;

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
