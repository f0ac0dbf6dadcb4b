// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * TCP. A connection has one end here and one elsewhere, and there is nothing that a second one of the same addresses could
 * be connected to: the clone's is severed. It has the addresses, the options and the bytes that had come, and then an end.
 * Nothing of that leaves the host: it lives in a network namespace of its own, connected to a socket that is closed.
 *
 * Where the clone has a network namespace (--private=net), its sockets are there: what listens does so at the same address,
 * and a connection between two of its own sockets goes on, with the bytes that are on their way.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/tcp.h>

#include "inet-state.h"
#include "inet.h"
#include "status.h"
#include "tcp-inside.h"
#include "tcp-pair.h"
#include "tcp-queue.h"

#define STATE_CLOSE	7	/* TCP_CLOSE, TCP_SYN_SENT, TCP_LISTEN of the kernel */
#define STATE_SYN_SENT	2
#define STATE_LISTEN	10
#define PATIENCE_MSEC	5000

bool ptree_tcp_is(const struct ptree_file *f)
{
	return S_ISSOCK(f->info.mode) && (f->info.family == AF_INET || f->info.family == AF_INET6) &&
	       f->info.type == SOCK_STREAM && (f->info.protocol == IPPROTO_TCP || f->info.protocol == IPPROTO_MPTCP);
}

bool ptree_tcp_is_listener(const struct ptree_file *f)
{
	return ptree_tcp_is(f) && f->info.state == STATE_LISTEN;
}

int ptree_tcp_judge_listener(struct ptree_op *op, struct ptree_file *f)
{
	int r;

	if (f->policy == PTREE_POLICY_SHARE &&
	    (!ptree_inet_is_private(op) || ptree_policy_asked(op, PTREE_GROUP_LISTEN) == PTREE_POLICY_SHARE))
		return ptree_socket_note_shared_listener(f);
	r = ptree_inet_look(op, f);
	if (r == 0 && f->policy != PTREE_POLICY_SEVER)
		return ptree_inet_become(f, INET_OWN, PTREE_POLICY_PRIVATE,
					 f->info.backlog > 0 ? "connections that wait to be accepted are the source's" : NULL);
	return r < 0 ? r : ptree_inet_become(f, INET_NOWHERE, PTREE_POLICY_SEVER,
					     "has its address, where nobody can reach it");
}

/* A socket that is not connected: never was, or not any more. */
static int judge_closed(struct ptree_op *op, struct ptree_file *f)
{
	const uint32_t both = PTREE_FILE_SHUT_READ | PTREE_FILE_SHUT_WRITE;

	if ((f->info.is & both) == both)
		return ptree_inet_become(f, INET_RESET, PTREE_POLICY_PRIVATE, NULL);
	if (!ptree_inet_has_port(&inet_of(f)->local))
		return ptree_inet_become(f, INET_ALONE, PTREE_POLICY_PRIVATE, NULL);
	if (ptree_policy_asked(op, PTREE_GROUP_TCP) == PTREE_POLICY_SEVER)
		return ptree_inet_become(f, INET_NOWHERE, PTREE_POLICY_SEVER,
					 "has its address, where nobody can reach it");
	if (ptree_inet_is_private(op))
		return ptree_inet_become(f, INET_OWN, PTREE_POLICY_PRIVATE, NULL);
	return ptree_inet_become(f, 0, PTREE_POLICY_SHARE, "bound to an address, which can be one socket's only");
}

int ptree_tcp_judge(struct ptree_op *op, struct ptree_file *f)
{
	enum ptree_policy asked = ptree_policy_asked(op, PTREE_GROUP_TCP);
	int r;

	if (asked == PTREE_POLICY_SHARE)
		return ptree_file_note(f, "one connection for both: what one reads the other misses");
	r = ptree_inet_look(op, f);
	if (r < 0)
		return r;
	if (f->info.state == STATE_CLOSE)
		return judge_closed(op, f);
	r = asked ? 0 : ptree_tcp_inside_judge(op, f);
	if (r != 0)
		return r < 0 ? r : ptree_inet_become(f, INET_PAIR, PTREE_POLICY_PRIVATE, NULL);
	if (f->info.state == STATE_SYN_SENT)
		return ptree_inet_become(f, INET_REFUSED, PTREE_POLICY_SEVER,
					 "was being connected; the clone is told that nobody answers");
	if (!asked && ptree_socket_is_standard(f))
		return ptree_inet_become(f, 0, PTREE_POLICY_SHARE,
					 "a standard stream that leads out of the tree is kept");
	if (!asked && f->info.protocol == IPPROTO_MPTCP)
		return ptree_file_refuse(f, "a connection of Multipath TCP cannot be severed as what it is; "
					    "--sever=tcp makes it one of TCP");
	return ptree_inet_become(f, INET_SEVERED, PTREE_POLICY_SEVER,
				 "the source's lives on; the clone reads what had come, and then the end");
}

