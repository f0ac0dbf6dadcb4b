// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sending a queue again, in the clone: same pieces, senders and descriptors. */
#include <linux/kcmp.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "queue.h"

#define MAX_RIGHTS 253	/* SCM_MAX_FD of the kernel */

/* The clone's descriptors are the source's own until INSTALL, and stay where they are: it is frozen. */
static bool is_same(const struct ptree_file *f, int fd)
{
	if (f->nr_fds == 0)
		return false;
	return syscall(SYS_kcmp, getpid(), f->fds[0].member->twin, KCMP_FILE, fd, f->fds[0].fd) == 0;
}

static struct ptree_file *file_of(struct ptree_op *op, int fd)
{
	struct ptree_file *f;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (st.st_mode & S_IFMT) {
		f = ptree_files_by_inode(&op->files, st.st_dev, st.st_ino);
		while (f && !is_same(f, fd))
			f = f->next;
		return f;
	}
	/* Eventfds and their like have one inode for all. */
	for (size_t i = 0; i < op->files.nr_files; i++) {
		f = &op->files.files[i];
		if (!(f->info.mode & S_IFMT) && is_same(f, fd))
			return f;
	}
	return NULL;
}

int ptree_queue_resolve(struct ptree_queue *q, struct ptree_op *op)
{
	for (size_t i = 0; i < q->nr_rights; i++) {
		struct ptree_right *right = &q->rights[i];

		right->file = file_of(op, right->fd);
		if (right->file)
			right->fd = ptree_close_fd(right->fd);
	}
	return 0;
}

bool ptree_queue_waits(const struct ptree_queue *q)
{
	for (size_t i = q->nr_sent; i < q->nr_messages; i++)
		if (q->messages[i].nr_rights > 0)
			return true;
	return false;
}

/* A member's counterpart; whoever else it was, or ourselves where nobody has that number any more: the clone sees a 0. */
static void sender_translate(struct ptree_op *op, struct ucred *sender)
{
	const struct ptree_member *member = sender->pid > 0 ? ptree_walk_find(op, sender->pid) : NULL;

	if (member && member->twin > 0)
		sender->pid = member->twin;
	else if (sender->pid <= 0 || (kill(sender->pid, 0) < 0 && errno == ESRCH))
		sender->pid = getpid();
}

/* Descriptors of ours for what is under way: the clone's own file, where it is one of the tree's. */
static void rights_let_go(const struct ptree_queue *q, const struct ptree_message *m, const int *fds, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (q->rights[m->first_right + i].file)
			ptree_close_fd(fds[i]);
}

static int rights_take(const struct ptree_queue *q, const struct ptree_message *m, int *fds)
{
	for (size_t i = 0; i < m->nr_rights; i++) {
		const struct ptree_right *right = &q->rights[m->first_right + i];
		int fd = right->file ? ptree_file_borrow_twin(right->file) : right->fd;

		if (fd < 0) {
			rights_let_go(q, m, fds, i);
			return fd;
		}
		fds[i] = fd;
	}
	return 0;
}

static int piece_send(int fd, struct msghdr *header, const void *bytes, size_t size)
{
	struct iovec io = { .iov_base = (void *)bytes, .iov_len = size };
	ssize_t n;

	header->msg_iov = &io;
	header->msg_iovlen = 1;
	n = sendmsg(fd, header, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -ENOBUFS;
}

/* A stream goes in as many buffers as it was in: what they cost, and so how full it is, depends on their number. */
static size_t piece_size(const struct ptree_queue *q, const struct ptree_message *m, int type)
{
	size_t n = q->nr_buffers ? (q->nr_bytes + q->nr_buffers - 1) / q->nr_buffers : m->size;

	return type == SOCK_STREAM && n > 0 && n < m->size ? n : m->size;
}

int ptree_message_send(struct ptree_queue *q, struct ptree_op *op, const struct ptree_message *m, int fd, int type,
		       const struct sockaddr *to, socklen_t to_size)
{
	union {
		char room[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(MAX_RIGHTS * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr header = {
		.msg_name = (void *)to,
		.msg_namelen = to_size,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);
	size_t used = 0, piece = piece_size(q, m, type), sent = 0;
	int fds[MAX_RIGHTS], r = 0;

	if (m->nr_rights > 0) {
		r = rights_take(q, m, fds);
		if (r < 0)
			return r;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(m->nr_rights * sizeof(int));
		memcpy(CMSG_DATA(c), fds, m->nr_rights * sizeof(int));
		used += CMSG_SPACE(m->nr_rights * sizeof(int));
		piece = m->size;	/* all of it is theirs */
	}
	if (m->has_sender) {
		struct ucred sender = m->sender;

		sender_translate(op, &sender);
		c = (struct cmsghdr *)(control.room + used);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_CREDENTIALS;
		c->cmsg_len = CMSG_LEN(sizeof(sender));
		memcpy(CMSG_DATA(c), &sender, sizeof(sender));
		used += CMSG_SPACE(sizeof(sender));
	}
	header.msg_control = used ? control.room : NULL;
	header.msg_controllen = used;
	do {
		size_t n = m->size - sent < piece ? m->size - sent : piece;

		r = piece_send(fd, &header, q->bytes + m->at + sent, n);
		sent += n;
	} while (r == 0 && sent < m->size);
	rights_let_go(q, m, fds, m->nr_rights);
	return r;
}

int ptree_queue_send(struct ptree_queue *q, struct ptree_op *op, int fd, int type, bool installed)
{
	int room = 1 << 30, r;

	if (q->nr_sent == q->nr_messages)
		return 0;
	/* It has been in there once, so it has room; the limit is put back with the other options. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		return -errno;
	for (; q->nr_sent < q->nr_messages; q->nr_sent++) {
		const struct ptree_message *m = &q->messages[q->nr_sent];

		if (m->nr_rights > 0 && !installed)
			return 0;
		r = ptree_message_send(q, op, m, fd, type, NULL, 0);
		if (r < 0)
			return r;
	}
	return 0;
}
