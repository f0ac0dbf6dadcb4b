/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the queues of TCP connections during the pause, and leaving them as they were. */
#ifndef PTREE_TCP_QUEUE_H
#define PTREE_TCP_QUEUE_H

#include "inet-state.h"

/* ptree_tcp_queue_peek() - what waits to be read from @fd. -errno. */
int ptree_tcp_queue_peek(struct inet_state *s, int fd);

/*
 * ptree_tcp_queue_under_way() - what @sender has written and @receiver has not got yet, added to what waits in @receiver
 * Both are ends of one connection. -errno, with the op's error set only if the module failed.
 */
int ptree_tcp_queue_under_way(struct ptree_op *op, struct ptree_file *receiver, struct ptree_file *sender);

#endif
