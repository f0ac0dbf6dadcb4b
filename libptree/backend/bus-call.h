/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls to ptreed: where they go, and what several of them need. */
#ifndef PTREE_BUS_CALL_H
#define PTREE_BUS_CALL_H

#include <systemd/sd-bus.h>

#include "../backend.h"

#define DESTINATION	"org.ptree1"
#define MANAGER_PATH	"/org/ptree1"
#define MANAGER		"org.ptree1.Manager"
#define FOREVER		UINT64_MAX	/* ptreed has deadlines of its own, and tells what was in the way */

#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)

/* A connection to the bus that the environment names; no sentence. Messages of it may ask the user for a password. */
int bus_connect(sd_bus **ret);

/* Appends the options a{sv} of Clone() and Inspect(), as a caller of libptree gave them; no sentence. @fork: clones itself. */
int bus_options_append(sd_bus_message *m, const struct ptree_clone_options *options, bool fork);

/* ptree_fork() by way of ptreed. */
int bus_fork(struct ptree *p, const struct ptree_clone_options *options, uint64_t *ret_id);

#endif
