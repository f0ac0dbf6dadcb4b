// SPDX-License-Identifier: LGPL-2.1-or-later
/* struct ptree_clone: a counted handle and its accessors, and the words for steps and states. */
#include <limits.h>
#include <string.h>

#include "internal.h"
#include "report.h"

static const char *const step_names[] = {
	[PTREE_STEP_PREPARE]	= "prepare",
	[PTREE_STEP_WALK]	= "walk",
	[PTREE_STEP_FREEZE]	= "freeze",
	[PTREE_STEP_DUPLICATE]	= "duplicate",
	[PTREE_STEP_CAPTURE]	= "capture",
	[PTREE_STEP_THAW]	= "thaw",
	[PTREE_STEP_SETTLE]	= "settle",
	[PTREE_STEP_START]	= "start",
};

static const char *const state_names[] = {
	[PTREE_STATE_RUNNING]	= "running",
	[PTREE_STATE_FROZEN]	= "frozen",
	[PTREE_STATE_DEAD]	= "dead",
};

const char *ptree_step_name(enum ptree_step step)
{
	return (unsigned)step < ARRAY_SIZE(step_names) ? step_names[step] : NULL;
}

const char *ptree_state_name(enum ptree_state state)
{
	return (unsigned)state < ARRAY_SIZE(state_names) ? state_names[state] : NULL;
}

struct ptree_clone *ptree_clone_new(void)
{
	_cleanup_free_ struct ptree_clone *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->report = ptree_report_new();
	if (!c->report)
		return NULL;
	c->refs = 1;
	return TAKE_PTR(c);
}

struct ptree_clone *ptree_clone_ref(struct ptree_clone *c)
{
	if (c)
		c->refs++;
	return c;
}

struct ptree_clone *ptree_clone_unref(struct ptree_clone *c)
{
	if (!c || --c->refs > 0)
		return NULL;
	free(c->id);
	free(c->name);
	free(c->cgroup);
	free(c->pairs);
	ptree_report_free(c->report);
	free(c);
	return NULL;
}

void ptree_clone_free_all(struct ptree_clone **clones, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ptree_clone_unref(clones[i]);
	free(clones);
}

int ptree_clone_compare(const void *a, const void *b)
{
	const struct ptree_clone *const *x = a, *const *y = b;
	unsigned long long i = strtoull(ptree_clone_id(*x), NULL, 10);
	unsigned long long j = strtoull(ptree_clone_id(*y), NULL, 10);

	return i < j ? -1 : i > j;
}

bool ptree_name_is_valid(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.-";
	static const char digits[] = "0123456789";
	size_t n = strlen(name);

	if (n < 1 || n > 64)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strchr(letters, name[i]) && !strchr(digits, name[i]))
			return false;

	/* All digits would be taken for an id or a pid. */
	return strspn(name, digits) < n;
}

int ptree_pid_parse(const char *text, pid_t *ret)
{
	unsigned long n = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		n = n * 10 + (unsigned long)(*text - '0');
		if (n > INT_MAX)
			return -EINVAL;
	}
	if (n == 0)
		return -EINVAL;
	*ret = (pid_t)n;
	return 0;
}

const char *ptree_clone_id(const struct ptree_clone *c)
{
	return c->id ? c->id : "";
}

const char *ptree_clone_name(const struct ptree_clone *c)
{
	return c->name ? c->name : "";
}

const char *ptree_clone_cgroup(const struct ptree_clone *c)
{
	return c->cgroup ? c->cgroup : "";
}

enum ptree_state ptree_clone_state(const struct ptree_clone *c)
{
	return c->state;
}

pid_t ptree_clone_source_pid(const struct ptree_clone *c)
{
	return c->source_pid;
}

pid_t ptree_clone_root_pid(const struct ptree_clone *c)
{
	return c->root_pid;
}

pid_t ptree_clone_init_pid(const struct ptree_clone *c)
{
	return c->init_pid;
}

uid_t ptree_clone_uid(const struct ptree_clone *c)
{
	return c->uid;
}

uint64_t ptree_clone_created_usec(const struct ptree_clone *c)
{
	return c->created_usec;
}

uint64_t ptree_clone_pause_usec(const struct ptree_clone *c)
{
	return c->pause_usec;
}

uint64_t ptree_clone_total_usec(const struct ptree_clone *c)
{
	return c->total_usec;
}

uint64_t ptree_clone_step_usec(const struct ptree_clone *c, enum ptree_step step)
{
	return (unsigned)step < _PTREE_STEP_MAX ? c->step_usec[step] : 0;
}

unsigned ptree_clone_nr_processes(const struct ptree_clone *c)
{
	return c->nr_processes;
}

unsigned ptree_clone_nr_threads(const struct ptree_clone *c)
{
	return c->nr_threads;
}

size_t ptree_clone_pairs(const struct ptree_clone *c, const struct ptree_pair **ret)
{
	*ret = c->pairs;
	return c->nr_pairs;
}

const struct ptree_report *ptree_clone_report(const struct ptree_clone *c)
{
	return c->report;
}
