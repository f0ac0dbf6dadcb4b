// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sockets of all families that were made, and given options, and not yet used. Each side binds and connects them on its
 * own. Netlink sockets are in the same groups.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "witness.h"

static int option(int fd, int level, int name)
{
	int value = -77;
	socklen_t size = sizeof(value);

	CHECK_EQUAL(getsockopt(fd, level, name, &value, &size), 0);
	return value;
}

static void option_set(int fd, int level, int name, int value)
{
	MUST(setsockopt(fd, level, name, &value, sizeof(value)) == 0);
}

/* Both ends are this side's: the port is chosen now. */
static void connect_tcp(int listener, int client)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t size = sizeof(address);
	int server;
	char mine = witness_is_clone() ? 'c' : 's', got = 0;

	CHECK_EQUAL(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	CHECK_EQUAL(listen(listener, 1), 0);
	CHECK_EQUAL(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	CHECK_EQUAL(connect(client, (struct sockaddr *)&address, size), 0);
	server = accept(listener, NULL, NULL);
	CHECK_EQUAL(send(client, &mine, 1, 0), 1);
	CHECK_EQUAL(recv(server, &got, 1, 0), 1);
	CHECK_EQUAL(got, mine);
	close(server);
}

static void send_udp(int from)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, sender;
	socklen_t size = sizeof(address);
	int to = socket(AF_INET, SOCK_DGRAM, 0);
	char mine = witness_is_clone() ? 'c' : 's', got = 0;

	CHECK_EQUAL(bind(to, (struct sockaddr *)&address, sizeof(address)), 0);
	CHECK_EQUAL(getsockname(to, (struct sockaddr *)&address, &size), 0);
	CHECK_EQUAL(sendto(from, &mine, 1, 0, (struct sockaddr *)&address, size), 1);
	size = sizeof(sender);
	CHECK_EQUAL(recvfrom(to, &got, 1, 0, (struct sockaddr *)&sender, &size), 1);
	CHECK_EQUAL(got, mine);
	/* It has a port by now. The answer comes to this side. */
	CHECK_EQUAL(sendto(to, &mine, 1, 0, (struct sockaddr *)&sender, size), 1);
	CHECK_EQUAL(recv(from, &got, 1, 0), 1);
	CHECK_EQUAL(got, mine);
	close(to);
}

static bool in_group(int fd, int group)
{
	uint32_t groups[32] = { 0 };
	socklen_t size = sizeof(groups);

	CHECK_EQUAL(getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, groups, &size), 0);
	return groups[(group - 1) / 32] & 1u << (group - 1) % 32;
}

/* Asks for the links, and gets the whole answer. */
static void netlink_ask(int fd)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg body;
	} request = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)), .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 7 },
		.body.rtgen_family = AF_UNSPEC,
	};
	static char answer[65536] __attribute__((aligned(8)));
	bool done = false;
	int links = 0;

	CHECK_EQUAL(send(fd, &request, request.header.nlmsg_len, 0), request.header.nlmsg_len);
	while (!done) {
		ssize_t n = recv(fd, answer, sizeof(answer), 0);

		CHECK(n > 0);
		if (n <= 0)
			break;
		for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, (size_t)n); h = NLMSG_NEXT(h, n)) {
			CHECK(h->nlmsg_seq == 7 || h->nlmsg_pid == 0);
			links += h->nlmsg_type == RTM_NEWLINK && h->nlmsg_seq == 7;
			done |= h->nlmsg_type == NLMSG_DONE;
		}
	}
	CHECK(links > 0);
}

int main(int argc, char **argv)
{
	struct sock_filter accept_all[] = { { BPF_RET | BPF_K, 0, 0, 0xffff } };
	struct sock_fprog program = { .len = COUNT(accept_all), .filter = accept_all };
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	int listener, client, udp, local, route, uevents, buffer;
	socklen_t nr = 0;
	struct stat st;

	witness_start(argc, argv);
	listener = socket(AF_INET6, SOCK_STREAM, 0);
	client = socket(AF_INET6, SOCK_STREAM, 0);
	udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	local = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	route = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	uevents = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
	MUST(listener >= 0 && client >= 0 && udp >= 0 && local >= 0 && route >= 0 && uevents >= 0);
	option_set(listener, SOL_SOCKET, SO_REUSEADDR, 1);
	option_set(listener, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	option_set(client, IPPROTO_TCP, TCP_NODELAY, 1);
	option_set(client, IPPROTO_TCP, TCP_USER_TIMEOUT, 54321);
	option_set(client, SOL_SOCKET, SO_RCVBUF, 50000);
	buffer = option(client, SOL_SOCKET, SO_RCVBUF);
	option_set(udp, IPPROTO_IP, IP_TTL, 9);
	option_set(udp, SOL_SOCKET, SO_BROADCAST, 1);
	option_set(local, SOL_SOCKET, SO_PASSCRED, 1);
	MUST(bind(route, (struct sockaddr *)&own, sizeof(own)) == 0);
	option_set(route, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, RTNLGRP_IPV6_IFADDR);
	option_set(route, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	own.nl_groups = 2;
	MUST(setsockopt(uevents, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0);
	MUST(bind(uevents, (struct sockaddr *)&own, sizeof(own)) == 0);
	witness_ready();

	witness_meet("begin");
	CHECK_EQUAL(option(listener, SOL_SOCKET, SO_REUSEADDR), 1);
	CHECK_EQUAL(option(listener, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	CHECK_EQUAL(option(client, IPPROTO_TCP, TCP_NODELAY), 1);
	CHECK_EQUAL(option(client, IPPROTO_TCP, TCP_USER_TIMEOUT), 54321);
	CHECK_EQUAL(option(client, SOL_SOCKET, SO_RCVBUF), buffer);
	CHECK_EQUAL(option(udp, IPPROTO_IP, IP_TTL), 9);
	CHECK_EQUAL(option(udp, SOL_SOCKET, SO_BROADCAST), 1);
	CHECK(fcntl(udp, F_GETFL) & O_NONBLOCK);
	CHECK(!(fcntl(listener, F_GETFL) & O_NONBLOCK));
	CHECK_EQUAL(option(local, SOL_SOCKET, SO_PASSCRED), 1);
	CHECK_EQUAL(fstat(udp, &st), 0);
	CHECK_EQUAL(st.st_uid, getuid());

	/* One side's change is its own. */
	witness_meet("looked");
	option_set(udp, IPPROTO_IP, IP_TTL, witness_is_clone() ? 11 : 12);
	option_set(local, SOL_SOCKET, SO_PASSCRED, witness_is_clone());
	witness_meet("changed");
	CHECK_EQUAL(option(udp, IPPROTO_IP, IP_TTL), witness_is_clone() ? 11 : 12);
	CHECK_EQUAL(option(local, SOL_SOCKET, SO_PASSCRED), witness_is_clone());
	connect_tcp(listener, client);
	send_udp(udp);

	CHECK(in_group(route, RTNLGRP_IPV6_IFADDR));
	CHECK_EQUAL(option(route, SOL_NETLINK, NETLINK_EXT_ACK), 1);
	CHECK(in_group(uevents, 2));
	CHECK_EQUAL(getsockopt(uevents, SOL_SOCKET, SO_GET_FILTER, NULL, &nr), 0);
	CHECK_EQUAL(nr, 1);
	netlink_ask(route);
	return witness_verdict();
}
