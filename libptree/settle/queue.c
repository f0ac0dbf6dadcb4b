// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading the queue of a UNIX socket during the pause, and leaving it as it was.
 *
 * MSG_PEEK shows the first message, or of a stream all pieces up to the first with descriptors; SO_PEEK_OFF goes on from
 * there. SO_PASSCRED shows who sent it, and keeps pieces of different senders apart. Both are the source's own options,
 * and are put back. (net/unix/af_unix.c and net/core/datagram.c, read in v6.1, v6.12, v7.2.)
 */
#include "queue.h"

#include <poll.h>
#include <string.h>
#include <sys/un.h>

#include "socket.h"

#define SCM_PIDFD_ 4		/* since v6.5 */
#define OVERFLOW_ID 65534	/* whom the kernel names when a message has no sender */

/* One look at the queue. */
struct look {
	int fd;
	int type;
	ssize_t n;
	int flags;
	struct ptree_message message;
	struct sockaddr_un from;
	socklen_t from_size;
	int rights[253];	/* SCM_MAX_FD */
	size_t nr_rights;
	bool anything;		/* a message without bytes is one, an end is not */
};

static int option_swap(int fd, int name, int value, int *ret_old)
{
	socklen_t size = sizeof(*ret_old);

	if (getsockopt(fd, SOL_SOCKET, name, ret_old, &size) < 0)
		return -errno;
	if (*ret_old != value && setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value)) < 0)
		return -errno;
	return 0;
}

static void rights_close(struct look *l)
{
	for (size_t i = 0; i < l->nr_rights; i++)
		ptree_close_fd(l->rights[i]);
	l->nr_rights = 0;
}

static void control_read(struct look *l, struct msghdr *header)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		size_t size = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&l->message.sender, CMSG_DATA(c), sizeof(l->message.sender));
			l->message.has_sender = l->message.sender.pid != 0 || l->message.sender.uid != OVERFLOW_ID;
			l->anything = true;
		} else if (c->cmsg_type == SCM_RIGHTS) {
			l->nr_rights = size / sizeof(int);
			memcpy(l->rights, CMSG_DATA(c), l->nr_rights * sizeof(int));
		} else if (c->cmsg_type == SCM_PIDFD_) {
			int pidfd;

			memcpy(&pidfd, CMSG_DATA(c), sizeof(pidfd));
			ptree_close_fd(pidfd);
		}
	}
}

/* At @offset: what one recvmsg() of @size bytes gives. */
static int look(struct look *l, size_t offset, void *bytes, size_t size)
{
	char control[8192] __attribute__((aligned(sizeof(size_t))));
	struct iovec io = { .iov_base = bytes, .iov_len = size };
	struct msghdr header = {
		.msg_name = &l->from,
		.msg_namelen = sizeof(l->from),
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int at = (int)offset;

	*l = (struct look){ .fd = l->fd, .type = l->type };
	if (setsockopt(l->fd, SOL_SOCKET, SO_PEEK_OFF, &at, sizeof(at)) < 0)
		return -errno;
	l->n = recvmsg(l->fd, &header, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC |
				       (l->type == SOCK_STREAM ? 0 : MSG_TRUNC));
	if (l->n < 0)
		return -errno;
	control_read(l, &header);
	l->from_size = header.msg_namelen;
	l->flags = header.msg_flags;
	if (l->flags & MSG_CTRUNC) {
		rights_close(l);
		return -EMFILE;
	}
	return 0;
}

static int room_make(struct ptree_queue *q, size_t size)
{
	size_t room = q->nr_bytes + size > 2 * q->room ? q->nr_bytes + size : 2 * q->room;
	unsigned char *grown;

	if (q->room - q->nr_bytes >= size)
		return 0;
	grown = realloc(q->bytes, room);
	if (!grown)
		return -ENOMEM;
	q->bytes = grown;
	q->room = room;
	return 0;
}

static int message_add(struct ptree_queue *q, struct look *l, size_t size, bool with_rights)
{
	struct ptree_message *messages, *m;
	struct ptree_right *rights;

	/* Doubled each time they are full. */
	if ((q->nr_messages & (q->nr_messages - 1)) == 0) {
		messages = realloc(q->messages, (q->nr_messages ? 2 * q->nr_messages : 1) * sizeof(*messages));
		if (!messages)
			return -ENOMEM;
		q->messages = messages;
	}
	m = &q->messages[q->nr_messages];
	*m = l->message;
	if (l->type == SOCK_DGRAM && l->from_size > sizeof(sa_family_t)) {
		m->name = malloc(l->from_size);
		if (!m->name)
			return -ENOMEM;
		memcpy(m->name, &l->from, l->from_size);
		m->name_size = l->from_size;
	}
	m->at = q->nr_bytes;
	m->size = size;
	m->first_right = q->nr_rights;
	m->nr_rights = 0;
	if (with_rights && l->nr_rights > 0) {
		rights = realloc(q->rights, (q->nr_rights + l->nr_rights) * sizeof(*rights));
		if (!rights)
			return -ENOMEM;
		q->rights = rights;
		m->nr_rights = l->nr_rights;
		for (size_t i = 0; i < l->nr_rights; i++)
			q->rights[q->nr_rights++] = (struct ptree_right){ .fd = l->rights[i] };
		l->nr_rights = 0;
	}
	q->nr_messages++;
	q->nr_bytes += size;
	return 0;
}

/*
 * A look ends with the piece that has descriptors, but may begin before it: who reads in small bites must get them with
 * the very byte that they were sent with. The kernel copies whole pieces, and gives up before the first that it cannot
 * copy whole (unix_stream_read_generic()): that is the last one, if the last byte has no place to go to.
 */
static int rights_find(const struct look *whole, size_t offset, void *bytes, size_t *ret_before)
{
	struct iovec io[] = {
		{ .iov_base = bytes, .iov_len = (size_t)whole->n - 1 },
		{ .iov_base = NULL, .iov_len = 1 },
	};
	struct msghdr header = { .msg_iov = io, .msg_iovlen = ARRAY_SIZE(io) };
	int at = (int)offset;
	ssize_t n;

	*ret_before = 0;
	if (whole->n == 1)
		return 0;
	if (setsockopt(whole->fd, SOL_SOCKET, SO_PEEK_OFF, &at, sizeof(at)) < 0)
		return -errno;
	n = recvmsg(whole->fd, &header, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0)
		return errno == EFAULT ? 0 : -errno;
	*ret_before = (size_t)n;
	return 0;
}

/* A byte that was sent apart from the others is in no look. */
static bool has_urgent(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLPRI };

	return poll(&p, 1, 0) == 1 && p.revents & POLLPRI;
}

