// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Limits. Counted from the lists when asked rather than kept in counters: a count that is computed cannot leak.
 * Refusing is all this file does; what waits for its turn is operation.c's.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "../libptree/config-file.h"
#include "clone.h"
#include "errors.h"
#include "manager.h"
#include "operation.h"

static const struct {
	const char *name;
	size_t offset;
	unsigned value;
	const char *help;
} table[] = {
	{ "workers",            offsetof(struct limits, workers),              4, "clones under way at once" },
	{ "operations",         offsetof(struct limits, operations),         256, "operations waiting and running" },
	{ "operations-per-uid", offsetof(struct limits, operations_per_uid),  16, "the same, of one user" },
	{ "clones-per-uid",     offsetof(struct limits, clones_per_uid),     256, "living clones of one user" },
	{ "waits-per-uid",      offsetof(struct limits, waits_per_uid),      256, "calls of Wait() of one user" },
};

#define MAX_PAUSE_USEC (60 * USEC_PER_SEC)

static unsigned *field(struct limits *l, size_t i)
{
	return (unsigned *)((char *)l + table[i].offset);
}

void limits_init(struct limits *l)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		*field(l, i) = table[i].value;
	l->max_pause_usec = MAX_PAUSE_USEC;
}

static int value_set(struct limits *l, size_t i, const char *text)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	value = strtoul(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (value < 1 || value > 1000000)
		return -ERANGE;
	*field(l, i) = (unsigned)value;
	return 0;
}

int limits_set(struct limits *l, const char *assignment)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		size_t n = strlen(table[i].name);

		if (strncmp(assignment, table[i].name, n) != 0 || assignment[n] != '=')
			continue;
		return value_set(l, i, assignment + n + 1);
	}
	return -EINVAL;
}

/* "clones-per-uid" is ClonesPerUID there. */
static bool is_key(const char *key, const char *name)
{
	for (; *key && *name; key++, name++) {
		bool capital = true;

		if (*name == '-')
			name++;
		else
			capital = false;
		if (tolower((unsigned char)*key) != *name || (capital && !isupper((unsigned char)*key)))
			return false;
	}
	return !*key && !*name;
}

int limits_set_key(struct limits *l, const char *key, const char *value)
{
	if (strcmp(key, "MaxPauseSec") == 0)
		return ptree_config_usec(value, &l->max_pause_usec);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (isupper((unsigned char)*key) && is_key(key, table[i].name))
			return value_set(l, i, value);
	return -ENOENT;
}

void limits_help(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		printf("  %-20s %4u  %s\n", table[i].name, table[i].value, table[i].help);
}

int limits_check_operation(const struct manager *m, uid_t uid, sd_bus_error *error)
{
	const struct operation *o;
	unsigned all = 0, own = 0;

	TAILQ_FOREACH(o, &m->operations, entry) {
		all++;
		own += o->caller.uid == uid;
	}
	if (all >= m->limits.operations)
		return errors_set(error, -EAGAIN, "wait: %u operations are under way, the most there may be; try again",
				  all);
	if (uid != 0 && own >= m->limits.operations_per_uid)
		return errors_set(error, -EAGAIN,
				  "wait: uid %u has %u operations under way, the most there may be; wait for one to end",
				  uid, own);
	return 0;
}

int limits_check_clone(const struct manager *m, uid_t uid, sd_bus_error *error)
{
	const struct operation *o;
	const struct clone *c;
	unsigned own = 0;

	if (uid == 0)
		return 0;

	TAILQ_FOREACH(c, &m->clones, entry)
		own += ptree_clone_uid(c->info) == uid;
	TAILQ_FOREACH(o, &m->operations, entry)
		own += o->kind == OPERATION_CLONE && o->caller.uid == uid;
	if (own >= m->limits.clones_per_uid)
		return errors_set(error, -EAGAIN,
				  "wait: uid %u has %u clones, the most there may be; terminate one", uid, own);
	return 0;
}

int limits_check_wait(const struct manager *m, uid_t uid, sd_bus_error *error)
{
	const struct waiter *w;
	const struct clone *c;
	unsigned own = 0;

	if (uid == 0)
		return 0;

	TAILQ_FOREACH(c, &m->clones, entry)
		TAILQ_FOREACH(w, &c->waiters, entry)
			own += w->uid == uid;
	if (own >= m->limits.waits_per_uid)
		return errors_set(error, -EAGAIN, "wait: uid %u waits %u times already, the most there may be", uid, own);
	return 0;
}
