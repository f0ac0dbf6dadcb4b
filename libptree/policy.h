/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a caller asks for: the words of --share=, --sever=, --private=, --files= and --tty=. The same words stand on the
 * command line, in struct ptree_clone_options, on D-Bus and in ptreed.conf; policy.c has the one table of them.
 */
#ifndef PTREE_POLICY_H
#define PTREE_POLICY_H

#include <stdbool.h>

#include "error.h"
#include "ptree.h"

/* One policy of a set of them. */
#define MAY(policy) (1u << PTREE_POLICY_##policy)

/* What the lists name: groups of objects … */
enum ptree_group {
	PTREE_GROUP_NONE,
	PTREE_GROUP_FILES,	/* regular files and directories: offsets */
	PTREE_GROUP_PIPES,
	PTREE_GROUP_UNIX,	/* UNIX sockets, connected or not */
	PTREE_GROUP_LISTEN,	/* listening sockets of all families */
	PTREE_GROUP_TCP,
	PTREE_GROUP_UDP,
	PTREE_GROUP_SHM,	/* shared memory of all sorts */
	PTREE_GROUP_EVENTS,	/* epoll, eventfd, timerfd, signalfd, inotify, fanotify, pidfd */
	PTREE_GROUP_MQUEUE,
	PTREE_GROUP_TTY,
	PTREE_GROUP_DEVICES,
	PTREE_GROUP_OTHER,	/* what ptree does not know */
	_PTREE_GROUP_MAX,
};

/* … and namespaces. */
enum ptree_namespace {
	PTREE_NAMESPACE_MNT,
	PTREE_NAMESPACE_IPC,
	PTREE_NAMESPACE_NET,
	PTREE_NAMESPACE_UTS,
	_PTREE_NAMESPACE_MAX,
};

/* All zero: nothing is asked for, the defaults hold. */
struct ptree_policies {
	enum ptree_policy of[_PTREE_GROUP_MAX];
	enum ptree_policy namespaces[_PTREE_NAMESPACE_MAX];
	enum ptree_policy contents;	/* of files open for writing: SHARE, or PRIVATE for copies */
};

/*
 * ptree_policies_add() - one word of an option
 * @option: "share", "sever", "private", "files" or "tty"
 * @word: of @n bytes
 * -EINVAL with a sentence that lists the valid words, or names the other option that says something else of it.
 */
int ptree_policies_add(struct ptree_policies *p, const char *option, const char *word, size_t n, struct ptree_error *e);

/* The same for a list of words with commas between them; for an option that takes one word, that word. */
int ptree_policies_add_list(struct ptree_policies *p, const char *option, const char *list, struct ptree_error *e);

/* ptree_policies_asked() - what the public options say; @ret is all zero before. -EINVAL with a sentence. */
int ptree_policies_asked(struct ptree_policies *ret, const struct ptree_clone_options *options, struct ptree_error *e);

/* ptree_policies_merge() - what @asked says goes into @p, in the place of what @p said. */
void ptree_policies_merge(struct ptree_policies *p, const struct ptree_policies *asked);

/* ptree_policies_check() - what can be asked for, but not together. -EINVAL with a sentence. */
int ptree_policies_check(const struct ptree_policies *p, struct ptree_error *e);

/* ptree_policies_forkable() - may a process that clones itself ask for this? -EINVAL with a sentence. */
int ptree_policies_forkable(const struct ptree_policies *p, struct ptree_error *e);

/* ptree_copy_path_check() - what --copy= takes. -EINVAL with a sentence. */
int ptree_copy_path_check(const char *path, struct ptree_error *e);

/* Whether the clone is to have one of its own: a mount namespace unless it is shared, others where they are asked for. */
bool ptree_namespace_private(const struct ptree_policies *p, enum ptree_namespace ns);

/* The word of a group ("pipes"), or of a namespace ("net"). NULL: it has none. */
const char *ptree_group_word(enum ptree_group group);
const char *ptree_namespace_word(enum ptree_namespace ns);

#endif