static bool has_upper_protocol(int fd, char *name, socklen_t size)
{
	memset(name, 0, size);
	return getsockopt(fd, IPPROTO_TCP, TCP_ULP, name, &size) == 0 && size > 0 && name[0];
}

int ptree_tcp_capture(struct ptree_op *op, struct ptree_file *f)
{
	struct inet_state *s = inet_of(f);
	_cleanup_close_ int fd = ptree_file_borrow(f);
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	bool asked = ptree_policy_asked(op, PTREE_GROUP_TCP) == PTREE_POLICY_SEVER;
	char upper[16];
	int r;

	if (fd < 0)
		return ptree_file_error(op, f, fd, "cannot be looked at");
	r = ptree_socket_options_read(&s->options, fd, &f->info, PTREE_SOCKET_PAUSE);
	if (r < 0)
		return ptree_file_error(op, f, r, "its options cannot be read");
	if (s->role != INET_SEVERED && s->role != INET_RESET && s->role != INET_PAIR)
		return 0;
	if (poll(&p, 1, 0) > 0)
		s->error = p.revents & POLLERR;
	/* What TLS in the kernel has received cannot be read without taking it. */
	if (has_upper_protocol(fd, upper, sizeof(upper)))
		return asked ? 0 : ptree_socket_refuse(op, f, "it has TLS or its like in the kernel (TCP_ULP), and what it has "
							      "received would be lost; --sever=tcp severs it all the same");
	if (p.revents & POLLPRI && !asked)
		return ptree_socket_refuse(op, f, "it has received urgent data, which would be lost; --sever=tcp severs it "
						  "all the same");
	r = s->role == INET_PAIR ? ptree_tcp_inside_capture(op, f, fd) : ptree_tcp_queue_peek(s, fd);
	return r < 0 && op->error.code == 0 ? ptree_file_error(op, f, r, "what waits to be read from it cannot be copied") : r;
}

/* What programs set once is still in the description that the clone shares until INSTALL. */
static int options_read_later(struct ptree_file *f)
{
	_cleanup_close_ int old = ptree_file_borrow_twin(f);

	return old < 0 ? old : ptree_socket_options_read(&inet_of(f)->options, old, &f->info, PTREE_SOCKET_LATER);
}

