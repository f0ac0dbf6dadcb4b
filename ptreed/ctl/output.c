// SPDX-License-Identifier: GPL-2.0-or-later
/* A clone as text and as JSON. Tables are table.c's. */
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <strings.h>

#include "output.h"
#include "report.h"

static const char *const field_names[_FIELD_MAX] = {
	[FIELD_ID] = "Id",
	[FIELD_NAME] = "Name",
	[FIELD_STATE] = "State",
	[FIELD_SOURCE_PID] = "SourcePID",
	[FIELD_ROOT_PID] = "RootPID",
	[FIELD_INIT_PID] = "InitPID",
	[FIELD_UID] = "UID",
	[FIELD_CONTROL_GROUP] = "ControlGroup",
	[FIELD_NR_PROCESSES] = "NProcesses",
	[FIELD_NR_THREADS] = "NThreads",
	[FIELD_CREATED_USEC] = "CreatedUSec",
	[FIELD_PAUSE_USEC] = "PauseUSec",
	[FIELD_TOTAL_USEC] = "TotalUSec",
	[FIELD_STEPS] = "StepsUSec",
	[FIELD_PIDS] = "Pids",
	[FIELD_OBJECTS] = "Objects",
};

const char *field_name(enum field field)
{
	return field_names[field];
}

int field_find(const char *name)
{
	for (int i = 0; i < _FIELD_MAX; i++)
		if (strcasecmp(field_names[i], name) == 0)
			return i;
	return -EINVAL;
}

/* Numbers and strings have one source for text and JSON; false: the field is a list. */
static bool field_number(const struct ptree_clone *c, enum field field, uint64_t *ret)
{
	switch (field) {
	case FIELD_SOURCE_PID:
		*ret = (uint64_t)ptree_clone_source_pid(c);
		return true;
	case FIELD_ROOT_PID:
		*ret = (uint64_t)ptree_clone_root_pid(c);
		return true;
	case FIELD_INIT_PID:
		*ret = (uint64_t)ptree_clone_init_pid(c);
		return true;
	case FIELD_UID:
		*ret = ptree_clone_uid(c);
		return true;
	case FIELD_NR_PROCESSES:
		*ret = ptree_clone_nr_processes(c);
		return true;
	case FIELD_NR_THREADS:
		*ret = ptree_clone_nr_threads(c);
		return true;
	case FIELD_CREATED_USEC:
		*ret = ptree_clone_created_usec(c);
		return true;
	case FIELD_PAUSE_USEC:
		*ret = ptree_clone_pause_usec(c);
		return true;
	case FIELD_TOTAL_USEC:
		*ret = ptree_clone_total_usec(c);
		return true;
	default:
		return false;
	}
}

static const char *field_string(const struct ptree_clone *c, enum field field)
{
	switch (field) {
	case FIELD_ID:
		return ptree_clone_id(c);
	case FIELD_NAME:
		return ptree_clone_name(c);
	case FIELD_STATE:
		return ptree_state_name(ptree_clone_state(c));
	case FIELD_CONTROL_GROUP:
		return ptree_clone_cgroup(c);
	default:
		return NULL;
	}
}

void field_print(FILE *f, const struct ptree_clone *c, enum field field)
{
	const struct ptree_pair *pairs;
	const char *s;
	uint64_t n;

	s = field_string(c, field);
	if (s) {
		fputs(s, f);
	} else if (field_number(c, field, &n)) {
		fprintf(f, "%" PRIu64, n);
	} else if (field == FIELD_STEPS) {
		for (int i = 0; i < _PTREE_STEP_MAX; i++)
			fprintf(f, "%s%s:%" PRIu64, i ? " " : "", ptree_step_name(i), ptree_clone_step_usec(c, i));
	} else if (field == FIELD_PIDS) {
		size_t nr = ptree_clone_pairs(c, &pairs);

		for (size_t i = 0; i < nr; i++)
			fprintf(f, "%s%d:%d:%u", i ? " " : "", pairs[i].source, pairs[i].twin, pairs[i].nr_threads);
	} else if (field == FIELD_OBJECTS) {
		const struct ptree_object *o;

		for (size_t i = 0; (o = ptree_report_object(ptree_clone_report(c), i)); i++)
			fprintf(f, "%s%s %s: %s", i ? "; " : "", ptree_policy_name(o->policy), o->kind, o->description);
	}
}

