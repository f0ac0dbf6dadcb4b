// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Made with TCP_REPAIR, as a checkpoint is restored: a socket under repair is connected by saying so, and its receive
 * queue is written to. Nothing listens, nothing is on its way, and addresses do not collide while they are under repair
 * (tcp_connect(), tcp_send_rcvq(), inet_csk_get_port(); read in v6.1, v6.12, v7.2).
 */
#include "tcp-pair.h"

#include <netinet/in.h>
#include <linux/tcp.h>
#include <string.h>

#include "socket-open.h"

#define SEQUENCE	0x10000000u	/* where each end begins: any number does */
#define SEGMENT		65495		/* what fits the loopback device */
#define SCALE		7

static int option_set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* Numbers of interfaces are of their own in each namespace; of the one that is nowhere, lo is the first and only. */
static struct ptree_address here(const struct ptree_address *address)
{
	struct ptree_address a = *address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a.storage;

	if (a.sa.sa_family == AF_INET6 && in6->sin6_scope_id)
		in6->sin6_scope_id = 1;
	return a;
}

/* As a socket of that family writes it: IPv6 has a way to write addresses of IPv4. */
static struct ptree_address seen_from(sa_family_t family, const struct ptree_address *address)
{
	const struct sockaddr_in6 *in6 = (const void *)&address->storage;
	const struct sockaddr_in *in = (const void *)&address->storage;
	struct ptree_address a = { 0 };
	struct sockaddr_in6 *to6 = (void *)&a.storage;
	struct sockaddr_in *to = (void *)&a.storage;

	if (address->sa.sa_family == family)
		return here(address);
	if (family == AF_INET6) {
		*to6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = in->sin_port };
		to6->sin6_addr.s6_addr[10] = to6->sin6_addr.s6_addr[11] = 0xff;
		memcpy(&to6->sin6_addr.s6_addr[12], &in->sin_addr, 4);
		a.size = sizeof(*to6);
	} else {
		*to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = in6->sin6_port };
		memcpy(&to->sin_addr, &in6->sin6_addr.s6_addr[12], 4);
		a.size = sizeof(*to);
	}
	return a;
}

static int queue_start(int fd, int queue, uint32_t sequence)
{
	int r = option_set(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, queue);

	return r < 0 ? r : option_set(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, (int)sequence);
}

/* Bound, under repair, and with the numbers of bytes that it has sent and received: the other end's the other way round. */
static int end_open(struct ptree_op *op, int netns_fd, struct ptree_tcp_end *end, const struct ptree_tcp_end *other)
{
	struct ptree_address address = here(&end->address);
	bool v6 = address.sa.sa_family == AF_INET6;
	int r;

	r = ptree_socket_open(op, netns_fd, address.sa.sa_family, SOCK_STREAM, IPPROTO_TCP, &end->fd);
	if (r < 0)
		return r;
	r = option_set(end->fd, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_ON);
	if (r == 0)
		r = v6 ? option_set(end->fd, IPPROTO_IPV6, IPV6_FREEBIND, 1) : option_set(end->fd, IPPROTO_IP, IP_FREEBIND, 1);
	if (r == 0 && bind(end->fd, &address.sa, address.size) < 0)
		r = -errno;
	if (r == 0)
		r = queue_start(end->fd, TCP_SEND_QUEUE, SEQUENCE + (uint32_t)other->size);
	if (r == 0)
		r = queue_start(end->fd, TCP_RECV_QUEUE, SEQUENCE);
	return r;
}

static int bytes_put(const struct ptree_tcp_end *end)
{
	size_t put = 0;
	int r = setsockopt(end->fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ 1 << 30 }, sizeof(int)) < 0 ? -errno : 0;

	while (r == 0 && put < end->size) {
		size_t size = end->size - put < 32768 ? end->size - put : 32768;
		ssize_t n = send(end->fd, (const char *)end->bytes + put, size, 0);

		if (n <= 0)
			r = n < 0 ? -errno : -ENOBUFS;
		else
			put += (size_t)n;
	}
	return r;
}

static int window_open(int fd)
{
	struct tcp_repair_window window;
	socklen_t size = sizeof(window);
	uint32_t received;
	socklen_t received_size = sizeof(received);

	/* The receive queue is still the one under repair. */
	if (getsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &window, &size) < 0 ||
	    getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &received, &received_size) < 0)
		return -errno;
	window.snd_wl1 = received;
	window.rcv_wup = received;
	window.snd_wnd = window.max_window = 65535;
	return setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &window, sizeof(window)) < 0 ? -errno : 0;
}

static int end_connect(struct ptree_tcp_end *end, const struct ptree_tcp_end *other)
{
	struct tcp_repair_opt options[] = {
		{ 2 /* TCPOPT_MAXSEG */, SEGMENT },
		{ 3 /* TCPOPT_WINDOW */, SCALE | SCALE << 16 },
		{ 4 /* TCPOPT_SACK_PERMITTED */, 0 },
	};
	struct ptree_address address = seen_from(end->address.sa.sa_family, &other->address);
	int r;

	if (connect(end->fd, &address.sa, address.size) < 0)
		return -errno;
	if (setsockopt(end->fd, IPPROTO_TCP, TCP_REPAIR_OPTIONS, options, sizeof(options)) < 0)
		return -errno;
	r = bytes_put(end);
	return r < 0 ? r : window_open(end->fd);
}

static int pair_make(struct ptree_op *op, int netns_fd, struct ptree_tcp_end ends[2])
{
	int r = 0;

	for (int i = 0; i < 2 && r == 0; i++)
		r = end_open(op, netns_fd, &ends[i], &ends[1 - i]);
	for (int i = 0; i < 2 && r == 0; i++)
		r = end_connect(&ends[i], &ends[1 - i]);
	for (int i = 0; i < 2 && r == 0; i++) {
		bool v6 = ends[i].address.sa.sa_family == AF_INET6;

		r = option_set(ends[i].fd, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
		if (r == 0)
			r = v6 ? option_set(ends[i].fd, IPPROTO_IPV6, IPV6_FREEBIND, 0) :
				 option_set(ends[i].fd, IPPROTO_IP, IP_FREEBIND, 0);
		if (r == 0)
			r = option_set(ends[i].fd, SOL_SOCKET, SO_BUF_LOCK, 0);
	}
	return r;
}

int ptree_tcp_pair_make(struct ptree_op *op, int netns_fd, struct ptree_tcp_end ends[2])
{
	int r;

	ends[0].fd = ends[1].fd = -1;
	r = pair_make(op, netns_fd, ends);
	if (r < 0)
		for (int i = 0; i < 2; i++)
			ends[i].fd = ptree_close_fd(ends[i].fd);
	return r;
}
