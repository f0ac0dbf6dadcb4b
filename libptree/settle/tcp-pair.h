/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two TCP sockets that are connected to each other, with the addresses and the bytes that two others have. */
#ifndef PTREE_TCP_PAIR_H
#define PTREE_TCP_PAIR_H

#include "socket.h"

/* One end: its address, and what waits to be read from it. */
struct ptree_tcp_end {
	struct ptree_address address;
	const void *bytes;
	size_t size;
	int fd;			/* the result */
};

/*
 * ptree_tcp_pair_make() - connect @ends in the network namespace of @netns_fd, where their addresses must be local
 * No packet is sent: the sockets are made as if they had been connected for a while. Any number of pairs may have an
 * address in common. Needs CAP_NET_ADMIN over the namespace. -errno; no descriptor is left open then.
 */
int ptree_tcp_pair_make(struct ptree_op *op, int netns_fd, struct ptree_tcp_end ends[2]);

#endif
