// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the sockets of IPv4, IPv6 and netlink have in common, and the refusal of all other families. */
#include "inet.h"

#include <netinet/in.h>
#include <sys/stat.h>

#include "inet-state.h"
#include "socket-open.h"

int ptree_inet_look(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_close_ int fd = -1;
	struct inet_state *s;

	if (f->state)
		return 0;
	fd = ptree_file_borrow(f);
	if (fd < 0)
		return ptree_file_error(op, f, fd, "cannot be looked at");
	s = f->state = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->local.size = s->remote.size = sizeof(s->local.storage);
	if (getsockname(fd, &s->local.sa, &s->local.size) < 0)
		s->local.size = 0;
	if (getpeername(fd, &s->remote.sa, &s->remote.size) < 0)
		s->remote.size = 0;
	return 0;
}

int ptree_inet_become(struct ptree_file *f, enum inet_role role, enum ptree_policy policy, const char *note)
{
	inet_of(f)->role = role;
	f->policy = policy;
	return note ? ptree_file_note(f, "%s", note) : 0;
}

bool ptree_inet_is_private(const struct ptree_op *op)
{
	return ptree_namespace_private(&op->policies, PTREE_NAMESPACE_NET);
}

bool ptree_inet_has_port(const struct ptree_address *a)
{
	const struct sockaddr_in *in = (const void *)&a->storage;

	/* The port is at the same place in both. */
	return a->size >= sizeof(*in) && in->sin_port != 0;
}

int ptree_inet_make_bound(struct ptree_op *op, struct ptree_file *f, int (*then)(const struct inet_state *s, int fd))
{
	const struct ptree_file_info *info = &f->info;
	struct inet_state *s = inet_of(f);
	int netns = s->role == INET_OWN ? op->namespaces.fds[PTREE_NAMESPACE_NET] : ptree_socket_nowhere(op, 0);
	_cleanup_close_ int fd = -1;
	int one = 1, r;

	if (netns < 0)
		return netns;
	r = ptree_socket_open(op, netns, (int)info->family, (int)info->type, (int)info->protocol, &fd);
	if (r < 0)
		return r;
	r = ptree_socket_options_write(&s->options, fd, info, true);
	if (r < 0)
		return r;
	if (setsockopt(fd, info->family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
		       info->family == AF_INET6 ? IPV6_FREEBIND : IP_FREEBIND, &one, sizeof(one)) < 0)
		return -errno;
	if (s->local.size > 0 && bind(fd, &s->local.sa, s->local.size) < 0)
		return -errno;
	r = then ? then(s, fd) : 0;
	if (r == 0)
		r = ptree_socket_finish(&s->options, f, fd, true);
	if (r == 0)
		f->twin_fd = TAKE_FD(fd);
	return r;
}

void ptree_inet_release(struct ptree_file *f)
{
	struct inet_state *s = inet_of(f);

	if (!s)
		return;
	ptree_socket_options_done(&s->options);
	free(s->bytes);
	free(s);
	f->state = NULL;
}

static const char *family_name(unsigned family)
{
	static const char *const names[] = {
		[AF_UNIX] = "AF_UNIX", [AF_INET] = "AF_INET", [AF_AX25] = "AF_AX25", [AF_INET6] = "AF_INET6",
		[AF_KEY] = "AF_KEY", [AF_NETLINK] = "AF_NETLINK", [AF_PACKET] = "AF_PACKET", [AF_RDS] = "AF_RDS",
		[AF_PPPOX] = "AF_PPPOX", [AF_CAN] = "AF_CAN", [AF_TIPC] = "AF_TIPC", [AF_BLUETOOTH] = "AF_BLUETOOTH",
		[AF_RXRPC] = "AF_RXRPC", [AF_ALG] = "AF_ALG", [AF_NFC] = "AF_NFC", [AF_VSOCK] = "AF_VSOCK",
		[AF_KCM] = "AF_KCM", [AF_QIPCRTR] = "AF_QIPCRTR", [AF_SMC] = "AF_SMC", [AF_XDP] = "AF_XDP",
	};

	return family < ARRAY_SIZE(names) && names[family] ? names[family] : "an unknown family";
}

static const char *protocol_name(unsigned type, unsigned protocol)
{
	if (type == SOCK_RAW)
		return "a raw socket";
	switch (protocol) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return "ICMP";
	case IPPROTO_SCTP:
		return "SCTP";
	case IPPROTO_DCCP:
		return "DCCP";
	case IPPROTO_UDPLITE:
		return "UDP-Lite";
	case IPPROTO_MPTCP:
		return "Multipath TCP";
	default:
		return "an unknown protocol";
	}
}

bool ptree_socket_is(const struct ptree_file *f)
{
	return S_ISSOCK(f->info.mode) && f->info.family != 0;
}

int ptree_socket_judge(struct ptree_op *op, struct ptree_file *f)
{
	const struct ptree_file_info *i = &f->info;

	(void)op;
	if (f->policy == PTREE_POLICY_SHARE)
		return ptree_file_note(f, "one socket for both: what one reads the other misses");
	if (i->family == AF_INET || i->family == AF_INET6)
		return ptree_file_refuse(f, "a socket of %s (%s, protocol %u) cannot be cloned; --share=other shares it",
					 family_name(i->family), protocol_name(i->type, i->protocol), i->protocol);
	return ptree_file_refuse(f, "a socket of %s (family %u, protocol %u) cannot be cloned; --share=other shares it",
				 family_name(i->family), i->family, i->protocol);
}
