/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sockets of all families have in common: how one like another is made, and its options. */
#ifndef PTREE_SOCKET_H
#define PTREE_SOCKET_H

#include <linux/filter.h>
#include <sys/socket.h>

#include "../settle.h"

#define PTREE_SOCKET_OPTIONS_MAX	128

/* The value of one option of the table; size 0: the socket has no such option. */
struct ptree_socket_option {
	unsigned char size;
	unsigned char value[16];
};

/* The options of one socket. Zeroed to begin with. */
struct ptree_socket_options {
	struct ptree_socket_option values[PTREE_SOCKET_OPTIONS_MAX];
	struct sock_filter *filter;
	unsigned short nr_filter;
};

/* An address and how long it is. Length 0 or that of the family alone: it has none. */
struct ptree_address {
	union {
		struct sockaddr sa;
		struct sockaddr_storage storage;
	};
	socklen_t size;
};

static inline bool ptree_address_given(const struct ptree_address *a)
{
	return a->size > sizeof(sa_family_t);
}

enum ptree_socket_when {
	PTREE_SOCKET_PAUSE = 1,		/* what programs change as they go */
	PTREE_SOCKET_LATER = 2,		/* what they set once */
};

/* ptree_socket_options_read() - the options of @fd, those of the one time or the other. -EACCES: a filter in eBPF. */
int ptree_socket_options_read(struct ptree_socket_options *o, int fd, const struct ptree_file_info *info,
			      enum ptree_socket_when when);

/*
 * ptree_socket_options_write() - give @fd those that it has not
 * @elsewhere: it is in another network namespace, where devices have other names and numbers
 */
int ptree_socket_options_write(const struct ptree_socket_options *o, int fd, const struct ptree_file_info *info,
			       bool elsewhere);

void ptree_socket_options_done(struct ptree_socket_options *o);

/* Where reading messages goes on; -1: at the first. It moves with each that is written: the last of all. */
int ptree_socket_peek_offset_write(const struct ptree_socket_options *o, int fd);

/*
 * ptree_socket_make() - a socket or, with two @fds, a pair like f's: family, type, protocol, owner, network namespace.
 * Made by the engine: for sockets that the cgroup has nothing to say about.
 */
int ptree_socket_make(const struct ptree_file *f, int *fds, size_t nr);

/* The same by the clone itself: its own credentials, cgroup and label. After the thaw and before INSTALL. */
int ptree_socket_make_inside(struct ptree_op *op, const struct ptree_file *f, int *ret_fd);

/* ptree_socket_finish() - the options, and where reading goes on: when nothing is sent any more */
int ptree_socket_finish(const struct ptree_socket_options *o, const struct ptree_file *f, int fd, bool elsewhere);

/* True if one of f's descriptors is a standard stream. */
bool ptree_socket_is_standard(const struct ptree_file *f);

/* ptree_socket_bytes() - how many can be read from @fd, as SIOCINQ says; 0 where it does not say */
size_t ptree_socket_bytes(int fd);

/* ptree_socket_refuse() - the error of a capture that finds what cannot be cloned. -EOPNOTSUPP */
int ptree_socket_refuse(struct ptree_op *op, struct ptree_file *f, const char *why);

/* What to expect of a listener that both sides have. */
int ptree_socket_note_shared_listener(struct ptree_file *f);

/* One of the op's namespaces that are nowhere, 0 or 1, made when first asked for. -errno. */
int ptree_socket_nowhere(struct ptree_op *op, unsigned which);

#endif
