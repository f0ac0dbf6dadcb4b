// SPDX-License-Identifier: GPL-2.0-or-later
/* Queues of UNIX sockets: read without taking anything, and sent again: settle/queue.c, settle/queue-send.c. */
#include "support.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>
#include <sys/socket.h>

#include "settle/queue.h"

static void pair_make(int type, int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

static void pair_end(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

static int option(int fd, int name)
{
	socklen_t size = sizeof(int);
	int value = -77;

	assert_int_equal(getsockopt(fd, SOL_SOCKET, name, &value, &size), 0);
	return value;
}

static void send_fd(int to, const char *bytes, size_t size, int fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec io = { .iov_base = (void *)bytes, .iov_len = size };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	assert_int_equal(sendmsg(to, &m, 0), size);
}

/* Reads at most @size bytes; the descriptor that came with them, or -1. */
static int receive_fd(int from, char *bytes, size_t size, ssize_t *ret_n)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = { 0 };
	struct iovec io = { .iov_base = bytes, .iov_len = size };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	int fd = -1;

	*ret_n = recvmsg(from, &m, MSG_CMSG_CLOEXEC);
	if (*ret_n >= 0 && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

/* What the queue of @from is, comes to the queue of a new pair's first end. */
static void copy(int from, int type, unsigned nr_buffers, int fds[2])
{
	struct ptree_queue q = { 0 };
	struct ptree_op op = { 0 };

	pair_make(type, fds);
	assert_int_equal(ptree_queue_peek(&q, from, type, nr_buffers), 0);
	assert_int_equal(ptree_queue_send(&q, &op, fds[1], type, true), 0);
	ptree_queue_done(&q);
}

static void a_stream_is_read_and_stays(void **state)
{
	static const char text[] = "one two three";
	char got[64];
	int from[2], to[2];

	(void)state;
	pair_make(SOCK_STREAM, from);
	assert_int_equal(send(from[1], text, 4, 0), 4);
	assert_int_equal(send(from[1], text + 4, sizeof(text) - 4, 0), sizeof(text) - 4);
	copy(from[0], SOCK_STREAM, 2, to);
	assert_int_equal(option(from[0], SO_PEEK_OFF), -1);
	assert_int_equal(option(from[0], SO_PASSCRED), 0);
	assert_int_equal(recv(to[0], got, sizeof(got), 0), sizeof(text));
	assert_string_equal(got, text);
	assert_int_equal(recv(to[0], got, sizeof(got), 0), -1);
	assert_int_equal(recv(from[0], got, sizeof(got), 0), sizeof(text));
	assert_string_equal(got, text);
	assert_int_equal(recv(from[0], got, sizeof(got), 0), -1);
	pair_end(from);
	pair_end(to);
}

static void a_full_stream_is_as_full(void **state)
{
	static char bytes[65536], got[65536];
	int from[2], to[2], before, after;
	size_t nr = 0, sum = 0;
	ssize_t n;

	(void)state;
	pair_make(SOCK_STREAM, from);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	while (send(from[1], bytes + 100 * nr % 60000, 100, 0) == 100)
		nr++;
	copy(from[0], SOCK_STREAM, (unsigned)nr, to);
	assert_int_equal(ioctl(from[1], SIOCOUTQ, &before), 0);
	assert_int_equal(ioctl(to[1], SIOCOUTQ, &after), 0);
	assert_int_equal(after, before);
	while ((n = recv(to[0], got + sum % 32768, 32768, 0)) > 0)
		sum += (size_t)n;
	assert_int_equal(sum, nr * 100);
	pair_end(from);
	pair_end(to);
}

static void messages_keep_their_bounds(int type)
{
	static char big[100000], got[200000];
	int from[2], to[2];

	pair_make(type, from);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(send(from[1], "abc", 3, 0), 3);
		assert_int_equal(send(from[1], "", 0, 0), 0);
		assert_int_equal(send(from[1], "", 0, 0), 0);
	}
	assert_int_equal(send(from[1], big, sizeof(big), 0), sizeof(big));
	copy(from[0], type, 10, to);
	for (int *side = to;; side = from) {
		for (int round = 0; round < 3; round++) {
			assert_int_equal(recv(side[0], got, sizeof(got), 0), 3);
			assert_int_equal(recv(side[0], got, sizeof(got), 0), 0);
			assert_int_equal(recv(side[0], got, sizeof(got), 0), 0);
		}
		assert_int_equal(recv(side[0], got, sizeof(got), 0), sizeof(big));
		assert_int_equal(recv(side[0], got, sizeof(got), 0), -1);
		assert_int_equal(errno, EAGAIN);
		if (side == from)
			break;
	}
	pair_end(from);
	pair_end(to);
}

static void datagrams_keep_their_bounds(void **state)
{
	(void)state;
	messages_keep_their_bounds(SOCK_DGRAM);
}

static void packets_keep_their_bounds(void **state)
{
	(void)state;
	messages_keep_their_bounds(SOCK_SEQPACKET);
}

static void descriptors_come_with_the_byte_that_they_were_sent_with(void **state)
{
	int from[2], to[2], carried[2], other[2], fd;
	char got[16];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe2(carried, O_CLOEXEC), 0);
	assert_int_equal(pipe2(other, O_CLOEXEC), 0);
	pair_make(SOCK_STREAM, from);
	assert_int_equal(send(from[1], "head", 4, 0), 4);
	send_fd(from[1], "body", 4, carried[1]);
	send_fd(from[1], "x", 1, other[1]);
	assert_int_equal(send(from[1], "tail", 4, 0), 4);
	copy(from[0], SOCK_STREAM, 4, to);

	assert_int_equal(receive_fd(to[0], got, 4, &n), -1);
	assert_int_equal(n, 4);
	assert_memory_equal(got, "head", 4);
	fd = receive_fd(to[0], got, sizeof(got), &n);
	assert_int_equal(n, 4);
	assert_memory_equal(got, "body", 4);
	assert_int_equal(write(fd, "!", 1), 1);
	assert_int_equal(read(carried[0], got, 1), 1);
	close(fd);
	fd = receive_fd(to[0], got, sizeof(got), &n);
	assert_int_equal(n, 1);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(receive_fd(to[0], got, sizeof(got), &n), -1);
	assert_int_equal(n, 4);

	/* And in the source nothing is missing. */
	fd = receive_fd(from[0], got, 8, &n);
	assert_int_equal(n, 8);
	assert_memory_equal(got, "headbody", 8);
	assert_true(fd >= 0);
	close(fd);
	pair_end(from);
	pair_end(to);
	pair_end(carried);
	pair_end(other);
}

static void senders_are_kept(void **state)
{
	int from[2], to[2], one = 1;
	union {
		char room[256];
		struct cmsghdr header;
	} control;
	struct ucred sender;
	char got[16];

	(void)state;
	pair_make(SOCK_STREAM, from);
	assert_int_equal(send(from[1], "nobody", 6, 0), 6);
	assert_int_equal(setsockopt(from[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)), 0);
	assert_int_equal(send(from[1], "me", 2, 0), 2);
	copy(from[0], SOCK_STREAM, 2, to);
	assert_int_equal(option(from[0], SO_PASSCRED), 1);
	assert_int_equal(setsockopt(to[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)), 0);
	for (int i = 0; i < 2; i++) {
		struct iovec io = { .iov_base = got, .iov_len = sizeof(got) };
		struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
				    .msg_controllen = sizeof(control) };

		assert_int_equal(recvmsg(to[0], &m, 0), i == 0 ? 6 : 2);
		assert_non_null(CMSG_FIRSTHDR(&m));
		assert_int_equal(CMSG_FIRSTHDR(&m)->cmsg_type, SCM_CREDENTIALS);
		memcpy(&sender, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(sender));
		assert_int_equal(sender.pid, i == 0 ? 0 : getpid());
		assert_int_equal(sender.uid, i == 0 ? 65534 : getuid());
	}
	pair_end(from);
	pair_end(to);
}

