// SPDX-License-Identifier: LGPL-2.1-or-later
/* ptreed.conf: one file of it is read here, line by line. Which files there are is config-path.c's. */
#include "config-file.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define MAX_PAUSE_USEC (3600 * USEC_PER_SEC)

int ptree_config_usec(const char *text, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t usec;
	} units[] = {
		{ "", USEC_PER_SEC }, { "s", USEC_PER_SEC }, { "sec", USEC_PER_SEC }, { "min", 60 * USEC_PER_SEC },
		{ "ms", 1000 }, { "msec", 1000 }, { "us", 1 }, { "usec", 1 }, { "µs", 1 },
	};
	unsigned long long n;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || n == 0)
		return -ERANGE;
	end += strspn(end, " \t");
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strcmp(end, units[i].name) == 0) {
			if (n > MAX_PAUSE_USEC / units[i].usec)
				return -ERANGE;
			*ret = n * units[i].usec;
			return 0;
		}
	return -EINVAL;
}

/* Words between blanks or commas; what was said of them before holds no more, as "Share=" alone shows. */
static int list_set(struct ptree_policies *p, const char *option, const char *value, struct ptree_error *e)
{
	static const struct {
		const char *option;
		enum ptree_policy policy;
	} lists[] = { { "share", PTREE_POLICY_SHARE }, { "sever", PTREE_POLICY_SEVER }, { "private", PTREE_POLICY_PRIVATE } };
	struct ptree_policies asked = { 0 };
	int r;

	for (value += strspn(value, " \t,"); *value; value += strspn(value, " \t,")) {
		size_t n = strcspn(value, " \t,");

		r = ptree_policies_add(&asked, option, value, n, e);
		if (r < 0)
			return r;
		value += n;
	}
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (strcmp(lists[i].option, option) != 0)
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(p->of); j++)
			if (p->of[j] == lists[i].policy)
				p->of[j] = 0;
		for (size_t j = 0; j < ARRAY_SIZE(p->namespaces); j++)
			if (p->namespaces[j] == lists[i].policy)
				p->namespaces[j] = 0;
	}
	ptree_policies_merge(p, &asked);
	return 0;
}

static int choice_set(struct ptree_policies *p, const char *option, const char *value, struct ptree_error *e)
{
	struct ptree_policies asked = { 0 };
	int r;

	r = ptree_policies_add(&asked, option, value, strlen(value), e);
	if (r >= 0)
		ptree_policies_merge(p, &asked);
	return r;
}

static int clone_set(struct ptree_config *config, const char *key, const char *value, struct ptree_error *e)
{
	static const struct {
		const char *key, *option;
		int (*set)(struct ptree_policies *p, const char *option, const char *value, struct ptree_error *e);
	} keys[] = {
		{ "Share", "share", list_set },
		{ "Sever", "sever", list_set },
		{ "Private", "private", list_set },
		{ "Files", "files", choice_set },
		{ "TTY", "tty", choice_set },
	};

	if (strcmp(key, "MaxPauseSec") == 0)
		return ptree_config_usec(value, &config->max_pause_usec);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].key, key) == 0)
			return keys[i].set(&config->policies, keys[i].option, value, e);
	return -ENOENT;
}

/* Cuts blanks off both ends. */
static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t\r");
	n = strlen(text);
	while (n > 0 && strchr(" \t\r", text[n - 1]))
		n--;
	text[n] = '\0';
	return text;
}

static int wrong(struct ptree_error *e, const char *name, unsigned line, const char *what, const char *text)
{
	return ptree_error_set(e, -EBADMSG, 0, "prepare: %s:%u: %s: %.128s", name, line, what, text);
}

/* What was wrong with a value; a sentence about words says more than we know, but its step is told once. */
static int wrong_value(struct ptree_error *e, const char *name, unsigned line, int r, const char *key, const char *value,
		       const struct ptree_error *why)
{
	const char *sentence = why->message;

	if (r == -ENOENT)
		return wrong(e, name, line, "there is no such key in this section", key);
	if (r == -ERANGE)
		return ptree_error_set(e, -EBADMSG, 0, "prepare: %s:%u: %s=%.64s is out of range", name, line, key, value);
	if (strncmp(sentence, "prepare: ", 9) == 0)
		sentence += 9;
	if (*sentence)
		return ptree_error_set(e, -EBADMSG, 0, "prepare: %s:%u: %s", name, line, sentence);
	return ptree_error_set(e, -EBADMSG, 0, "prepare: %s:%u: %s=%.64s is not understood", name, line, key, value);
}

int ptree_config_parse(FILE *f, const char *name, struct ptree_config *config, ptree_config_function *other,
		       void *userdata, struct ptree_error *e)
{
	_cleanup_free_ char *line = NULL;
	char section[32] = "";
	size_t size = 0;

	for (unsigned nr = 1; getline(&line, &size, f) >= 0; nr++) {
		struct ptree_error why = { 0 };
		char *key, *value;
		size_t n;
		int r = 0;

		line[strcspn(line, "\n")] = '\0';
		key = trim(line);
		n = strlen(key);
		if (n == 0 || *key == '#' || *key == ';')
			continue;
		if (*key == '[') {
			if (key[n - 1] != ']' || n < 3 || n - 2 >= sizeof(section))
				return wrong(e, name, nr, "this is no section", key);
			memcpy(section, key + 1, n - 2);
			section[n - 2] = '\0';
			if (strcmp(section, "Clone") != 0 && strcmp(section, "Limits") != 0)
				return wrong(e, name, nr, "there is no such section; there are [Clone] and [Limits]", key);
			continue;
		}
		value = strchr(key, '=');
		if (!value)
			return wrong(e, name, nr, "this is neither KEY=VALUE nor a section nor a comment", key);
		*value++ = '\0';
		key = trim(key);
		value = trim(value);
		if (!*section)
			return wrong(e, name, nr, "this stands before any section", key);
		if (strcmp(section, "Clone") == 0)
			r = clone_set(config, key, value, &why);
		else if (other)
			r = other(section, key, value, userdata, &why);
		if (r < 0)
			return wrong_value(e, name, nr, r, key, value, &why);
	}
	return ferror(f) ? ptree_error_set(e, -EIO, 0, "prepare: cannot read %s", name) : 0;
}
