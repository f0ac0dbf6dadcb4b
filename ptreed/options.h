/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options a{sv} of Clone() and Inspect(): read and validated here, documented in org.ptree1.xml. */
#ifndef PTREED_OPTIONS_H
#define PTREED_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "../libptree/policy.h"
#include "limits.h"

struct clone_options {
	char *name;		/* NULL: the engine makes one */
	bool hold;
	bool fork;		/* the source is the caller itself, which may be frozen and cloned as it waits */
	uint64_t max_pause_usec;
	char *cgroup;		/* NULL: the engine makes one */
	struct ptree_policies policies;	/* what the caller asks for */
	char **copy_paths;	/* ends with NULL; NULL: none */
	int stdio_fds[3];	/* the operation's own; -1: not given */
};

#define CLONE_OPTIONS_INIT ((struct clone_options){ .stdio_fds = { -1, -1, -1 } })

/*
 * options_read() - -EINVAL with a sentence that lists the valid keys or words. @ret is initialized in any case.
 * max_pause_usec is 0 where the caller does not say it.
 */
int options_read(sd_bus_message *message, const struct limits *limits, struct clone_options *ret, sd_bus_error *error);

void options_done(struct clone_options *o);

#endif
