/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal that a clone has of its own: its master is in the table of the clone's ptree-init, at a number of its own. */
#ifndef PTREE_ATTACH_H
#define PTREE_ATTACH_H

#include <stdint.h>
#include <sys/types.h>

#define PTREE_ATTACH_FD 3

/*
 * ptree_attach_open() - a descriptor of ours for the master
 * @init_pid, @init_start: the clone's ptree-init
 * Close-on-exec. -ESRCH: the clone has ended; -ENOTTY: it has no terminal of its own; -EPERM. No sentence.
 */
int ptree_attach_open(pid_t init_pid, uint64_t init_start);

#endif
