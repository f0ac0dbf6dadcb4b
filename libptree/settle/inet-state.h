/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of a socket of IPv4, IPv6 or netlink between judge and settle. */
#ifndef PTREE_INET_STATE_H
#define PTREE_INET_STATE_H

#include "socket.h"

enum inet_role {
	INET_ALONE = 1,		/* bound and connected to nothing */
	INET_SEVERED,		/* a connection whose peer goes */
	INET_RESET,		/* one that has been reset, or has timed out */
	INET_REFUSED,		/* one that was being made, or has failed to be made */
	INET_NOWHERE,		/* has its address, where nobody can reach it */
	INET_OWN,		/* has its address, in the clone's own network namespace */
	INET_PAIR,		/* a connection there, with both of its ends in the clone */
};

#define INET_MAX_GROUPS	(32 * 64)	/* of netlink: more than any protocol has */

struct inet_state {
	enum inet_role role;
	struct ptree_socket_options options;
	struct ptree_address local;
	struct ptree_address remote;	/* not given: not connected */
	void *bytes;			/* what waits to be read */
	size_t size;
	bool error;			/* the next call tells of one */
	int backlog;			/* of a listener */
	struct ptree_file *peer;	/* of a pair */
	uint32_t groups[INET_MAX_GROUPS / 32];
};

static inline struct inet_state *inet_of(const struct ptree_file *f)
{
	return f->state;
}

/* The state with its addresses, made when first asked for. Writes the error. */
int ptree_inet_look(struct ptree_op *op, struct ptree_file *f);

/* Role, policy and note in one. */
int ptree_inet_become(struct ptree_file *f, enum inet_role role, enum ptree_policy policy, const char *note);

/* Whether the clone has a network namespace of its own, where addresses are free. */
bool ptree_inet_is_private(const struct ptree_op *op);

/* Whether it is bound to a port. */
bool ptree_inet_has_port(const struct ptree_address *a);

/*
 * A socket of f's kind, with its options and bound to its address, in the clone's own namespace if that is its role, else
 * in the one that is nowhere; and what @then does with it there (connect, listen). -errno.
 */
int ptree_inet_make_bound(struct ptree_op *op, struct ptree_file *f, int (*then)(const struct inet_state *s, int fd));

#endif
