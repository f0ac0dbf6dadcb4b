/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One command to the kernel module and what comes back: for the kernel*.c files. */
#ifndef PTREE_KERNEL_EXCHANGE_H
#define PTREE_KERNEL_EXCHANGE_H

#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdbool.h>

#include "kernel.h"
#include "util.h"

struct ptree_kernel {
	struct nl_sock *sock;
	int family;
};

/* What one command waits for, and what came. */
struct ptree_exchange {
	uint8_t command;
	uint32_t op;			/* 0: its answer carries none */
	uint32_t sequence;
	bool wants_ack, wants_result;
	bool wants_dump;		/* messages until one says that it was the last */
	const char *step;
	int (*take)(struct nlattr **attrs, struct nlattr *first, int length, void *userdata);
	int (*failed)(int code, const char *message, struct nlattr **attrs, struct ptree_exchange *x);	/* or NULL */
	void *userdata;
	struct ptree_error *error;
};

static inline void ptree_cleanup_nl_msg(struct nl_msg **m)
{
	nlmsg_free(*m);
}
#define _cleanup_nl_msg_ _cleanup_(ptree_cleanup_nl_msg)

/* A request with room for @size bytes of attributes; @flags: NLM_F_ACK or NLM_F_DUMP. NULL: no memory. */
struct nl_msg *ptree_kernel_message(struct ptree_kernel *k, uint8_t command, int flags, size_t size);

/* Sends @m and waits for all that is wanted. The result may overtake the acknowledgement. */
int ptree_kernel_exchange(struct ptree_kernel *k, struct nl_msg *m, struct ptree_exchange *x, uint64_t timeout_usec);

#endif
