// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TCP connections, of IPv4 and IPv6, to a process outside and within the tree. The clone has the same addresses and
 * options, reads what had come, and then the end; the source's go on, and nobody there hears of the clone.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "stranger.h"
#include "witness.h"

static struct sockaddr_storage listen_on(int family, int *ret_fd)
{
	struct sockaddr_storage address = { .ss_family = (sa_family_t)family };
	socklen_t size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

	if (family == AF_INET)
		((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)&address)->sin6_addr = in6addr_loopback;
	*ret_fd = socket(family, SOCK_STREAM, 0);
	MUST(*ret_fd >= 0 && bind(*ret_fd, (struct sockaddr *)&address, size) == 0 && listen(*ret_fd, 8) == 0);
	MUST(getsockname(*ret_fd, (struct sockaddr *)&address, &size) == 0);
	return address;
}

#define NR 2
static const int families[NR] = { AF_INET, AF_INET6 };
static int listeners[NR];

/* Outside: greets both, and answers each byte with the next one until they end. */
static void stranger(void *argument)
{
	struct pollfd p[NR];
	int open = NR;

	(void)argument;
	for (int i = 0; i < NR; i++) {
		p[i] = (struct pollfd){ .fd = accept(listeners[i], NULL, NULL), .events = POLLIN };
		if (p[i].fd < 0 || send(p[i].fd, "hello", 5, 0) != 5)
			_exit(1);
		close(listeners[i]);
	}
	while (open > 0 && poll(p, NR, -1) > 0) {
		for (int i = 0; i < NR; i++) {
			char c;

			if (!p[i].revents)
				continue;
			if (recv(p[i].fd, &c, 1, 0) != 1) {
				close(p[i].fd);
				p[i].fd = -1;
				open--;
				continue;
			}
			c++;
			(void)!send(p[i].fd, &c, 1, MSG_NOSIGNAL);
		}
	}
	_exit(0);
}

static int outside[NR], inside[NR][2];
static struct sockaddr_storage local[NR], remote[NR];
static volatile pid_t waiter_tid;

/* It waits in the pause already. */
static void *waiter(void *argument)
{
	char c = 0;
	ssize_t n;

	(void)argument;
	waiter_tid = gettid();
	n = recv(inside[0][1], &c, 1, 0);
	if (witness_is_clone())
		CHECK_EQUAL(n, 0);
	else
		CHECK(n == 1 && c == 'w');
	return NULL;
}

static void same_addresses(int fd, const struct sockaddr_storage *own, const struct sockaddr_storage *other)
{
	struct sockaddr_storage now = { 0 };
	socklen_t size = sizeof(now);

	CHECK_EQUAL(getsockname(fd, (struct sockaddr *)&now, &size), 0);
	CHECK(memcmp(&now, own, size) == 0);
	size = sizeof(now);
	CHECK_EQUAL(getpeername(fd, (struct sockaddr *)&now, &size), 0);
	CHECK(memcmp(&now, other, size) == 0);
}

static int tcp_option(int fd, int level, int name)
{
	int value = -77;
	socklen_t size = sizeof(value);

	CHECK_EQUAL(getsockopt(fd, level, name, &value, &size), 0);
	return value;
}

/* The first write is answered by a reset, or fails already. */
static void is_severed(int fd)
{
	struct pollfd p = { .fd = fd };
	char c;

	CHECK_EQUAL(recv(fd, &c, 1, 0), 0);
	if (send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
		CHECK_EQUAL(poll(&p, 1, 10000), 1);
		CHECK(send(fd, "x", 1, MSG_NOSIGNAL) == -1 && (errno == EPIPE || errno == ECONNRESET));
	} else {
		CHECK(errno == EPIPE || errno == ECONNRESET);
	}
}

int main(int argc, char **argv)
{
	int one = 1, idle = 77, got_nr;
	pthread_t thread;
	char got[64];

	witness_start(argc, argv);
	for (int i = 0; i < NR; i++)
		remote[i] = listen_on(families[i], &listeners[i]);
	witness_stranger(stranger, NULL);
	for (int i = 0; i < NR; i++) {
		struct sockaddr_storage address;
		struct pollfd p;
		socklen_t size = sizeof(local[i]);
		int listener;

		outside[i] = socket(families[i], SOCK_STREAM, 0);
		MUST(connect(outside[i], (struct sockaddr *)&remote[i], sizeof(remote[i])) == 0);
		close(listeners[i]);
		MUST(getsockname(outside[i], (struct sockaddr *)&local[i], &size) == 0);
		MUST(setsockopt(outside[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
		MUST(setsockopt(outside[i], SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) == 0);
		MUST(setsockopt(outside[i], IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle)) == 0);
		for (got_nr = 0; got_nr < 3;) {
			ssize_t n = recv(outside[i], got, (size_t)(3 - got_nr), 0);

			MUST(n > 0);
			got_nr += (int)n;
		}
		address = listen_on(families[i], &listener);
		inside[i][0] = socket(families[i], SOCK_STREAM, 0);
		MUST(connect(inside[i][0], (struct sockaddr *)&address, sizeof(address)) == 0);
		inside[i][1] = accept(listener, NULL, NULL);
		MUST(inside[i][1] >= 0 && close(listener) == 0);
		MUST(send(inside[i][1], "queued", 6, 0) == 6);
		p = (struct pollfd){ .fd = inside[i][0], .events = POLLIN };
		MUST(poll(&p, 1, -1) == 1);
		p = (struct pollfd){ .fd = outside[i], .events = POLLIN };
		MUST(poll(&p, 1, -1) == 1);
	}
	thread = witness_thread(waiter, NULL);
	AWAIT(waiter_tid);
	witness_await_call(waiter_tid, SYS_recvfrom);
	witness_ready();

	witness_meet("begin");
	for (int i = 0; i < NR; i++) {
		same_addresses(outside[i], &local[i], &remote[i]);
		CHECK_EQUAL(tcp_option(outside[i], IPPROTO_TCP, TCP_NODELAY), 1);
		CHECK_EQUAL(tcp_option(outside[i], SOL_SOCKET, SO_KEEPALIVE), 1);
		CHECK_EQUAL(tcp_option(outside[i], IPPROTO_TCP, TCP_KEEPIDLE), 77);
		CHECK_EQUAL(recv(outside[i], got, sizeof(got), 0), 2);
		CHECK(memcmp(got, "lo", 2) == 0);
		CHECK_EQUAL(recv(inside[i][0], got, sizeof(got), 0), 6);
		CHECK(memcmp(got, "queued", 6) == 0);
	}
	if (witness_is_clone()) {
		pthread_join(thread, NULL);
		for (int i = 0; i < NR; i++) {
			is_severed(outside[i]);
			is_severed(inside[i][0]);
		}
		witness_meet("severed");
		return witness_verdict();
	}
	witness_meet("severed");
	for (int i = 0; i < NR; i++) {
		char c = 0;

		CHECK(recv(outside[i], &c, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
		CHECK_EQUAL(send(outside[i], "a", 1, 0), 1);
		CHECK_EQUAL(recv(outside[i], &c, 1, 0), 1);
		CHECK_EQUAL(c, 'b');
		CHECK_EQUAL(send(inside[i][0], "w", 1, 0), 1);
		if (i > 0) {
			CHECK_EQUAL(recv(inside[i][1], &c, 1, 0), 1);
			CHECK_EQUAL(c, 'w');
		}
	}
	pthread_join(thread, NULL);
	return witness_verdict();
}
