/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UNIX sockets: what their files know of each other. unix.c goes through them. */
#ifndef PTREE_UNIX_STATE_H
#define PTREE_UNIX_STATE_H

#include "queue.h"
#include "socket.h"

/* What the clone gets in a socket's place. */
enum unix_role {
	UNIX_ALONE = 1,		/* connected to nothing */
	UNIX_PAIR,		/* both ends are the clone's */
	UNIX_SEVERED,		/* its peer is gone, or goes */
	UNIX_RECONNECTED,	/* a datagram socket that sends to an address */
	UNIX_LISTENER,		/* that nobody can reach, unless it is @own */
	UNIX_NAMED,		/* a datagram socket whose name only sockets of the clone know */
	UNIX_CALLER,		/* connected, or being connected, by name to one of the clone's */
};

struct unix_state {
	enum unix_role role;
	bool own;			/* has its name in the clone's own network namespace */
	bool waits;			/* at a listener of the tree, to be accepted */
	bool unread;			/* and has written something meanwhile */
	bool bound;			/* datagram and unconnected sockets only */
	struct ptree_socket_options options;
	struct ptree_queue queue;
	struct ptree_address name;
	struct ptree_address peer_name;
	bool reset;			/* the next read says ECONNRESET */
	unsigned under_way;		/* descriptors of it that are in queues of the tree */
	bool resolved;
	bool elsewhere;			/* made in the network namespace that is nowhere */
	uint32_t *callers;		/* of a listener: inodes of the tree's sockets that wait for accept(), in order */
	size_t nr_callers;
	int backlog;
	int fd;				/* between settle and finish: the clone's own */
	int peer_fd;			/* its peer, until the queue is filled: then a severed one's is closed */
};

static inline struct unix_state *unix_of(const struct ptree_file *f)
{
	return f->state;
}

static inline bool unix_is_datagram(const struct ptree_file *f)
{
	return f->info.type == SOCK_DGRAM;
}

/* The other end, if the tree has it open; else NULL. */
struct ptree_file *ptree_unix_peer(struct ptree_op *op, const struct ptree_file *f);

/* Nobody else can use it, now that the messages under way are counted too. */
bool ptree_unix_is_inside(const struct ptree_file *f);

/* Whether its name is one of a network namespace (man 7 unix: abstract), and the clone has one of its own. */
bool ptree_unix_is_free(const struct ptree_op *op, const struct ptree_file *f);

/* The state with the socket's names, made when first asked for. */
int ptree_unix_look(struct ptree_op *op, struct ptree_file *f);

/* Makes what the role says, in f->twin_fd; of a pair both. -errno, without a sentence. */
int ptree_unix_make(struct ptree_op *op, struct ptree_file *f);

/* The directories that a path of a socket goes through, in the calling thread's root. -errno. */
int ptree_unix_directories_make(const struct ptree_address *name);

/* After the last message of @fd: options, and the directions that are closed. -errno. */
int ptree_unix_end_finish(struct ptree_file *f, int fd);

/* A socket whose peer, @ret_peer_fd, has the name that the old one's peer has. */
int ptree_unix_make_severed(struct ptree_op *op, struct ptree_file *f, int *ret_peer_fd);

#endif
