// SPDX-License-Identifier: LGPL-2.1-or-later
/* Options of sockets: one table of all that getsockopt() tells and setsockopt() takes. */
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "socket.h"

/* Whose. An AF_INET6 socket has the options of IPv4 too. */
enum {
	UNIX_ONLY = 1,
	INET = 2,	/* v4 and v6 */
	V6 = 4,
	TCP = 8,
	UDP = 16,
	NETLINK = 32,
	ANY = 64,
	UDP6 = 128,
};

/* How. */
enum {
	PLAIN,
	HALF,		/* the kernel doubles what it is given, and tells the double */
	DEVICE,		/* means something in its own network namespace only */
	UNBOUND,	/* cannot change, and does nothing any more, when the socket has an address */
	SEPARATE,	/* written by a function of its own */
};

/* Not in the headers of Debian 12, whose kernel has them not; newer ones have. */
#define OPTION_SO_PASSPIDFD	76
#define OPTION_SO_RCVPRIORITY	82
#define OPTION_SO_PASSRIGHTS	83
#define OPTION_SO_INQ		84
#define OPTION_IP_LOCAL_PORT_RANGE 51

#define PEEK_OFFSET 0		/* its place in the table */

static const struct {
	int level;
	int name;
	unsigned char of;
	unsigned char how;
} table[] = {
	{ SOL_SOCKET, SO_PEEK_OFF,		ANY,	SEPARATE },
	/* Buffers first, then whether they were chosen by hand: TCP's grow by themselves if not. */
	{ SOL_SOCKET, SO_SNDBUF,		ANY,	HALF },
	{ SOL_SOCKET, SO_RCVBUF,		ANY,	HALF },
	{ SOL_SOCKET, SO_BUF_LOCK,		ANY,	PLAIN },
	{ SOL_SOCKET, SO_REUSEADDR,		ANY,	PLAIN },
	{ SOL_SOCKET, SO_REUSEPORT,		INET,	PLAIN },
	{ SOL_SOCKET, SO_KEEPALIVE,		ANY,	PLAIN },
	{ SOL_SOCKET, SO_BROADCAST,		ANY,	PLAIN },
	{ SOL_SOCKET, SO_OOBINLINE,		ANY,	PLAIN },
	{ SOL_SOCKET, SO_LINGER,		ANY,	PLAIN },
	{ SOL_SOCKET, SO_DONTROUTE,		INET,	PLAIN },
	{ SOL_SOCKET, SO_NO_CHECK,		UDP,	PLAIN },
	{ SOL_SOCKET, SO_RCVLOWAT,		ANY,	PLAIN },
	{ SOL_SOCKET, SO_RCVTIMEO,		ANY,	PLAIN },
	{ SOL_SOCKET, SO_SNDTIMEO,		ANY,	PLAIN },
	{ SOL_SOCKET, SO_PASSCRED,		UNIX_ONLY | NETLINK, PLAIN },
	{ SOL_SOCKET, SO_PASSSEC,		UNIX_ONLY | NETLINK, PLAIN },
	{ SOL_SOCKET, OPTION_SO_PASSPIDFD,	UNIX_ONLY, PLAIN },
	{ SOL_SOCKET, OPTION_SO_PASSRIGHTS,	UNIX_ONLY, PLAIN },
	{ SOL_SOCKET, OPTION_SO_INQ,		UNIX_ONLY, PLAIN },
	{ SOL_SOCKET, SO_TIMESTAMP_OLD,		ANY,	PLAIN },
	{ SOL_SOCKET, SO_TIMESTAMPNS_OLD,	ANY,	PLAIN },
	{ SOL_SOCKET, SO_TIMESTAMP_NEW,		ANY,	PLAIN },
	{ SOL_SOCKET, SO_TIMESTAMPNS_NEW,	ANY,	PLAIN },
	{ SOL_SOCKET, SO_TIMESTAMPING_OLD,	ANY,	PLAIN },
	{ SOL_SOCKET, SO_RXQ_OVFL,		ANY,	PLAIN },
	{ SOL_SOCKET, SO_MARK,			ANY,	PLAIN },
	{ SOL_SOCKET, SO_SELECT_ERR_QUEUE,	INET,	PLAIN },
	{ SOL_SOCKET, SO_BUSY_POLL,		INET,	PLAIN },
	{ SOL_SOCKET, SO_MAX_PACING_RATE,	INET,	PLAIN },
	{ SOL_SOCKET, SO_ZEROCOPY,		INET,	PLAIN },
	{ SOL_SOCKET, SO_BINDTODEVICE,		INET,	DEVICE },
	{ SOL_SOCKET, OPTION_SO_RCVPRIORITY,	INET,	PLAIN },

	{ IPPROTO_TCP, TCP_NODELAY,		TCP,	PLAIN },
	{ IPPROTO_TCP, TCP_CORK,		TCP,	PLAIN },
	{ IPPROTO_TCP, TCP_KEEPIDLE,		TCP,	PLAIN },
	{ IPPROTO_TCP, TCP_KEEPINTVL,		TCP,	PLAIN },
	{ IPPROTO_TCP, TCP_KEEPCNT,		TCP,	PLAIN },
	{ IPPROTO_TCP, TCP_SYNCNT,		TCP,	PLAIN },
	{ IPPROTO_TCP, TCP_LINGER2,		TCP,	PLAIN },
	{ IPPROTO_TCP, TCP_DEFER_ACCEPT,	TCP,	PLAIN },
	{ IPPROTO_TCP, TCP_CONGESTION,		TCP,	PLAIN },
	{ IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, TCP,	PLAIN },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT,	TCP,	PLAIN },
	{ IPPROTO_TCP, TCP_NOTSENT_LOWAT,	TCP,	PLAIN },
	{ IPPROTO_TCP, TCP_SAVE_SYN,		TCP,	PLAIN },
	{ IPPROTO_TCP, TCP_INQ,			TCP,	PLAIN },

	/* The type of service sets the priority too. */
	{ IPPROTO_IP, IP_TOS,			INET,	PLAIN },
	{ IPPROTO_IP, IP_TTL,			INET,	PLAIN },
	{ IPPROTO_IP, IP_MTU_DISCOVER,		INET,	PLAIN },
	{ IPPROTO_IP, IP_RECVERR,		INET,	PLAIN },
	{ IPPROTO_IP, IP_PKTINFO,		INET,	PLAIN },
	{ IPPROTO_IP, IP_RECVTTL,		INET,	PLAIN },
	{ IPPROTO_IP, IP_RECVTOS,		INET,	PLAIN },
	{ IPPROTO_IP, IP_RECVOPTS,		INET,	PLAIN },
	{ IPPROTO_IP, IP_RETOPTS,		INET,	PLAIN },
	{ IPPROTO_IP, IP_RECVORIGDSTADDR,	INET,	PLAIN },
	{ IPPROTO_IP, IP_FREEBIND,		INET,	PLAIN },
	{ IPPROTO_IP, IP_TRANSPARENT,		INET,	PLAIN },
	{ IPPROTO_IP, IP_MINTTL,		INET,	PLAIN },
	{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT,	INET,	PLAIN },
	{ IPPROTO_IP, IP_RECVFRAGSIZE,		UDP,	PLAIN },
	{ IPPROTO_IP, IP_MULTICAST_TTL,		UDP,	PLAIN },
	{ IPPROTO_IP, IP_MULTICAST_LOOP,	UDP,	PLAIN },
	{ IPPROTO_IP, IP_MULTICAST_ALL,		UDP,	PLAIN },
	{ IPPROTO_IP, OPTION_IP_LOCAL_PORT_RANGE, INET,	PLAIN },
	{ IPPROTO_IPV6, IPV6_V6ONLY,		V6,	UNBOUND },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS,	V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_MULTICAST_HOPS,	UDP6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_MULTICAST_LOOP,	UDP6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_MULTICAST_ALL,	UDP6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER,	V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_RECVERR,		V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO,	V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT,	V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS,	V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_RECVRTHDR,		V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_RECVHOPOPTS,	V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_RECVDSTOPTS,	V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_RECVPATHMTU,	V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_RECVORIGDSTADDR,	V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_TCLASS,		V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_DONTFRAG,		V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_AUTOFLOWLABEL,	V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_ADDR_PREFERENCES,	V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_MINHOPCOUNT,	V6,	PLAIN },
	{ IPPROTO_IPV6, IPV6_FREEBIND,		V6,	PLAIN },
	{ SOL_SOCKET, SO_PRIORITY,		ANY,	PLAIN },

	{ SOL_NETLINK, NETLINK_PKTINFO,		NETLINK, PLAIN },
	{ SOL_NETLINK, NETLINK_BROADCAST_ERROR,	NETLINK, PLAIN },
	{ SOL_NETLINK, NETLINK_NO_ENOBUFS,	NETLINK, PLAIN },
	{ SOL_NETLINK, NETLINK_LISTEN_ALL_NSID,	NETLINK, PLAIN },
	{ SOL_NETLINK, NETLINK_CAP_ACK,		NETLINK, PLAIN },
	{ SOL_NETLINK, NETLINK_EXT_ACK,		NETLINK, PLAIN },
	{ SOL_NETLINK, NETLINK_GET_STRICT_CHK,	NETLINK, PLAIN },
};

