// SPDX-License-Identifier: LGPL-2.1-or-later
/* Both ends of a connection: found by their addresses, made again as a pair. */
#include "tcp-inside.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "inet.h"
#include "tcp-pair.h"
#include "tcp-queue.h"

/* As one of IPv4 if it is one that IPv6 writes in its way. */
static struct ptree_address plain(const struct ptree_address *a)
{
	const struct sockaddr_in6 *in6 = (const void *)&a->storage;
	struct ptree_address v4 = { .size = sizeof(struct sockaddr_in) };
	struct sockaddr_in *in = (void *)&v4.storage;

	if (a->sa.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return *a;
	in->sin_family = AF_INET;
	in->sin_port = in6->sin6_port;
	memcpy(&in->sin_addr, &in6->sin6_addr.s6_addr[12], 4);
	return v4;
}

static bool is_same(const struct ptree_address *a, const struct ptree_address *b)
{
	struct ptree_address x = plain(a), y = plain(b);
	const struct sockaddr_in *x4 = (const void *)&x.storage, *y4 = (const void *)&y.storage;
	const struct sockaddr_in6 *x6 = (const void *)&x.storage, *y6 = (const void *)&y.storage;

	if (x.sa.sa_family != y.sa.sa_family)
		return false;
	if (x.sa.sa_family == AF_INET)
		return x4->sin_port == y4->sin_port && x4->sin_addr.s_addr == y4->sin_addr.s_addr;
	return x6->sin6_port == y6->sin6_port && x6->sin6_scope_id == y6->sin6_scope_id &&
	       IN6_ARE_ADDR_EQUAL(&x6->sin6_addr, &y6->sin6_addr);
}

/* Connected, in one direction at least, or closed by both so lately that something may be under way. */
static bool is_connected(const struct ptree_file *f)
{
	if (!ptree_tcp_is(f) || f->info.protocol != IPPROTO_TCP || f->nr_fds == 0)
		return false;
	switch (f->info.state) {
	case TCP_ESTABLISHED:
	case TCP_FIN_WAIT1:
	case TCP_FIN_WAIT2:
	case TCP_CLOSE_WAIT:
	case TCP_LAST_ACK:
	case TCP_CLOSING:
		return true;
	default:
		return false;
	}
}

int ptree_tcp_inside_judge(struct ptree_op *op, struct ptree_file *f)
{
	struct inet_state *s = inet_of(f);

	if (!ptree_inet_is_private(op) || !is_connected(f))
		return 0;
	for (size_t i = 0; i < op->files.nr_files && !s->peer; i++) {
		struct ptree_file *g = &op->files.files[i];
		int r;

		if (g == f || !is_connected(g))
			continue;
		r = ptree_inet_look(op, g);
		if (r < 0)
			return r;
		if (is_same(&s->local, &inet_of(g)->remote) && is_same(&s->remote, &inet_of(g)->local)) {
			s->peer = g;
			inet_of(g)->peer = f;
		}
	}
	return s->peer ? 1 : 0;
}

int ptree_tcp_inside_capture(struct ptree_op *op, struct ptree_file *f, int fd)
{
	int r = ptree_tcp_queue_peek(inet_of(f), fd);

	return r < 0 ? r : ptree_tcp_queue_under_way(op, f, inet_of(f)->peer);
}

static int pair_make(struct ptree_op *op, struct ptree_file *f)
{
	struct ptree_file *files[] = { f, inet_of(f)->peer };
	struct ptree_tcp_end ends[2] = { 0 };
	int r;

	for (int i = 0; i < 2; i++) {
		struct inet_state *s = inet_of(files[i]);

		ends[i] = (struct ptree_tcp_end){ .address = s->local, .bytes = s->bytes, .size = s->size };
	}
	r = ptree_tcp_pair_make(op, op->namespaces.fds[PTREE_NAMESPACE_NET], ends);
	for (int i = 0; i < 2 && r == 0; i++)
		files[i]->twin_fd = ends[i].fd;
	return r;
}

/* The peer's end hears of a direction that is closed as the source's did. */
static int directions_close(const struct ptree_file *f)
{
	const struct ptree_file *peer = inet_of(f)->peer;

	if (f->info.is & PTREE_FILE_SHUT_WRITE && shutdown(f->twin_fd, SHUT_WR) < 0 && errno != ENOTCONN)
		return -errno;
	if (f->info.is & PTREE_FILE_SHUT_READ && !(peer->info.is & PTREE_FILE_SHUT_WRITE) &&
	    shutdown(f->twin_fd, SHUT_RD) < 0 && errno != ENOTCONN)
		return -errno;
	return 0;
}

int ptree_tcp_inside_settle(struct ptree_op *op, struct ptree_file *f)
{
	int r = f->twin_fd < 0 ? pair_make(op, f) : 0;

	if (r == 0)
		r = ptree_socket_finish(&inet_of(f)->options, f, f->twin_fd, true);
	return r < 0 ? r : directions_close(f);
}
