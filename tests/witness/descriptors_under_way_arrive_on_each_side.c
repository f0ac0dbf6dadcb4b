// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors that are in messages when the clone is made: each side receives them once, and what arrives is the same file
 * that this side has open: what goes in on one side comes out on the same side.
 */
#include <linux/kcmp.h>
#include <sys/socket.h>

#include "witness.h"

static void send_fds(int to, const char *bytes, size_t size, const int *fds, size_t nr)
{
	union {
		char room[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr header;
	} control = { .header = { .cmsg_len = CMSG_LEN(nr * sizeof(int)), .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	struct iovec io = { .iov_base = (void *)bytes, .iov_len = size };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = CMSG_SPACE(nr * sizeof(int)) };

	memcpy(CMSG_DATA(&control.header), fds, nr * sizeof(int));
	MUST(sendmsg(to, &m, 0) == (ssize_t)size);
}

/* How many came; -1: not @size bytes. */
static int receive_fds(int from, size_t size, int *fds)
{
	union {
		char room[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr header;
	} control = { 0 };
	char bytes[64];
	struct iovec io = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	if (recvmsg(from, &m, MSG_DONTWAIT) != (ssize_t)size)
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return 0;
	memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	return (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
}

static bool is_same(int a, int b)
{
	return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a, b) == 0;
}

static void whispers(int from, int to)
{
	char mine = witness_is_clone() ? 'c' : 's', got = 0;

	CHECK_EQUAL(send(from, &mine, 1, 0), 1);
	CHECK_EQUAL(recv(to, &got, 1, MSG_DONTWAIT), 1);
	CHECK_EQUAL(got, mine);
	CHECK(recv(to, &got, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
}

int main(int argc, char **argv)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	int way[COUNT(types)][2], open[2], fds[8], self[2];

	witness_start(argc, argv);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, open) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, self) == 0);
	for (size_t i = 0; i < COUNT(types); i++) {
		MUST(socketpair(AF_UNIX, types[i], 0, way[i]) == 0);
		MUST(send(way[i][0], "head", 4, 0) == 4);
		send_fds(way[i][0], "two", 3, open, 2);
		MUST(send(way[i][0], "plain", 5, 0) == 5);
		send_fds(way[i][0], "one", 3, &open[1], 1);
	}
	/* A socket in its own queue. */
	send_fds(self[0], "self", 4, self, 2);
	witness_ready();

	witness_meet("begin");
	for (size_t i = 0; i < COUNT(types); i++) {
		bool stream = types[i] == SOCK_STREAM;

		/* Of a stream the kernel gives what is before with it. */
		CHECK_EQUAL(receive_fds(way[i][1], stream ? 7 : 4, fds), stream ? 2 : 0);
		if (!stream)
			CHECK_EQUAL(receive_fds(way[i][1], 3, fds), 2);
		CHECK(is_same(fds[0], open[0]));
		CHECK(is_same(fds[1], open[1]));
		whispers(fds[0], open[1]);
		whispers(fds[1], open[0]);
		close(fds[0]);
		close(fds[1]);
		CHECK_EQUAL(receive_fds(way[i][1], stream ? 8 : 5, fds), stream ? 1 : 0);
		if (!stream)
			CHECK_EQUAL(receive_fds(way[i][1], 3, fds), 1);
		CHECK(is_same(fds[0], open[1]));
		close(fds[0]);
		CHECK(recv(way[i][1], fds, sizeof(fds), MSG_DONTWAIT) == -1 && errno == EAGAIN);
	}
	CHECK_EQUAL(receive_fds(self[1], 4, fds), 2);
	CHECK(is_same(fds[0], self[0]) && is_same(fds[1], self[1]));
	close(fds[0]);
	close(fds[1]);
	whispers(self[0], self[1]);
	return witness_verdict();
}
