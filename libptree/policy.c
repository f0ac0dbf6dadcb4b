// SPDX-License-Identifier: LGPL-2.1-or-later
/* The words of policies: what they are, which option takes which, and what does not go together. */
#include "policy.h"

#include <limits.h>
#include <string.h>

/* What share, sever and private take. A word is of a group or of a namespace. */
static const struct word {
	const char *word;
	enum ptree_group group;
	enum ptree_namespace ns;	/* if there is no group */
	unsigned may;
} words[] = {
	{ "files",	PTREE_GROUP_FILES,	0,			MAY(SHARE) },
	{ "pipes",	PTREE_GROUP_PIPES,	0,			MAY(SHARE) | MAY(SEVER) },
	{ "unix",	PTREE_GROUP_UNIX,	0,			MAY(SHARE) | MAY(SEVER) },
	{ "listen",	PTREE_GROUP_LISTEN,	0,			MAY(SHARE) | MAY(SEVER) },
	{ "tcp",	PTREE_GROUP_TCP,	0,			MAY(SHARE) | MAY(SEVER) },
	{ "udp",	PTREE_GROUP_UDP,	0,			MAY(SHARE) | MAY(SEVER) },
	{ "shm",	PTREE_GROUP_SHM,	0,			MAY(SHARE) },
	{ "events",	PTREE_GROUP_EVENTS,	0,			MAY(SHARE) },
	{ "mqueue",	PTREE_GROUP_MQUEUE,	0,			MAY(SHARE) },
	{ "tty",	PTREE_GROUP_TTY,	0,			MAY(SHARE) | MAY(SEVER) },
	{ "devices",	PTREE_GROUP_DEVICES,	0,			MAY(SHARE) },
	{ "other",	PTREE_GROUP_OTHER,	0,			MAY(SHARE) },
	{ "mnt",	PTREE_GROUP_NONE,	PTREE_NAMESPACE_MNT,	MAY(SHARE) | MAY(PRIVATE) },
	{ "ipc",	PTREE_GROUP_NONE,	PTREE_NAMESPACE_IPC,	MAY(SHARE) | MAY(PRIVATE) },
	{ "net",	PTREE_GROUP_NONE,	PTREE_NAMESPACE_NET,	MAY(SHARE) | MAY(PRIVATE) },
	{ "uts",	PTREE_GROUP_NONE,	PTREE_NAMESPACE_UTS,	MAY(SHARE) | MAY(PRIVATE) },
};

static const struct {
	const char *option;
	enum ptree_policy policy;
} lists[] = {
	{ "share",	PTREE_POLICY_SHARE },
	{ "sever",	PTREE_POLICY_SEVER },
	{ "private",	PTREE_POLICY_PRIVATE },
};

/* Options of one word. A terminal's three are the policies of its group under names that say what one gets. */
static const struct choice {
	const char *option;
	const char *word;
	enum ptree_policy policy;
} choices[] = {
	{ "files",	"share",	PTREE_POLICY_SHARE },
	{ "files",	"copy",		PTREE_POLICY_PRIVATE },
	{ "tty",	"new",		PTREE_POLICY_PRIVATE },
	{ "tty",	"null",		PTREE_POLICY_SEVER },
	{ "tty",	"keep",		PTREE_POLICY_SHARE },
};

bool ptree_namespace_private(const struct ptree_policies *p, enum ptree_namespace ns)
{
	if (ns == PTREE_NAMESPACE_MNT)
		return p->namespaces[ns] != PTREE_POLICY_SHARE;
	return p->namespaces[ns] == PTREE_POLICY_PRIVATE;
}

const char *ptree_group_word(enum ptree_group group)
{
	for (size_t i = 0; group != PTREE_GROUP_NONE && i < ARRAY_SIZE(words); i++)
		if (words[i].group == group)
			return words[i].word;
	return NULL;
}

const char *ptree_namespace_word(enum ptree_namespace ns)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].group == PTREE_GROUP_NONE && words[i].ns == ns)
			return words[i].word;
	return NULL;
}

static bool is_word(const char *text, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(text, word, n) == 0;
}

static enum ptree_policy *place_of(struct ptree_policies *p, const struct word *w)
{
	return w->group != PTREE_GROUP_NONE ? &p->of[w->group] : &p->namespaces[w->ns];
}

/* "files, pipes, unix": what an option takes. */
static const char *valid(const char *option, enum ptree_policy list, char *buffer, size_t size)
{
	size_t n = 0;

	*buffer = '\0';
	for (size_t i = 0; list && i < ARRAY_SIZE(words); i++)
		if (words[i].may & (1u << list) && n < size)
			n += (size_t)snprintf(buffer + n, size - n, "%s%s", n ? ", " : "", words[i].word);
	for (size_t i = 0; !list && i < ARRAY_SIZE(choices); i++)
		if (strcmp(choices[i].option, option) == 0 && n < size)
			n += (size_t)snprintf(buffer + n, size - n, "%s%s", n ? ", " : "", choices[i].word);
	return buffer;
}

