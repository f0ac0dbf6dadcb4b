/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A transient scope of systemd for a clone. */
#ifndef PTREE_SCOPE_H
#define PTREE_SCOPE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* Whether systemd is the init system here. */
bool ptree_scope_available(void);

/*
 * ptree_scope_start() - ptree-ID.scope in ptree.slice, delegated, with @pid in it
 * @description: what systemctl shows
 * Returns when systemd says that it is there. -ENOTCONN: systemd cannot be reached, which need not be an error.
 */
int ptree_scope_start(uint64_t id, pid_t pid, const char *description, struct ptree_error *e);

/*
 * ptree_scope_stop() - have systemd forget a scope whose processes are dead
 * It does so by itself, but not if the process died just before it was taken in: then it waits for ever for an end that
 * it missed. There may be no such scope, and no systemd.
 */
void ptree_scope_stop(uint64_t id);

#endif
