// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A report as text, a line per object: policy, kind, option, users (pid:fd …), description and note, with tabs between
 * them. There is no tab and no newline in any of them, for ptree_text_clean() has seen them all.
 */
#include "report.h"

#include <string.h>

/* How many bytes the character at @s has; 0: it is none of UTF-8, or none to be shown. */
static size_t character(const unsigned char *s)
{
	static const struct {
		unsigned char mask, bits;
		size_t n;
		uint32_t least;
	} forms[] = { { 0x80, 0x00, 1, 0 }, { 0xe0, 0xc0, 2, 0x80 }, { 0xf0, 0xe0, 3, 0x800 }, { 0xf8, 0xf0, 4, 0x10000 } };

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		uint32_t value;

		if ((s[0] & forms[i].mask) != forms[i].bits)
			continue;
		value = s[0] & (unsigned char)~forms[i].mask;
		for (size_t j = 1; j < forms[i].n; j++) {
			if ((s[j] & 0xc0) != 0x80)
				return 0;
			value = value << 6 | (s[j] & 0x3f);
		}
		if (value < forms[i].least || value < 0x20 || (value >= 0x7f && value < 0xa0) || value > 0x10ffff ||
		    (value >= 0xd800 && value < 0xe000))
			return 0;
		return forms[i].n;
	}
	return 0;
}

char *ptree_text_clean(const char *text)
{
	const unsigned char *s = (const unsigned char *)(text ? text : "");
	char *clean = malloc(4 * strlen((const char *)s) + 1), *at = clean;

	if (!clean)
		return NULL;
	while (*s) {
		size_t n = character(s);

		if (n > 0) {
			memcpy(at, s, n);
			at += n;
			s += n;
		} else {
			at += sprintf(at, "\\x%02x", *s++);
		}
	}
	*at = '\0';
	return clean;
}

int ptree_report_format(const struct ptree_report *r, const char *prefix, FILE *f)
{
	const struct ptree_object *o;

	for (size_t i = 0; (o = ptree_report_object(r, i)); i++) {
		fprintf(f, "%s%s\t%s\t%s\t", prefix, ptree_policy_name(o->policy), o->kind, o->option);
		for (size_t j = 0; j < o->nr_users; j++)
			fprintf(f, "%s%d:%d", j ? " " : "", o->users[j].pid, o->users[j].fd);
		fprintf(f, "\t%s\t%s\n", o->description, o->note);
	}
	return ferror(f) ? -EIO : 0;
}

static int users_parse(struct ptree_report *r, const char *text)
{
	int pid, fd, n;

	for (; sscanf(text, " %d:%d%n", &pid, &fd, &n) == 2; text += n)
		if (ptree_report_add_user(r, pid, fd) < 0)
			return -ENOMEM;
	return *text ? -EBADMSG : 0;
}

int ptree_report_parse(struct ptree_report *r, const char *line)
{
	enum { POLICY, KIND, OPTION, USERS, DESCRIPTION, NOTE, _MAX };
	_cleanup_free_ char *copy = strdup(line);
	enum ptree_policy policy;
	char *fields[_MAX], *rest = copy;
	int error;

	if (!copy)
		return -ENOMEM;
	for (int i = 0; i < _MAX; i++) {
		fields[i] = strsep(&rest, "\t");
		if (!fields[i])
			return -EBADMSG;
	}
	policy = ptree_policy_find(fields[POLICY]);
	if (!policy || rest)
		return -EBADMSG;
	error = ptree_report_add(r, policy, fields[KIND], fields[DESCRIPTION], fields[NOTE], fields[OPTION]);
	return error < 0 ? error : users_parse(r, fields[USERS]);
}
