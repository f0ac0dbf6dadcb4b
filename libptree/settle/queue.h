/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What waits to be read from a UNIX socket: messages, or pieces of a stream, with their senders and the descriptors under
 * way in them. Read without taking it, and sent again in the clone.
 */
#ifndef PTREE_QUEUE_H
#define PTREE_QUEUE_H

#include <sys/socket.h>

#include "../settle.h"

/* A descriptor under way. */
struct ptree_right {
	int fd;				/* ours; -1: let go, @file tells what it is */
	struct ptree_file *file;	/* of the tree; NULL: not of the tree, and shared */
};

struct ptree_message {
	size_t at;			/* in the queue's bytes */
	size_t size;
	bool has_sender;
	struct ucred sender;		/* as the engine's namespaces number it */
	char *name;			/* of the socket it came from, as struct sockaddr_un has it; NULL: it has none */
	size_t name_size;
	size_t first_right;
	size_t nr_rights;
};

struct ptree_queue {
	unsigned char *bytes;
	size_t nr_bytes;
	size_t room;
	struct ptree_message *messages;
	size_t nr_messages;
	size_t nr_sent;
	struct ptree_right *rights;
	size_t nr_rights;
	unsigned nr_buffers;		/* what the kernel keeps it in */
};

/*
 * ptree_queue_peek() - read the receive queue of @fd
 * @nr_buffers: how many the kernel says are in it
 * The socket is as before afterwards. -ENODATA: there is more in it than can be read so.
 */
int ptree_queue_peek(struct ptree_queue *q, int fd, int type, unsigned nr_buffers);

/* ptree_queue_resolve() - which file of the tree each descriptor is: before INSTALL. Others are kept. */
int ptree_queue_resolve(struct ptree_queue *q, struct ptree_op *op);

/* Whether what is left to be sent has to wait until the clone has its files. */
bool ptree_queue_waits(const struct ptree_queue *q);

/*
 * ptree_queue_send() - send through @fd, whose peer's queue it is, all messages, or up to the first with descriptors
 * @installed: the clone has its own files, and so descriptors can go
 */
int ptree_queue_send(struct ptree_queue *q, struct ptree_op *op, int fd, int type, bool installed);

/* ptree_message_send() - one of them, from @fd; to @to of @to_size bytes, or NULL: to whom it is connected. -errno. */
int ptree_message_send(struct ptree_queue *q, struct ptree_op *op, const struct ptree_message *m, int fd, int type,
		       const struct sockaddr *to, socklen_t to_size);

void ptree_queue_done(struct ptree_queue *q);

#endif
