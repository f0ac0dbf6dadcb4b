// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines of /proc/PID/fdinfo/FD. What they mean is the business of each kind. */
#include "fdinfo.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

static int number_parse(const char *at, int base, uint64_t *ret)
{
	uint64_t value;
	char *end;
	int saved = errno;
	bool range;

	at = skip_blanks(at);
	errno = 0;
	value = strtoull(at, &end, base);
	range = errno == ERANGE;
	errno = saved;
	if (end == at || *at == '\n' || !strchr(" \t\n", *end)) /* strchr() finds the end of the text, too */
		return -EBADMSG;
	if (range)
		return -ERANGE;
	*ret = value;
	return 0;
}

const char *ptree_fdinfo_next(const char **at, const char *key)
{
	size_t length = strlen(key);
	const char *line = *at;

	while (line && *line) {
		const char *end = strchr(line, '\n');

		*at = end ? end + 1 : line + strlen(line);
		if (strncmp(line, key, length) == 0)
			return skip_blanks(line + length);
		line = *at;
	}
	return NULL;
}

int ptree_fdinfo_field(const char *line, const char *name, int base, uint64_t *ret)
{
	size_t length = strlen(name);

	for (const char *at = line; at;) {
		at = skip_blanks(at);
		if (!*at || *at == '\n')
			break;
		if (strncmp(at, name, length) == 0)
			return number_parse(at + length, base, ret);
		at = strpbrk(at, " \t\n");
	}
	return -ENOENT;
}

int ptree_fdinfo_number(const char *text, const char *key, int base, uint64_t *ret)
{
	const char *value = ptree_fdinfo_next(&text, key);

	return value ? number_parse(value, base, ret) : -ENOENT;
}
