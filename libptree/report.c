// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reports: made, asked, sorted. Their text is report-text.c's. */
#include "report.h"

#include <string.h>

/* The strings of an object are malloc'ed, although their readers may not write to them. */
struct ptree_report {
	struct ptree_object *objects;
	size_t nr;
};

static const char *const policy_names[] = {
	[PTREE_POLICY_EXACT]	= "exact",
	[PTREE_POLICY_PRIVATE]	= "private",
	[PTREE_POLICY_SHARE]	= "share",
	[PTREE_POLICY_SEVER]	= "sever",
	[PTREE_POLICY_REFUSE]	= "refuse",
};

const char *ptree_policy_name(enum ptree_policy policy)
{
	return (unsigned)policy < ARRAY_SIZE(policy_names) ? policy_names[policy] : NULL;
}

enum ptree_policy ptree_policy_find(const char *name)
{
	for (unsigned i = PTREE_POLICY_EXACT; i < ARRAY_SIZE(policy_names); i++)
		if (strcmp(policy_names[i], name) == 0)
			return i;
	return 0;
}

struct ptree_report *ptree_report_new(void)
{
	return calloc(1, sizeof(struct ptree_report));
}

static void object_done(struct ptree_object *o)
{
	free((char *)o->kind);
	free((char *)o->description);
	free((char *)o->note);
	free((char *)o->option);
	free((struct ptree_user *)o->users);
}

struct ptree_report *ptree_report_free(struct ptree_report *r)
{
	if (!r)
		return NULL;
	for (size_t i = 0; i < r->nr; i++)
		object_done(&r->objects[i]);
	free(r->objects);
	free(r);
	return NULL;
}

size_t ptree_report_nr(const struct ptree_report *r)
{
	return r->nr;
}

size_t ptree_report_count(const struct ptree_report *r, enum ptree_policy policy)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nr; i++)
		n += r->objects[i].policy == policy;
	return n;
}

const struct ptree_object *ptree_report_object(const struct ptree_report *r, size_t i)
{
	return i < r->nr ? &r->objects[i] : NULL;
}

/* Grown by doubling: room for one more of an array of @nr. */
static void *grow(void *array, size_t nr, size_t size)
{
	if (nr & (nr - 1))
		return array;
	return reallocarray(array, nr ? 2 * nr : 1, size);
}

int ptree_report_add(struct ptree_report *r, enum ptree_policy policy, const char *kind, const char *description,
		     const char *note, const char *option)
{
	struct ptree_object *grown = grow(r->objects, r->nr, sizeof(*grown)), o = { .policy = policy };

	if (!grown)
		return -ENOMEM;
	r->objects = grown;
	o.kind = ptree_text_clean(kind);
	o.description = ptree_text_clean(description);
	o.note = ptree_text_clean(note);
	o.option = ptree_text_clean(option);
	if (!o.kind || !o.description || !o.note || !o.option) {
		object_done(&o);
		return -ENOMEM;
	}
	grown[r->nr++] = o;
	return 0;
}

int ptree_report_add_user(struct ptree_report *r, pid_t pid, int fd)
{
	struct ptree_object *o = &r->objects[r->nr - 1];
	struct ptree_user *grown = grow((struct ptree_user *)o->users, o->nr_users, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	o->users = grown;
	grown[o->nr_users++] = (struct ptree_user){ pid, fd };
	return 0;
}

struct ptree_report *ptree_report_copy(const struct ptree_report *r)
{
	_cleanup_report_ struct ptree_report *copy = ptree_report_new();

	for (size_t i = 0; copy && i < r->nr; i++) {
		const struct ptree_object *o = &r->objects[i];

		if (ptree_report_add(copy, o->policy, o->kind, o->description, o->note, o->option) < 0)
			return NULL;
		for (size_t j = 0; j < o->nr_users; j++)
			if (ptree_report_add_user(copy, o->users[j].pid, o->users[j].fd) < 0)
				return NULL;
	}
	return TAKE_PTR(copy);
}

int ptree_report_add_namespaces(struct ptree_report *r, pid_t pid, const struct ptree_policies *asked)
{
	static const char *const kinds[_PTREE_NAMESPACE_MAX] = {
		[PTREE_NAMESPACE_MNT]	= "mount namespace",
		[PTREE_NAMESPACE_IPC]	= "IPC namespace",
		[PTREE_NAMESPACE_NET]	= "network namespace",
		[PTREE_NAMESPACE_UTS]	= "UTS namespace",
	};

	for (int i = 0; i < _PTREE_NAMESPACE_MAX; i++) {
		char path[64], link[64], option[32];
		ssize_t n;
		int error;

		if (ptree_namespace_private(asked, i))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, ptree_namespace_word(i));
		n = readlink(path, link, sizeof(link) - 1);
		if (n < 0)
			return errno == ENOENT ? -ESRCH : -errno;
		link[n] = '\0';
		snprintf(option, sizeof(option), "--private=%s", ptree_namespace_word(i));
		error = ptree_report_add(r, PTREE_POLICY_SHARE, kinds[i], link, "", option);
		if (error == 0)
			error = ptree_report_add_user(r, pid, -1);
		if (error < 0)
			return error;
	}
	return 0;
}

/* Refuse is the last policy and comes first, exact is the first and comes last; stable, for qsort() is not. */
void ptree_report_sort(struct ptree_report *r)
{
	struct ptree_object *sorted = calloc(r->nr + 1, sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return; /* in the order of adding, then */
	for (enum ptree_policy policy = PTREE_POLICY_REFUSE; policy >= PTREE_POLICY_EXACT; policy--)
		for (size_t i = 0; i < r->nr; i++)
			if (r->objects[i].policy == policy)
				sorted[n++] = r->objects[i];
	memcpy(r->objects, sorted, n * sizeof(*sorted));
	free(sorted);
}
