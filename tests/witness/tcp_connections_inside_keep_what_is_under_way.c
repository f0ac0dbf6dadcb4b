// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections of TCP on loopback whose buffers are full, so that some of what was written is still the sender's, and ones
 * that are closed in one direction or in both, with bytes that nobody has read: in a network namespace of the clone's own
 * both sides read all of it, and then go on or find the end.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "witness.h"

struct connection {
	int ends[2];
	size_t written[2];	/* by each end */
};

static bool loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = ioctl(fd, SIOCSIFFLAGS, &request) == 0;

	close(fd);
	return up;
}

/* What the byte at an offset is: no two pieces are alike. */
static unsigned char pattern(size_t at)
{
	return (unsigned char)(at * 2654435761u >> 13);
}

static struct connection connection_make(int server_family, int client_family, const char *ip)
{
	struct sockaddr_in6 server = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in *server4 = (struct sockaddr_in *)&server, to4 = { .sin_family = AF_INET };
	int listener = socket(server_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(server);
	struct connection c = { 0 };

	if (server_family == AF_INET)
		server4->sin_family = AF_INET;
	MUST(inet_pton(server_family, ip, server_family == AF_INET ? (void *)&server4->sin_addr : &server.sin6_addr) == 1);
	MUST(bind(listener, (struct sockaddr *)&server, server_family == AF_INET ? sizeof(*server4) : sizeof(server)) == 0);
	MUST(listen(listener, 1) == 0);
	MUST(getsockname(listener, (struct sockaddr *)&server, &size) == 0);
	c.ends[0] = socket(client_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client_family == server_family) {
		MUST(connect(c.ends[0], (struct sockaddr *)&server, size) == 0);
	} else {
		to4.sin_port = server.sin6_port;
		to4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		MUST(connect(c.ends[0], (struct sockaddr *)&to4, sizeof(to4)) == 0);
	}
	c.ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	MUST(c.ends[1] >= 0);
	close(listener);
	return c;
}

static void put(struct connection *c, int end, size_t most)
{
	unsigned char bytes[1000];

	while (c->written[end] < most) {
		size_t size = most - c->written[end] < sizeof(bytes) ? most - c->written[end] : sizeof(bytes);
		ssize_t n;

		for (size_t i = 0; i < size; i++)
			bytes[i] = pattern(c->written[end] + i);
		n = send(c->ends[end], bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			break;
		c->written[end] += (size_t)n;
	}
}

/* Whether the other end's bytes come to @end, each once and in order. */
static bool gets_all(const struct connection *c, int end)
{
	unsigned char bytes[4096];
	size_t at = 0, size = c->written[1 - end];

	while (at < size) {
		size_t most = size - at < sizeof(bytes) ? size - at : sizeof(bytes);
		ssize_t n = recv(c->ends[end], bytes, most, 0);

		if (n <= 0)
			return false;
		for (ssize_t i = 0; i < n; i++)
			if (bytes[i] != pattern(at + (size_t)i))
				return false;
		at += (size_t)n;
	}
	return true;
}

static bool nothing_waits(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static bool at_end(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) == 0;
}

static bool talks(const struct connection *c, int from)
{
	const char *word = witness_is_clone() ? "clone" : "sourc";
	char text[8] = "";

	return send(c->ends[from], word, 5, MSG_NOSIGNAL) == 5 && recv(c->ends[1 - from], text, 5, MSG_WAITALL) == 5 &&
	       strcmp(text, word) == 0;
}

static void full_buffers(const struct connection *c)
{
	CHECK(gets_all(c, 0));
	CHECK(gets_all(c, 1));
	CHECK(nothing_waits(c->ends[0]));
	CHECK(nothing_waits(c->ends[1]));
	CHECK(talks(c, 0));
	CHECK(talks(c, 1));
}

int main(int argc, char **argv)
{
	struct connection full, full6, mapped, half, closed;
	int reuse = 0;
	socklen_t size = sizeof(reuse);

	witness_start(argc, argv);
	witness_options("--private=net");
	if (unshare(CLONE_NEWNET) < 0)
		witness_skip("a network namespace needs root");
	MUST(loopback_up());
	full = connection_make(AF_INET, AF_INET, "127.0.0.1");
	full6 = connection_make(AF_INET6, AF_INET6, "::1");
	mapped = connection_make(AF_INET6, AF_INET, "::");
	half = connection_make(AF_INET, AF_INET, "127.0.0.1");
	closed = connection_make(AF_INET, AF_INET, "127.0.0.1");
	MUST(setsockopt(full.ends[0], SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) == 0);
	for (int end = 0; end < 2; end++) {
		put(&full, end, SIZE_MAX);
		put(&full6, end, SIZE_MAX);
		put(&mapped, end, 100000);
		put(&half, end, end == 0 ? SIZE_MAX : 5000);
		put(&closed, end, 7777);
	}
	MUST(full.written[0] > 100000 && half.written[0] > 100000);
	MUST(shutdown(half.ends[0], SHUT_WR) == 0);
	MUST(shutdown(closed.ends[0], SHUT_WR) == 0);
	MUST(shutdown(closed.ends[1], SHUT_WR) == 0);
	witness_ready();

	full_buffers(&full);
	full_buffers(&full6);
	full_buffers(&mapped);
	CHECK(getsockopt(full.ends[0], SOL_SOCKET, SO_REUSEADDR, &reuse, &size) == 0);
	CHECK_EQUAL(reuse, 1);
	CHECK(gets_all(&half, 1));
	CHECK(at_end(half.ends[1]));
	CHECK(gets_all(&half, 0));
	CHECK(talks(&half, 1));
	CHECK(send(half.ends[0], "", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	for (int end = 0; end < 2; end++) {
		CHECK(gets_all(&closed, end));
		CHECK(at_end(closed.ends[end]));
	}
	return witness_verdict();
}
