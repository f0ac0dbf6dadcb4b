// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel module's netlink socket. libnl makes the messages and resolves the family; acknowledgements are read by
 * hand (kernel-ack.c), for libnl has no notion of the sentence and the attribute that follow an error in them.
 */
#include "kernel.h"

#include <linux/genetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel-exchange.h"
#include "util.h"

#define ANSWER_USEC (5 * USEC_PER_SEC)		/* commands that are answered at once */
#define GRACE_USEC (2 * USEC_PER_SEC)		/* behind a deadline that the module keeps itself */
#define DISCARD_USEC (30 * USEC_PER_SEC)
#define BUFFER_BYTES (1 << 20)

static int module_missing(struct ptree_error *e)
{
	return ptree_error_set(e, -ENXIO, 0,
			       "prepare: the kernel module ptree is not loaded; run modprobe ptree (dkms builds it for this kernel)");
}

static int check_abi(struct ptree_kernel *k, struct ptree_error *e)
{
	struct ptree_kernel_features features;
	int r;

	r = ptree_kernel_features(k, &features, e);
	if (r < 0)
		return r;
	if (features.abi != PTREE_ABI)
		return ptree_error_set(e, -EPROTO, 0,
				       "prepare: the kernel module speaks version %u of the contract, this libptree %u; install both from one release",
				       features.abi, PTREE_ABI);
	return 0;
}

int ptree_kernel_open(struct ptree_kernel **ret, struct ptree_error *e)
{
	int one = 1, size = BUFFER_BYTES, fd, r;
	struct ptree_kernel *k;

	k = calloc(1, sizeof(*k));
	if (!k)
		return ptree_error_oom(e, "prepare");
	k->sock = nl_socket_alloc();
	if (!k->sock) {
		free(k);
		return ptree_error_oom(e, "prepare");
	}
	r = genl_connect(k->sock);
	if (r < 0) {
		ptree_kernel_close(k);
		return ptree_error_set(e, -EPROTONOSUPPORT, 0, "prepare: cannot open a generic netlink socket: %s",
				       nl_geterror(r));
	}
	fd = nl_socket_get_fd(k->sock);
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	/* The twins of a large tree come in one message. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	nl_socket_enable_msg_peek(k->sock);

	/* The kernel loads the module for whoever asks for its family, if it is installed. */
	k->family = genl_ctrl_resolve(k->sock, PTREE_GENL_NAME);
	if (k->family < 0) {
		ptree_kernel_close(k);
		return module_missing(e);
	}
	r = check_abi(k, e);
	if (r < 0) {
		ptree_kernel_close(k);
		return r;
	}
	*ret = k;
	return 0;
}

struct ptree_kernel *ptree_kernel_close(struct ptree_kernel *k)
{
	if (k) {
		nl_socket_free(k->sock);
		free(k);
	}
	return NULL;
}

static int take_ack(struct ptree_exchange *x, const struct nlmsghdr *h)
{
	char message[256];
	int code;

	code = ptree_kernel_parse_ack(h, message, sizeof(message), NULL);
	x->wants_ack = false;
	if (code == 0)
		return 0;
	x->wants_result = x->wants_dump = false;
	return ptree_error_set(x->error, code, 0, "%s: the kernel module refuses: %s", x->step,
			       *message ? message : strerror(-code));
}

/* A result of another op, or a late one: not ours to take. */
static int take_result(struct ptree_exchange *x, struct nlmsghdr *h)
{
	struct nlattr *attrs[PTREE_A_MAX + 1];
	struct genlmsghdr *g = nlmsg_data(h);
	const char *message;
	int code;

	if (!genlmsg_valid_hdr(h, 0) || g->cmd != x->command)
		return 0;
	if (x->wants_dump ? h->nlmsg_seq != x->sequence : !x->wants_result)
		return 0;
	if (genlmsg_parse(h, 0, attrs, PTREE_A_MAX, NULL) < 0)
		return 0;
	if (x->op && (!attrs[PTREE_A_OP] || nla_get_u32(attrs[PTREE_A_OP]) != x->op))
		return 0;
	x->wants_result = false;
	if (x->wants_dump)
		return x->take(attrs, genlmsg_attrdata(g, 0), genlmsg_attrlen(g, 0), x->userdata);
	code = attrs[PTREE_A_ERRNO] ? nla_get_s32(attrs[PTREE_A_ERRNO]) : 0;
	if (code < 0) {
		message = attrs[PTREE_A_MESSAGE] ? nla_get_string(attrs[PTREE_A_MESSAGE]) : "";
		if (x->failed)
			return x->failed(code, message, attrs, x);
		return ptree_error_set(x->error, code,
				       attrs[PTREE_A_PID] ? (pid_t)nla_get_u32(attrs[PTREE_A_PID]) : 0,
				       "%s", *message ? message : "duplicate: the kernel module failed and does not say why");
	}
	return x->take ? x->take(attrs, genlmsg_attrdata(g, 0), genlmsg_attrlen(g, 0), x->userdata) : 0;
}