static int backlog_read(struct ptree_file *f)
{
	_cleanup_close_ int old = ptree_file_borrow_twin(f);
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	if (old < 0)
		return old;
	/* A listener's, where those of a connection count segments. */
	if (getsockopt(old, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
		return -errno;
	inet_of(f)->backlog = (int)info.tcpi_sacked;
	return 0;
}

static int then_listen(const struct inet_state *s, int fd)
{
	return listen(fd, s->backlog) < 0 ? -errno : 0;
}

int ptree_tcp_settle_listener(struct ptree_op *op, struct ptree_file *f)
{
	int r = options_read_later(f);

	if (r == 0)
		r = backlog_read(f);
	if (r == 0)
		r = ptree_inet_make_bound(op, f, then_listen);
	return r < 0 ? ptree_file_error(op, f, r, "one that nobody can reach cannot be made") :
		       ptree_status_set(op, f, f->twin_fd);
}

static int await(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	int r = poll(&p, 1, PATIENCE_MSEC);

	return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

/* Nobody listens there. The error stays for the clone to find. */
static int then_fail_to_connect(const struct inet_state *s, int fd)
{
	struct ptree_address remote = s->remote;

	if (!ptree_inet_has_port(&remote)) {
		remote = (struct ptree_address){ .size = s->local.size };
		remote.sa.sa_family = s->local.sa.sa_family;
		((struct sockaddr_in *)&remote.storage)->sin_port = htons(9);
	}
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	if (connect(fd, &remote.sa, remote.size) < 0 && errno != EINPROGRESS)
		return -errno;
	return await(fd, POLLHUP) == 0 && fcntl(fd, F_SETFL, 0) == 0 ? 0 : -errno;
}

/* A connection that was reset does not tell any more who it was with. */
static void remote_invent(struct inet_state *s)
{
	const struct sockaddr_in6 *local = (const void *)&s->local.storage;
	struct sockaddr_in6 *remote = (void *)&s->remote.storage;

	/* Next to its own address, and of the same sort. */
	s->remote = s->local;
	if (local->sin6_family == AF_INET)
		((struct sockaddr_in *)remote)->sin_addr.s_addr ^= htonl(1);
	else
		remote->sin6_addr.s6_addr[15] ^= 1;
}

/* What the peer's end does to the clone's: closes it, or resets it. */
static int peer_leave(struct ptree_file *f, int fd, int peer_fd)
{
	struct inet_state *s = inet_of(f);
	struct linger reset = { .l_onoff = 1 };
	int r, error;
	socklen_t size = sizeof(error);

	if (s->role == INET_RESET && setsockopt(peer_fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0)
		r = -errno;
	else
		r = f->info.is & PTREE_FILE_SHUT_WRITE && s->role == INET_SEVERED && shutdown(fd, SHUT_WR) < 0 ? -errno : 0;
	ptree_close_fd(peer_fd);
	if (r == 0)
		r = await(fd, POLLRDHUP);
	/* The source has been told already. */
	if (r == 0 && s->role == INET_RESET && !s->error)
		(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return r;
}

/*
 * Two ends of one connection must not meet again: each has a peer with the other's addresses. So one of them, which the
 * order of its addresses tells, is in another namespace.
 */
static unsigned namespace_of(const struct inet_state *s)
{
	return memcmp(&s->local.storage, &s->remote.storage, s->local.size) > 0;
}

static int severed_make(struct ptree_op *op, struct ptree_file *f)
{
	struct inet_state *s = inet_of(f);
	struct ptree_tcp_end ends[2] = { 0 };
	_cleanup_close_ int fd = -1;
	int netns, r;

	if (!ptree_inet_has_port(&s->remote))
		remote_invent(s);
	netns = ptree_socket_nowhere(op, namespace_of(s));
	if (netns < 0)
		return netns;
	ends[0] = (struct ptree_tcp_end){ .address = s->local, .bytes = s->bytes, .size = s->size };
	ends[1] = (struct ptree_tcp_end){ .address = s->remote };
	r = ptree_tcp_pair_make(op, netns, ends);
	if (r < 0)
		return r;
	fd = ends[0].fd;
	r = peer_leave(f, fd, ends[1].fd);
	if (r == 0)
		r = ptree_socket_finish(&s->options, f, fd, true);
	if (r == 0)
		f->twin_fd = TAKE_FD(fd);
	return r;
}

int ptree_tcp_settle(struct ptree_op *op, struct ptree_file *f)
{
	struct inet_state *s = inet_of(f);
	int r = options_read_later(f);

	if (r < 0)
		return ptree_file_error(op, f, r, "its options cannot be read");
	/* A failure before anything had come: nothing can be read of it but the error. */
	if (s->role == INET_RESET && s->size == 0 && !ptree_inet_has_port(&s->local))
		s->role = INET_REFUSED;
	switch (s->role) {
	case INET_SEVERED:
	case INET_RESET:
		r = severed_make(op, f);
		break;
	case INET_REFUSED:
		r = ptree_inet_make_bound(op, f, then_fail_to_connect);
		break;
	case INET_PAIR:
		r = ptree_tcp_inside_settle(op, f);
		break;
	case INET_OWN:
	case INET_NOWHERE:
		r = ptree_inet_make_bound(op, f, NULL);
		break;
	case INET_ALONE:
		r = ptree_socket_make_inside(op, f, &f->twin_fd);
		if (r == 0)
			r = ptree_socket_finish(&s->options, f, f->twin_fd, false);
		break;
	}
	return r < 0 ? ptree_file_error(op, f, r, "the clone's cannot be made") : ptree_status_set(op, f, f->twin_fd);
}
