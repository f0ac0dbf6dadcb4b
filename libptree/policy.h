/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies: what a clone gets of each kind of state, and what a caller may ask for. The words are SEMANTICS.md's. */
#ifndef PTREE_POLICY_H
#define PTREE_POLICY_H

#include <stdint.h>

enum ptree_policy {
	PTREE_POLICY_EXACT = 1,		/* the same in the clone as in the source, by its nature */
	PTREE_POLICY_PRIVATE,		/* a new object, shared by the clone's processes as the source's share theirs */
	PTREE_POLICY_SHARE,		/* one object, seen by both: fork semantics */
	PTREE_POLICY_SEVER,		/* the clone sees what it would see had the peer gone away */
	PTREE_POLICY_REFUSE,		/* no clone is made */
};

/* What --share=, --sever= and --private= name. */
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
	PTREE_GROUP_OTHER,
	_PTREE_GROUP_MAX,
};

/* What was asked for, by group; 0: nothing, the default holds. */
struct ptree_policies {
	uint8_t of[_PTREE_GROUP_MAX];
};

/* "private", "share" … */
const char *ptree_policy_name(enum ptree_policy policy);

#endif
