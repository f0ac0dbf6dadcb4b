/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UNIX sockets that find each other by name inside the clone: datagram sockets with names and those connected to them, and
 * listeners with connections that wait to be accepted. All of them are made together: a name must be there before it is
 * connected to, and what waits in a queue came from sockets of other names.
 */
#ifndef PTREE_UNIX_NAMES_H
#define PTREE_UNIX_NAMES_H

#include "unix-state.h"

/* Whether its role makes it one of them. */
static inline bool ptree_unix_is_by_name(const struct ptree_file *f)
{
	const struct unix_state *s = unix_of(f);

	return s && (s->role == UNIX_NAMED || s->role == UNIX_CALLER || (s->role == UNIX_LISTENER && s->nr_callers > 0));
}

/* All of them, unless they are there; filled and connected as far as can be before INSTALL. -errno, mostly without a sentence. */
int ptree_unix_names_make(struct ptree_op *op);

/* The rest of it, after INSTALL. Writes the error. */
int ptree_unix_names_finish(struct ptree_op *op);

#endif
