// SPDX-License-Identifier: LGPL-2.1-or-later
/* A registry entry as text: KEY=VALUE lines, one per field of struct ptree_clone. Unknown keys are skipped. */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "registry.h"
#include "report.h"

enum field_type { FIELD_STRING, FIELD_INT, FIELD_U64 };

/* pid_t, uid_t and unsigned are all written as int here; the static assertions below hold us to it. */
static const struct field {
	const char *key;
	enum field_type type;
	size_t offset;
} fields[] = {
	{ "ID",			FIELD_STRING,	offsetof(struct ptree_clone, id) },
	{ "NAME",		FIELD_STRING,	offsetof(struct ptree_clone, name) },
	{ "CGROUP",		FIELD_STRING,	offsetof(struct ptree_clone, cgroup) },
	{ "SCOPE",		FIELD_INT,	offsetof(struct ptree_clone, scope) },
	{ "SOURCE_PID",		FIELD_INT,	offsetof(struct ptree_clone, source_pid) },
	{ "ROOT_PID",		FIELD_INT,	offsetof(struct ptree_clone, root_pid) },
	{ "INIT_PID",		FIELD_INT,	offsetof(struct ptree_clone, init_pid) },
	{ "INIT_START",		FIELD_U64,	offsetof(struct ptree_clone, init_start) },
	{ "UID",		FIELD_INT,	offsetof(struct ptree_clone, uid) },
	{ "CREATED_USEC",	FIELD_U64,	offsetof(struct ptree_clone, created_usec) },
	{ "PAUSE_USEC",		FIELD_U64,	offsetof(struct ptree_clone, pause_usec) },
	{ "TOTAL_USEC",		FIELD_U64,	offsetof(struct ptree_clone, total_usec) },
	{ "NR_PROCESSES",	FIELD_INT,	offsetof(struct ptree_clone, nr_processes) },
	{ "NR_THREADS",		FIELD_INT,	offsetof(struct ptree_clone, nr_threads) },
};

_Static_assert(sizeof(pid_t) == sizeof(int) && sizeof(uid_t) == sizeof(int), "FIELD_INT is an int");

int ptree_registry_format(const struct ptree_clone *c, FILE *f)
{
	fputs("# A clone of ptree. Private data: ask ptreectl or libptree instead.\n", f);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const void *field = (const char *)c + fields[i].offset;

		switch (fields[i].type) {
		case FIELD_STRING: {
			const char *text = *(char *const *)field;

			if (text && strchr(text, '\n'))
				return -EINVAL;
			fprintf(f, "%s=%s\n", fields[i].key, text ? text : "");
			break;
		}
		case FIELD_INT:
			fprintf(f, "%s=%u\n", fields[i].key, *(const unsigned *)field);
			break;
		case FIELD_U64:
			fprintf(f, "%s=%" PRIu64 "\n", fields[i].key, *(const uint64_t *)field);
			break;
		}
	}

	fputs("STEPS_USEC=", f);
	for (int i = 0; i < _PTREE_STEP_MAX; i++)
		fprintf(f, "%s%s:%" PRIu64, i ? " " : "", ptree_step_name(i), c->step_usec[i]);

	/* source:twin:threads, the root first */
	fputs("\nPAIRS=", f);
	for (size_t i = 0; i < c->nr_pairs; i++)
		fprintf(f, "%s%d:%d:%u", i ? " " : "", c->pairs[i].source, c->pairs[i].twin,
			c->pairs[i].nr_threads);
	fputs("\n", f);
	return ptree_report_format(c->report, "OBJECT=", f);
}

static void steps_parse(struct ptree_clone *c, const char *text)
{
	char name[16];
	uint64_t usec;
	int n;

	for (; sscanf(text, " %15[a-z]:%" SCNu64 "%n", name, &usec, &n) == 2; text += n)
		for (int i = 0; i < _PTREE_STEP_MAX; i++)
			if (strcmp(ptree_step_name(i), name) == 0)
				c->step_usec[i] = usec;
}

static int pairs_parse(struct ptree_clone *c, const char *text)
{
	struct ptree_pair pair;
	size_t size = 0;
	int n;

	for (; sscanf(text, " %d:%d:%u%n", &pair.source, &pair.twin, &pair.nr_threads, &n) == 3; text += n) {
		if (c->nr_pairs == size) {
			struct ptree_pair *grown = realloc(c->pairs, (size += 256) * sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			c->pairs = grown;
		}
		c->pairs[c->nr_pairs++] = pair;
	}
	return *text ? -EBADMSG : 0;
}

static int field_parse(struct ptree_clone *c, const struct field *field, const char *value)
{
	void *at = (char *)c + field->offset;
	uint64_t number;
	char *end;

	if (field->type == FIELD_STRING) {
		char **text = at;

		free(*text);
		*text = strdup(value);
		return *text ? 0 : -ENOMEM;
	}
	if (*value < '0' || *value > '9')
		return -EBADMSG;
	errno = 0;
	number = strtoull(value, &end, 10);
	if (*end || errno || (field->type == FIELD_INT && number > UINT32_MAX))
		return -EBADMSG;
	if (field->type == FIELD_INT)
		*(unsigned *)at = (unsigned)number;
	else
		*(uint64_t *)at = number;
	return 0;
}

static int line_parse(struct ptree_clone *c, char *line)
{
	char *value = strchr(line, '=');

	if (line[0] == '#' || line[0] == '\0')
		return 0;
	if (!value)
		return -EBADMSG;
	*value++ = '\0';
	if (strcmp(line, "STEPS_USEC") == 0) {
		steps_parse(c, value);
		return 0;
	}
	if (strcmp(line, "PAIRS") == 0)
		return pairs_parse(c, value);
	if (strcmp(line, "OBJECT") == 0)
		return ptree_report_parse(c->report, value);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(line, fields[i].key) == 0)
			return field_parse(c, &fields[i], value);
	return 0;
}

int ptree_registry_parse(FILE *f, struct ptree_clone **ret)
{
	_cleanup_clone_ struct ptree_clone *c = NULL;
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int r;

	c = ptree_clone_new();
	if (!c)
		return -ENOMEM;
	while (getline(&line, &size, f) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		r = line_parse(c, line);
		if (r < 0)
			return r;
	}
	if (!c->id || !*c->id || !c->name || !c->cgroup || c->init_pid <= 0)
		return -EBADMSG;
	*ret = TAKE_PTR(c);
	return 0;
}
