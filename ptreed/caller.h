/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who calls: uid and process, as bus and kernel know them, never as the caller says. */
#ifndef PTREED_CALLER_H
#define PTREED_CALLER_H

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "../libptree/util.h"
#include "rights.h"

struct caller {
	uid_t uid;		/* as the bus says */
	pid_t pid;
	int pidfd;
	struct rights rights;	/* of the process, when the call arrived; root's are not looked at */
};

#define CALLER_INIT ((struct caller){ .uid = (uid_t)-1, .pidfd = -1 })

/* caller_read() - of a method call. -EPERM with a sentence if they cannot be established. */
int caller_read(sd_bus_message *message, struct caller *ret, sd_bus_error *error);

void caller_done(struct caller *c);

#define _cleanup_caller_ _cleanup_(caller_done)

#endif
