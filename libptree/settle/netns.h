/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other network namespaces: a namespace belongs to a thread, so what is to happen in another one is done by another. */
#ifndef PTREE_NETNS_H
#define PTREE_NETNS_H

#include <stdbool.h>

#include "../util.h"

/*
 * ptree_netns_call() - what @f returns, called by a thread in the network namespace of @netns_fd; -1: the caller's own
 * @root_fd: NULL, or what the thread sees as "/": an empty file system, made where this is -1, so that UNIX sockets can be
 *	bound to any path there. It is gone with the descriptor and the last of them.
 * -errno of what could not be prepared.
 */
int ptree_netns_call(int netns_fd, int *root_fd, int (*f)(void *argument), void *argument);

/*
 * ptree_nowhere_open() - a new network namespace in which every address of IPv4 and IPv6 is its own, and which has no way
 * out: sockets have the addresses that they had elsewhere, and no packet of theirs leaves it. Returns a descriptor of it.
 */
int ptree_nowhere_open(void);

#define PTREE_LOOPBACK	1	/* the number of lo, in every network namespace */

struct nl_sock;

/* ptree_loopback_up() - lo of the namespace of @routing, a socket of rtnetlink. A negative error of libnl. */
int ptree_loopback_up(struct nl_sock *routing);

#endif
