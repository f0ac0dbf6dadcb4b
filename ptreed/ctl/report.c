// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports in words and as JSON. */
#include <stdarg.h>
#include <string.h>

#include "report.h"

static const struct {
	enum ptree_policy policy;
	const char *word, *label;
} told[] = {
	{ PTREE_POLICY_SHARE, "shared", "    Shared: " },
	{ PTREE_POLICY_SEVER, "severed", "   Severed: " },
};

static const char indent[] = "            ";

struct json_object *report_json(const struct ptree_report *r)
{
	struct json_object *list = json_object_new_array();
	const struct ptree_object *o;

	for (size_t i = 0; (o = ptree_report_object(r, i)); i++) {
		struct json_object *object = json_object_new_object(), *users = json_object_new_array();

		for (size_t j = 0; j < o->nr_users; j++) {
			struct json_object *user = json_object_new_object();

			json_object_object_add(user, "PID", json_object_new_int(o->users[j].pid));
			json_object_object_add(user, "FD", json_object_new_int(o->users[j].fd));
			json_object_array_add(users, user);
		}
		json_object_object_add(object, "Policy", json_object_new_string(ptree_policy_name(o->policy)));
		json_object_object_add(object, "Kind", json_object_new_string(o->kind));
		json_object_object_add(object, "Description", json_object_new_string(o->description));
		json_object_object_add(object, "Note", json_object_new_string(o->note));
		json_object_object_add(object, "Option", json_object_new_string(o->option));
		json_object_object_add(object, "Users", users);
		json_object_array_add(list, object);
	}
	return list;
}

static bool is_namespace(const struct ptree_object *o)
{
	static const char suffix[] = " namespace";
	size_t n = strlen(o->kind);

	return n >= strlen(suffix) && strcmp(o->kind + n - strlen(suffix), suffix) == 0;
}

/* "regular files", "directories". */
static void plural_print(FILE *f, const char *kind, size_t nr)
{
	size_t n = strlen(kind);

	if (nr == 1)
		fputs(kind, f);
	else if (n > 1 && kind[n - 1] == 'y' && !strchr("aeiou", kind[n - 2]))
		fprintf(f, "%.*sies", (int)n - 1, kind);
	else if (n > 0 && kind[n - 1] != 's')
		fprintf(f, "%ss", kind);
	else
		fputs(kind, f);
}

/* How many of the same policy and kind as the @i-th there are; 0 if one before it was counted with them. */
static size_t count_like(const struct ptree_report *r, size_t i)
{
	const struct ptree_object *first = ptree_report_object(r, i), *o;
	size_t nr = 0;

	for (size_t j = 0; (o = ptree_report_object(r, j)); j++) {
		if (o->policy != first->policy || strcmp(o->kind, first->kind) != 0)
			continue;
		if (j < i)
			return 0;
		nr++;
	}
	return nr;
}

static size_t kinds_print(FILE *f, const struct ptree_report *r, enum ptree_policy policy, const char *before)
{
	const struct ptree_object *o;
	size_t nr_kinds = 0;

	for (size_t i = 0; (o = ptree_report_object(r, i)); i++) {
		size_t nr = o->policy == policy && !is_namespace(o) ? count_like(r, i) : 0;

		if (nr == 0)
			continue;
		fprintf(f, "%s%zu ", nr_kinds++ ? ", " : before, nr);
		plural_print(f, o->kind, nr);
	}
	return nr_kinds;
}

char *report_summary(const struct ptree_report *r)
{
	char *text = NULL;
	size_t size = 0, nr = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		char before[32];

		snprintf(before, sizeof(before), "%s%s: ", nr ? "; " : "", told[i].word);
		nr += kinds_print(f, r, told[i].policy, before);
	}
	fclose(f);
	if (nr > 0)
		return text;
	free(text);
	return NULL;
}

void report_print(const struct ptree_report *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		const char *label = told[i].label;
		const struct ptree_object *o;

		for (size_t j = 0; (o = ptree_report_object(r, j)); j++) {
			if (o->policy != told[i].policy)
				continue;
			printf("%s%s: %s", label, o->kind, o->description);
			if (*o->note)
				printf(", %s", o->note);
			if (*o->option)
				printf(" (%s)", o->option);
			putchar('\n');
			label = indent;
		}
	}
}