/* One datagram may hold several messages. The first failure counts; all are read. */
static int receive(struct ptree_kernel *k, struct ptree_exchange *x)
{
	_cleanup_free_ unsigned char *buffer = NULL;
	struct sockaddr_nl from;
	struct nlmsghdr *h;
	int left, error = 0;

	left = nl_recv(k->sock, &from, &buffer, NULL);
	if (left < 0)
		return ptree_error_set(x->error, -EIO, 0, "%s: cannot read from the kernel module: %s", x->step,
				       nl_geterror(left));
	if (from.nl_pid != 0) /* not from the kernel */
		return 0;
	for (h = (struct nlmsghdr *)buffer; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
		int r = 0;

		if (h->nlmsg_type == NLMSG_ERROR && h->nlmsg_seq == x->sequence)
			r = take_ack(x, h);
		else if (h->nlmsg_type == NLMSG_DONE && h->nlmsg_seq == x->sequence)
			x->wants_dump = false;
		else if (h->nlmsg_type == k->family)
			r = take_result(x, h);
		if (r < 0 && error == 0)
			error = r;
	}
	return error;
}

/* Sends @m and waits for all that is wanted. The result may overtake the acknowledgement. */
int ptree_kernel_exchange(struct ptree_kernel *k, struct nl_msg *m, struct ptree_exchange *x, uint64_t timeout_usec)
{
	uint64_t end = ptree_now_usec(CLOCK_MONOTONIC) + timeout_usec;
	int r;

	x->wants_ack = !x->wants_dump;
	r = nl_send_auto(k->sock, m);
	if (r < 0)
		return ptree_error_set(x->error, -EIO, 0, "%s: cannot write to the kernel module: %s", x->step,
				       nl_geterror(r));
	x->sequence = nlmsg_hdr(m)->nlmsg_seq;
	while (x->wants_ack || x->wants_result || x->wants_dump) {
		struct pollfd p = { .fd = nl_socket_get_fd(k->sock), .events = POLLIN };
		uint64_t now = ptree_now_usec(CLOCK_MONOTONIC);

		if (now >= end)
			return ptree_error_set(x->error, -ETIMEDOUT, 0,
					       "%s: the kernel module did not answer within %llu ms; see dmesg", x->step,
					       (unsigned long long)(timeout_usec / 1000));
		r = poll(&p, 1, (int)((end - now) / 1000) + 1);
		if (r <= 0)
			continue;
		r = receive(k, x);
		if (r < 0)
			return r;
	}
	return 0;
}

struct nl_msg *ptree_kernel_message(struct ptree_kernel *k, uint8_t command, int flags, size_t size)
{
	struct nl_msg *m = nlmsg_alloc_size(size + 4096);

	if (m && !genlmsg_put(m, NL_AUTO_PORT, NL_AUTO_SEQ, k->family, 0, NLM_F_REQUEST | flags, command,
			      PTREE_GENL_VERSION)) {
		nlmsg_free(m);
		return NULL;
	}
	return m;
}

static int take_features(struct nlattr **attrs, struct nlattr *first, int length, void *userdata)
{
	struct ptree_kernel_features *f = userdata;

	(void)first;
	(void)length;
	*f = (struct ptree_kernel_features){ 0 };
	if (attrs[PTREE_A_ABI])
		f->abi = nla_get_u32(attrs[PTREE_A_ABI]);
	if (attrs[PTREE_A_VERSION])
		snprintf(f->version, sizeof(f->version), "%s", nla_get_string(attrs[PTREE_A_VERSION]));
	if (attrs[PTREE_A_FEATURES])
		f->features = nla_get_u64(attrs[PTREE_A_FEATURES]);
	if (attrs[PTREE_A_MAX_MEMBERS])
		f->max_members = nla_get_u32(attrs[PTREE_A_MAX_MEMBERS]);
	if (attrs[PTREE_A_MAX_THREADS])
		f->max_threads = nla_get_u32(attrs[PTREE_A_MAX_THREADS]);
	if (attrs[PTREE_A_NR_OPS])
		f->nr_ops = nla_get_u32(attrs[PTREE_A_NR_OPS]);
	return 0;
}

