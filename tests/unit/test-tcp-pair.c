// SPDX-License-Identifier: GPL-2.0-or-later
/* Pairs of TCP sockets with any addresses, in a network namespace without a way out: settle/tcp-pair.c, settle/netns.c. */
#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#include "settle/netns.h"
#include "settle/tcp-pair.h"

static int nowhere = -1;

static struct ptree_address address(const char *ip, uint16_t port)
{
	struct ptree_address a = { .size = 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&a.storage;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a.storage;

	if (strchr(ip, ':')) {
		a.size = sizeof(*in6);
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		assert_int_equal(inet_pton(AF_INET6, ip, &in6->sin6_addr), 1);
	} else {
		a.size = sizeof(*in);
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		assert_int_equal(inet_pton(AF_INET, ip, &in->sin_addr), 1);
	}
	return a;
}

static void has_addresses(int fd, const struct ptree_address *local, const struct ptree_address *remote)
{
	struct ptree_address now = { .size = sizeof(now.storage) };

	assert_int_equal(getsockname(fd, &now.sa, &now.size), 0);
	assert_int_equal(now.size, local->size);
	assert_memory_equal(&now.storage, &local->storage, now.size);
	now.size = sizeof(now.storage);
	assert_int_equal(getpeername(fd, &now.sa, &now.size), 0);
	assert_memory_equal(&now.storage, &remote->storage, now.size);
}

static void receive_all(int fd, const char *wanted, size_t size)
{
	char *got = test_malloc(size + 1);

	assert_int_equal(recv(fd, got, size, MSG_WAITALL), size);
	assert_memory_equal(got, wanted, size);
	test_free(got);
}

/* What was queued, then what is sent, then the end. */
static void pair_works(const char *ip, uint16_t port, const char *other_ip, uint16_t other_port, size_t size)
{
	char *bytes = test_malloc(size + 1), c;
	struct ptree_tcp_end ends[2] = {
		{ .address = address(ip, port), .bytes = bytes, .size = size },
		{ .address = address(other_ip, other_port), .bytes = "back", .size = 4 },
	};
	struct pollfd p = { .events = POLLRDHUP };

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 31 >> 3);
	assert_int_equal(ptree_tcp_pair_make(NULL, nowhere, ends), 0);
	has_addresses(ends[0].fd, &ends[0].address, &ends[1].address);
	has_addresses(ends[1].fd, &ends[1].address, &ends[0].address);
	assert_int_equal(send(ends[1].fd, "more", 4, 0), 4);
	assert_int_equal(send(ends[0].fd, "again", 5, 0), 5);
	receive_all(ends[1].fd, "backagain", 9);
	receive_all(ends[0].fd, bytes, size);
	close(ends[1].fd);
	p.fd = ends[0].fd;
	assert_int_equal(poll(&p, 1, 5000), 1);
	receive_all(ends[0].fd, "more", 4);
	assert_int_equal(recv(ends[0].fd, &c, 1, 0), 0);
	close(ends[0].fd);
	test_free(bytes);
}

static void pairs_have_any_addresses(void **state)
{
	(void)state;
	pair_works("192.0.2.7", 40000, "198.51.100.1", 443, 5);
	pair_works("127.0.0.1", 40000, "127.0.0.1", 80, 0);
	pair_works("::ffff:10.0.0.1", 5000, "::ffff:10.0.0.2", 443, 1000);
	if (access("/proc/net/if_inet6", F_OK) == 0)
		pair_works("2001:db8::1", 5000, "2001:db8::2", 443, 70000);
}

static void much_can_be_queued(void **state)
{
	(void)state;
	pair_works("192.0.2.7", 40001, "198.51.100.1", 443, 5000000);
}

static void pairs_may_have_an_end_s_address_in_common(void **state)
{
	struct ptree_tcp_end ends[20][2];

	(void)state;
	for (uint16_t i = 0; i < 20; i++) {
		ends[i][0] = (struct ptree_tcp_end){ .address = address("192.0.2.1", 80) };
		ends[i][1] = (struct ptree_tcp_end){ .address = address("192.0.2.2", (uint16_t)(2000 + i)) };
		assert_int_equal(ptree_tcp_pair_make(NULL, nowhere, ends[i]), 0);
	}
	for (uint16_t i = 0; i < 20; i++) {
		char c = (char)i;

		assert_int_equal(send(ends[i][1].fd, &c, 1, 0), 1);
		assert_int_equal(recv(ends[i][0].fd, &c, 1, 0), 1);
		assert_int_equal(c, i);
		close(ends[i][0].fd);
		close(ends[i][1].fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_have_any_addresses),
		cmocka_unit_test(much_can_be_queued),
		cmocka_unit_test(pairs_may_have_an_end_s_address_in_common),
	};

	nowhere = getuid() == 0 ? ptree_nowhere_open() : -EPERM;
	if (nowhere == -EPERM)
		return 77;
	return nowhere < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
