/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets in other network namespaces. */
#ifndef PTREE_SOCKET_OPEN_H
#define PTREE_SOCKET_OPEN_H

#include "../op.h"

/*
 * ptree_socket_open() - a socket in the network namespace of @netns_fd, which it stays in whoever uses it
 * Made by the engine, or where the engine may have no sockets of that family, by the clone's init: a service that talks
 * to nobody but the bus (RestrictAddressFamilies= of systemd) need not be able to talk to the network for its clones'
 * sake. Between duplication and start. -errno, with the op's error set only if the module failed.
 */
int ptree_socket_open(struct ptree_op *op, int netns_fd, int family, int type, int protocol, int *ret_fd);

#endif