int ptree_kernel_features(struct ptree_kernel *k, struct ptree_kernel_features *ret, struct ptree_error *e)
{
	_cleanup_nl_msg_ struct nl_msg *m = ptree_kernel_message(k, PTREE_CMD_FEATURES, NLM_F_ACK, 0);
	struct ptree_exchange x = {
		.command = PTREE_CMD_FEATURES,
		.wants_result = true,
		.step = "prepare",
		.take = take_features,
		.userdata = ret,
		.error = e,
	};

	return m ? ptree_kernel_exchange(k, m, &x, ANSWER_USEC) : ptree_error_oom(e, "prepare");
}

/* The twins of all TWINS attributes, one behind the other. */
static int take_clone(struct nlattr **attrs, struct nlattr *first, int length, void *userdata)
{
	struct ptree_kernel_clone *c = userdata;
	struct nlattr *attr;
	size_t nr = 0;
	int left;

	nla_for_each_attr(attr, first, length, left) {
		size_t n = (size_t)nla_len(attr) / sizeof(*c->twins);

		if (nla_type(attr) != PTREE_A_TWINS)
			continue;
		if (n > c->nr_members - nr)
			n = c->nr_members - nr;
		memcpy(c->twins + nr, nla_data(attr), n * sizeof(*c->twins));
		nr += n;
	}
	if (nr != c->nr_members)
		return -EPROTO;
	if (attrs[PTREE_A_NR_THREADS])
		c->nr_threads = nla_get_u32(attrs[PTREE_A_NR_THREADS]);
	if (attrs[PTREE_A_DUPLICATE_USEC])
		c->duplicate_usec = nla_get_u64(attrs[PTREE_A_DUPLICATE_USEC]);
	return 0;
}

int ptree_kernel_clone(struct ptree_kernel *k, struct ptree_kernel_clone *c, struct ptree_error *e)
{
	_cleanup_nl_msg_ struct nl_msg *m = NULL;
	struct ptree_exchange x = {
		.command = PTREE_CMD_CLONE,
		.op = c->op,
		.wants_result = true,
		.step = "duplicate",
		.take = take_clone,
		.userdata = c,
		.error = e,
	};
	int r;

	m = ptree_kernel_message(k, PTREE_CMD_CLONE, NLM_F_ACK, (c->nr_members + c->nr_freeze_fds) * sizeof(int));
	if (!m || nla_put_u32(m, PTREE_A_OP, c->op) < 0 ||
	    nla_put(m, PTREE_A_MEMBERS, (int)(c->nr_members * sizeof(int)), c->members) < 0 ||
	    nla_put_s32(m, PTREE_A_INIT, c->init_pidfd) < 0 ||
	    nla_put_s32(m, PTREE_A_CGROUP, c->cgroup_fd) < 0 ||
	    nla_put(m, PTREE_A_FREEZE, (int)(c->nr_freeze_fds * sizeof(int)), c->freeze_fds) < 0 ||
	    nla_put_u64(m, PTREE_A_DEADLINE_USEC, c->deadline_usec) < 0 ||
	    (c->requester_pidfd >= 0 && nla_put_s32(m, PTREE_A_REQUESTER, c->requester_pidfd) < 0) ||
	    (c->flags && (nla_put_u32(m, PTREE_A_FLAGS, c->flags) < 0 ||
			  nla_put_s32(m, PTREE_A_NAMESPACES, c->namespaces_pidfd) < 0)))
		return ptree_error_oom(e, "duplicate");
	r = ptree_kernel_exchange(k, m, &x, c->deadline_usec + GRACE_USEC);
	if (r == -EPROTO && e && e->code != -EPROTO)
		ptree_error_set(e, r, 0, "duplicate: the kernel module's answer does not name every twin");
	return r;
}

int ptree_kernel_release(struct ptree_kernel *k, uint32_t op, struct ptree_error *e)
{
	_cleanup_nl_msg_ struct nl_msg *m = ptree_kernel_message(k, PTREE_CMD_RELEASE, NLM_F_ACK, 0);
	struct ptree_exchange x = { .command = PTREE_CMD_RELEASE, .step = "start", .error = e };

	if (!m || nla_put_u32(m, PTREE_A_OP, op) < 0)
		return ptree_error_oom(e, "start");
	return ptree_kernel_exchange(k, m, &x, ANSWER_USEC);
}

int ptree_kernel_discard(struct ptree_kernel *k, uint32_t op, struct ptree_error *e)
{
	_cleanup_nl_msg_ struct nl_msg *m = ptree_kernel_message(k, PTREE_CMD_DISCARD, NLM_F_ACK, 0);
	struct ptree_exchange x = { .command = PTREE_CMD_DISCARD, .op = op, .wants_result = true, .step = "discard", .error = e };

	if (!m || nla_put_u32(m, PTREE_A_OP, op) < 0)
		return ptree_error_oom(e, "discard");
	return ptree_kernel_exchange(k, m, &x, DISCARD_USEC);
}