static int refuse_word(const char *option, enum ptree_policy list, const char *word, size_t n, struct ptree_error *e)
{
	char buffer[160];

	return ptree_error_set(e, -EINVAL, 0, "prepare: %s=%.*s: there is no such word; %s takes %s", option,
			       n < 64 ? (int)n : 64, word, option, valid(option, list, buffer, sizeof(buffer)));
}

/* Twice the same is no contradiction. */
static int set(enum ptree_policy *place, enum ptree_policy policy, const char *option, const char *word, size_t n,
	       struct ptree_error *e)
{
	if (*place && *place != policy)
		return ptree_error_set(e, -EINVAL, 0, "prepare: %s=%.*s contradicts another option, which says %s; choose one",
				       option, (int)n, word, ptree_policy_name(*place));
	*place = policy;
	return 0;
}

int ptree_policies_add(struct ptree_policies *p, const char *option, const char *word, size_t n, struct ptree_error *e)
{
	enum ptree_policy list = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (strcmp(lists[i].option, option) == 0)
			list = lists[i].policy;
	for (size_t i = 0; list && i < ARRAY_SIZE(words); i++)
		if (words[i].may & (1u << list) && is_word(word, n, words[i].word))
			return set(place_of(p, &words[i]), list, option, word, n, e);
	for (size_t i = 0; !list && i < ARRAY_SIZE(choices); i++)
		if (strcmp(choices[i].option, option) == 0 && is_word(word, n, choices[i].word))
			return set(strcmp(option, "tty") == 0 ? &p->of[PTREE_GROUP_TTY] : &p->contents,
				   choices[i].policy, option, word, n, e);
	return refuse_word(option, list, word, n, e);
}

int ptree_policies_add_list(struct ptree_policies *p, const char *option, const char *list, struct ptree_error *e)
{
	int r;

	for (;;) {
		size_t n = strcspn(list, ",");

		r = ptree_policies_add(p, option, list, n, e);
		if (r < 0 || !list[n])
			return r;
		list += n + 1;
	}
}

int ptree_policies_asked(struct ptree_policies *ret, const struct ptree_clone_options *options, struct ptree_error *e)
{
	const struct {
		const char *option, *value;
	} given[] = {
		{ "share", options->share_list },
		{ "sever", options->sever_list },
		{ "private", options->private_list },
		{ "files", options->files },
		{ "tty", options->tty },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(given) && r >= 0; i++)
		if (given[i].value)
			r = ptree_policies_add_list(ret, given[i].option, given[i].value, e);
	/* To name a directory is to ask for it. */
	if (r >= 0 && options->copy_paths && options->copy_paths[0])
		r = ptree_policies_add_list(ret, "files", "copy", e);
	return r;
}

void ptree_policies_merge(struct ptree_policies *p, const struct ptree_policies *asked)
{
	for (size_t i = 0; i < ARRAY_SIZE(p->of); i++)
		if (asked->of[i])
			p->of[i] = asked->of[i];
	for (size_t i = 0; i < ARRAY_SIZE(p->namespaces); i++)
		if (asked->namespaces[i])
			p->namespaces[i] = asked->namespaces[i];
	if (asked->contents)
		p->contents = asked->contents;
}

int ptree_policies_check(const struct ptree_policies *p, struct ptree_error *e)
{
	if (p->contents != PTREE_POLICY_PRIVATE)
		return 0;
	/* The copies are found at the paths of the originals, by the clone alone. */
	if (p->namespaces[PTREE_NAMESPACE_MNT] == PTREE_POLICY_SHARE)
		return ptree_error_set(e, -EINVAL, 0,
				       "prepare: files=copy needs a mount namespace of the clone's own; leave out share=mnt");
	if (p->of[PTREE_GROUP_FILES] == PTREE_POLICY_SHARE)
		return ptree_error_set(e, -EINVAL, 0, "prepare: share=files leaves nothing for files=copy to copy; choose one");
	return 0;
}

/* It waits for the answer on a UNIX connection, on which one side would take what is for the other. */
int ptree_policies_forkable(const struct ptree_policies *p, struct ptree_error *e)
{
	if (p->of[PTREE_GROUP_UNIX] == PTREE_POLICY_SHARE)
		return ptree_error_set(e, -EINVAL, 0,
				       "prepare: who clones itself waits on a UNIX connection, which cannot be shared with the clone; leave unix out of share, or have it severed");
	return 0;
}

int ptree_copy_path_check(const char *path, struct ptree_error *e)
{
	if (*path == '/' && strlen(path) < PATH_MAX)
		return 0;
	return ptree_error_set(e, -EINVAL, 0, "prepare: copy=%.128s: it takes a directory, as an absolute path", path);
}