_Static_assert(ARRAY_SIZE(table) <= PTREE_SOCKET_OPTIONS_MAX, "more options than room");

static unsigned owner_of(const struct ptree_file_info *info)
{
	bool ip = info->family == AF_INET || info->family == AF_INET6;

	return ANY | (info->family == AF_UNIX ? UNIX_ONLY : 0) | (info->family == AF_NETLINK ? NETLINK : 0) |
	       (ip ? INET : 0) | (info->family == AF_INET6 ? V6 : 0) |
	       (ip && info->protocol == IPPROTO_TCP ? TCP : 0) | (ip && info->protocol == IPPROTO_UDP ? UDP : 0) |
	       (info->family == AF_INET6 && info->protocol == IPPROTO_UDP ? UDP6 : 0);
}

static bool is_of(size_t i, const struct ptree_file_info *info)
{
	return table[i].of & owner_of(info);
}

/* Filters in classic BPF are given back as they were attached; of others the kernel says -EACCES. */
static int filter_read(struct ptree_socket_options *o, int fd)
{
	socklen_t nr = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &nr) < 0)
		return errno == ENOPROTOOPT || errno == EOPNOTSUPP ? 0 : -errno;
	if (nr == 0)
		return 0;
	o->filter = calloc(nr, sizeof(*o->filter));
	if (!o->filter)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, o->filter, &nr) < 0)
		return -errno;
	o->nr_filter = (unsigned short)nr;
	return 0;
}