static struct json_object *field_json(const struct ptree_clone *c, enum field field)
{
	const struct ptree_pair *pairs;
	struct json_object *list, *pair;
	const char *s;
	uint64_t n;

	s = field_string(c, field);
	if (s)
		return json_object_new_string(s);
	if (field_number(c, field, &n))
		return json_object_new_uint64(n);

	if (field == FIELD_STEPS) {
		list = json_object_new_object();
		for (int i = 0; i < _PTREE_STEP_MAX; i++)
			json_object_object_add(list, ptree_step_name(i),
					       json_object_new_uint64(ptree_clone_step_usec(c, i)));
		return list;
	}

	if (field == FIELD_OBJECTS)
		return report_json(ptree_clone_report(c));

	list = json_object_new_array();
	for (size_t i = 0, nr = ptree_clone_pairs(c, &pairs); i < nr; i++) {
		pair = json_object_new_object();
		json_object_object_add(pair, "Source", json_object_new_int(pairs[i].source));
		json_object_object_add(pair, "Twin", json_object_new_int(pairs[i].twin));
		json_object_object_add(pair, "NThreads", json_object_new_int((int)pairs[i].nr_threads));
		json_object_array_add(list, pair);
	}
	return list;
}

struct json_object *clone_json(const struct ptree_clone *c, unsigned fields)
{
	struct json_object *object = json_object_new_object();

	for (int i = 0; i < _FIELD_MAX; i++)
		if (fields & (1U << i))
			json_object_object_add(object, field_names[i], field_json(c, i));
	return object;
}

void output_json(const struct ctl *ctl, struct json_object *object)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (ctl->json == CTL_JSON_PRETTY)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	puts(json_object_to_json_string_ext(object, flags));
	json_object_put(object);
}

const char *output_usec(char *buf, size_t size, uint64_t usec)
{
	if (usec < 1000)
		snprintf(buf, size, "%" PRIu64 " µs", usec);
	else if (usec < USEC_PER_SEC)
		snprintf(buf, size, "%" PRIu64 ".%02" PRIu64 " ms", usec / 1000, usec % 1000 / 10);
	else
		snprintf(buf, size, "%" PRIu64 ".%02" PRIu64 " s", usec / USEC_PER_SEC, usec % USEC_PER_SEC / 10000);
	return buf;
}

void output_clone(const struct ptree_clone *c, bool objects)
{
	char pause[32], total[32], when[64];
	time_t created = (time_t)(ptree_clone_created_usec(c) / USEC_PER_SEC);
	struct passwd *pw = getpwuid(ptree_clone_uid(c));
	struct tm tm;

	strftime(when, sizeof(when), "%F %T %Z", localtime_r(&created, &tm));
	output_usec(pause, sizeof(pause), ptree_clone_pause_usec(c));
	output_usec(total, sizeof(total), ptree_clone_total_usec(c));

	printf("     Clone: %s (id %s), %s\n", ptree_clone_name(c), ptree_clone_id(c),
	       ptree_state_name(ptree_clone_state(c)));
	printf("      Root: %d, twin of %d\n", ptree_clone_root_pid(c), ptree_clone_source_pid(c));
	printf("    Cgroup: %s\n", ptree_clone_cgroup(c));
	printf(" Processes: %u, threads %u\n", ptree_clone_nr_processes(c), ptree_clone_nr_threads(c));
	printf("     Pause: %s of %s in all\n", pause, total);
	if (pw)
		printf("   Created: %s for %s\n", when, pw->pw_name);
	else
		printf("   Created: %s for uid %u\n", when, ptree_clone_uid(c));
	if (objects)
		report_print(ptree_clone_report(c));
}