static int stream_peek(struct ptree_queue *q, int fd)
{
	size_t total = ptree_socket_bytes(fd);
	struct look l = { .fd = fd, .type = SOCK_STREAM };
	int r = has_urgent(fd) ? -ENODATA : room_make(q, total);

	while (r == 0 && q->nr_bytes < total) {
		size_t before = 0, at = q->nr_bytes;
		size_t n;

		r = look(&l, at, q->bytes + at, total - at);
		if (r < 0)
			break;
		n = (size_t)l.n;
		if (n == 0)
			r = -ENODATA;
		if (l.nr_rights > 0)
			r = rights_find(&l, at, q->bytes + at, &before);
		if (r == 0 && before > 0)
			r = message_add(q, &l, before, false);
		if (r == 0)
			r = message_add(q, &l, n - before, true);
		rights_close(&l);
	}
	return r == -EAGAIN ? -ENODATA : r;
}

/* One message at @at, whole. */
static int message_peek(struct ptree_queue *q, struct look *l, size_t at)
{
	size_t size = 4096;

	for (;;) {
		int r = room_make(q, size);

		if (r == 0)
			r = look(l, at, q->bytes + q->nr_bytes, q->room - q->nr_bytes);
		if (r < 0)
			return r == -EAGAIN ? -ENODATA : r;
		if (!l->anything) {
			rights_close(l);
			return -ENODATA;
		}
		if (!(l->flags & MSG_TRUNC))
			return 0;
		size = (size_t)l->n;
		rights_close(l);
	}
}

static int messages_peek(struct ptree_queue *q, int fd, int type)
{
	struct look l = { .fd = fd, .type = type };
	int r = 0;

	for (unsigned i = 0; i < q->nr_buffers && r == 0; i++) {
		r = message_peek(q, &l, q->nr_bytes);
		if (r == 0)
			r = message_add(q, &l, (size_t)l.n, true);
		rights_close(&l);
	}
	return r;
}

int ptree_queue_peek(struct ptree_queue *q, int fd, int type, unsigned nr_buffers)
{
	int offset, passcred, r, restored;

	q->nr_buffers = nr_buffers;
	if (nr_buffers == 0)
		return 0;
	r = option_swap(fd, SO_PEEK_OFF, 0, &offset);
	if (r < 0)
		return r;
	r = option_swap(fd, SO_PASSCRED, 1, &passcred);
	if (r == 0) {
		r = type == SOCK_STREAM ? stream_peek(q, fd) : messages_peek(q, fd, type);
		restored = setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &passcred, sizeof(passcred)) < 0 ? -errno : 0;
		r = r < 0 ? r : restored;
	}
	restored = setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)) < 0 ? -errno : 0;
	return r < 0 ? r : restored;
}

void ptree_queue_done(struct ptree_queue *q)
{
	for (size_t i = 0; i < q->nr_rights; i++)
		ptree_close_fd(q->rights[i].fd);
	for (size_t i = 0; i < q->nr_messages; i++)
		free(q->messages[i].name);
	free(q->rights);
	free(q->messages);
	free(q->bytes);
	*q = (struct ptree_queue){ 0 };
}