static void a_peek_offset_is_put_back(void **state)
{
	int from[2], to[2], offset = 2;
	char got[16];

	(void)state;
	pair_make(SOCK_STREAM, from);
	assert_int_equal(send(from[1], "abcd", 4, 0), 4);
	assert_int_equal(setsockopt(from[0], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)), 0);
	copy(from[0], SOCK_STREAM, 1, to);
	assert_int_equal(option(from[0], SO_PEEK_OFF), 2);
	assert_int_equal(recv(from[0], got, sizeof(got), MSG_PEEK), 2);
	assert_int_equal(recv(to[0], got, sizeof(got), 0), 4);
	pair_end(from);
	pair_end(to);
}

static void what_cannot_be_seen_is_told(void **state)
{
	struct ptree_queue q = { 0 };
	int from[2];

	(void)state;
	pair_make(SOCK_STREAM, from);
	assert_int_equal(send(from[1], "abc", 3, 0), 3);
	if (send(from[1], "u", 1, MSG_OOB) < 0)
		skip();
	assert_int_equal(ptree_queue_peek(&q, from[0], SOCK_STREAM, 2), -ENODATA);
	assert_int_equal(option(from[0], SO_PEEK_OFF), -1);
	assert_int_equal(option(from[0], SO_PASSCRED), 0);
	ptree_queue_done(&q);
	pair_end(from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_is_read_and_stays),
		cmocka_unit_test(a_full_stream_is_as_full),
		cmocka_unit_test(datagrams_keep_their_bounds),
		cmocka_unit_test(packets_keep_their_bounds),
		cmocka_unit_test(descriptors_come_with_the_byte_that_they_were_sent_with),
		cmocka_unit_test(senders_are_kept),
		cmocka_unit_test(a_peek_offset_is_put_back),
		cmocka_unit_test(what_cannot_be_seen_is_told),
	};

	if (getuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