int ptree_socket_options_read(struct ptree_socket_options *o, int fd, const struct ptree_file_info *info,
			      enum ptree_socket_when when)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		bool later = table[i].level == IPPROTO_IP || table[i].level == IPPROTO_IPV6;
		struct ptree_socket_option *v = &o->values[i];
		socklen_t size = sizeof(v->value);

		if (!is_of(i, info) || later != (when == PTREE_SOCKET_LATER))
			continue;
		/* What this kernel or this protocol does not know is not there to be kept. */
		if (getsockopt(fd, table[i].level, table[i].name, v->value, &size) == 0)
			v->size = (unsigned char)size;
	}
	return when == PTREE_SOCKET_PAUSE ? filter_read(o, fd) : 0;
}

static int buffer_write(int fd, int name, const struct ptree_socket_option *v)
{
	int doubled, half;

	memcpy(&doubled, v->value, sizeof(doubled));
	half = doubled / 2;
	if (setsockopt(fd, SOL_SOCKET, name == SO_SNDBUF ? SO_SNDBUFFORCE : SO_RCVBUFFORCE, &half, sizeof(half)) < 0)
		return -errno;
	return 0;
}

int ptree_socket_options_write(const struct ptree_socket_options *o, int fd, const struct ptree_file_info *info,
			       bool elsewhere)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct ptree_socket_option *v = &o->values[i];
		unsigned char now[sizeof(v->value)];
		socklen_t size = sizeof(now);

		if (table[i].how == SEPARATE || (table[i].how == DEVICE && elsewhere))
			continue;
		if (v->size == 0 || !is_of(i, info))
			continue;
		if (getsockopt(fd, table[i].level, table[i].name, now, &size) == 0 && size == v->size &&
		    memcmp(now, v->value, size) == 0)
			continue;
		if (table[i].how == HALF) {
			int r = buffer_write(fd, table[i].name, v);

			if (r < 0)
				return r;
			continue;
		}
		if (setsockopt(fd, table[i].level, table[i].name, v->value, v->size) < 0 &&
		    !(table[i].how == UNBOUND && errno == EINVAL))
			return -errno;
	}
	if (o->nr_filter > 0) {
		struct sock_fprog program = { .len = o->nr_filter, .filter = o->filter };

		if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
			return -errno;
	}
	return 0;
}

int ptree_socket_peek_offset_write(const struct ptree_socket_options *o, int fd)
{
	const struct ptree_socket_option *v = &o->values[PEEK_OFFSET];
	int offset;

	if (v->size != sizeof(offset))
		return 0;
	memcpy(&offset, v->value, sizeof(offset));
	if (offset >= 0 && setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)) < 0)
		return -errno;
	return 0;
}

void ptree_socket_options_done(struct ptree_socket_options *o)
{
	free(o->filter);
	o->filter = NULL;
	o->nr_filter = 0;
}
