// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UNIX sockets with both ends in the tree, in one process and in two: what was under way is read once on each side, and
 * what is sent afterwards stays on its side. Names, credentials, options and shutdowns are as before.
 */
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "witness.h"

static char side(void) { return witness_is_clone() ? 'c' : 's'; }

/* One word there, one word here: a stranger's word is the other side's. */
static void talk(int a, int b)
{
	char sent[2] = { side(), '!' }, got[64];

	CHECK_EQUAL(send(a, sent, 2, 0), 2);
	CHECK_EQUAL(recv(b, got, sizeof(got), MSG_DONTWAIT), 2);
	CHECK_EQUAL(got[0], side());
	CHECK_EQUAL(send(b, sent, 2, 0), 2);
	CHECK_EQUAL(recv(a, got, sizeof(got), MSG_DONTWAIT), 2);
	CHECK_EQUAL(got[0], side());
	CHECK(recv(a, got, sizeof(got), MSG_DONTWAIT) == -1 && errno == EAGAIN);
	CHECK(recv(b, got, sizeof(got), MSG_DONTWAIT) == -1 && errno == EAGAIN);
}

/* Queues of each type, in both directions. */
static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
static int queued[COUNT(types)][2];

static void queues_prepare(void)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		MUST(socketpair(AF_UNIX, types[i], 0, queued[i]) == 0);
		MUST(send(queued[i][0], "one", 3, 0) == 3);
		MUST(types[i] == SOCK_STREAM || send(queued[i][0], "", 0, 0) == 0);
		MUST(send(queued[i][0], "three", 5, 0) == 5);
		MUST(send(queued[i][1], "back", 4, 0) == 4);
	}
}

static void queues_judge(void)
{
	char got[64] = "";

	for (size_t i = 0; i < COUNT(types); i++) {
		if (types[i] == SOCK_STREAM) {
			CHECK_EQUAL(recv(queued[i][1], got, sizeof(got), 0), 8);
			CHECK(memcmp(got, "onethree", 8) == 0);
		} else {
			CHECK_EQUAL(recv(queued[i][1], got, sizeof(got), 0), 3);
			CHECK_EQUAL(recv(queued[i][1], got, sizeof(got), 0), 0);
			CHECK_EQUAL(recv(queued[i][1], got, sizeof(got), 0), 5);
			CHECK(memcmp(got, "three", 5) == 0);
		}
		CHECK_EQUAL(recv(queued[i][0], got, sizeof(got), 0), 4);
		talk(queued[i][0], queued[i][1]);
	}
}

/* A stream that is full, and whose writer waits for room. */
static int full[2];
static long full_bytes;
static volatile pid_t writer_tid;
static volatile bool written;

static void *writer(void *argument)
{
	static char rest[100000];

	(void)argument;
	memset(rest, 'r', sizeof(rest));
	writer_tid = gettid();
	CHECK_EQUAL(send(full[0], rest, sizeof(rest), 0), sizeof(rest));
	written = true;
	return NULL;
}

static pthread_t writer_thread;

static void full_prepare(void)
{
	static char bytes[1000];
	ssize_t n;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, full) == 0);
	memset(bytes, 'f', sizeof(bytes));
	while ((n = send(full[0], bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		full_bytes += n;
	MUST(errno == EAGAIN);
	writer_thread = witness_thread(writer, NULL);
	AWAIT(writer_tid);
	witness_await_call(writer_tid, SYS_sendto);
}

static void full_judge(void)
{
	static char got[65536];
	long nr_f = 0, nr_r = 0;

	CHECK(!written);
	while (nr_f + nr_r < full_bytes + 100000) {
		ssize_t n = recv(full[1], got, sizeof(got), 0);

		CHECK(n > 0);
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			got[i] == 'f' ? nr_f++ : nr_r++;
	}
	pthread_join(writer_thread, NULL);
	CHECK_EQUAL(nr_f, full_bytes);
	CHECK_EQUAL(nr_r, 100000);
	talk(full[0], full[1]);
}

/* A thread that waits for what never came, and one that polls. */
static int awaited[2][2];
static volatile pid_t waiter_tid[2];
static pthread_t waiter_thread[2];

static void *waiter(void *argument)
{
	int i = (int)(intptr_t)argument;
	struct pollfd p = { .fd = awaited[i][1], .events = POLLIN };
	char got[8];

	waiter_tid[i] = gettid();
	if (i == 1)
		CHECK_EQUAL(poll(&p, 1, -1), 1);
	CHECK_EQUAL(recv(awaited[i][1], got, sizeof(got), 0), 1);
	CHECK_EQUAL(got[0], side());
	return NULL;
}

static void waits_prepare(void)
{
	for (int i = 0; i < 2; i++) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, awaited[i]) == 0);
		waiter_thread[i] = witness_thread(waiter, (void *)(intptr_t)i);
		AWAIT(waiter_tid[i]);
		witness_await_call(waiter_tid[i], i == 0 ? SYS_recvfrom : SYS_poll);
	}
}

static void waits_judge(void)
{
	char mine = side();

	for (int i = 0; i < 2; i++) {
		CHECK_EQUAL(send(awaited[i][0], &mine, 1, 0), 1);
		pthread_join(waiter_thread[i], NULL);
	}
}

/* A connection by name, with a server in a child. */
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static int connection;
static pid_t server_pid;

static void serve_one(int fd)
{
	char word[2] = "";
	struct ucred peer;
	socklen_t size = sizeof(peer);

	CHECK_EQUAL(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
	CHECK_EQUAL(peer.pid, getppid());
	CHECK_EQUAL(recv(fd, word, 1, 0), 1);
	CHECK_EQUAL(word[0], 'q');	/* from before */
	CHECK_EQUAL(recv(fd, word, 1, 0), 1);
	CHECK_EQUAL(word[0], side());
	CHECK_EQUAL(send(fd, word, 1, 0), 1);
}

static int server(void *argument)
{
	int listener = (int)(intptr_t)argument;
	int fd = accept(listener, NULL, NULL);

	MUST(fd >= 0);
	close(listener);
	MUST(send(fd, "g", 1, 0) == 1);
	witness_wait_go();
	serve_one(fd);
	return 0;
}

static void connection_prepare(const char *dir)
{
	struct pollfd p;
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/server", dir);
	MUST(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(listener, 1) == 0);
	server_pid = witness_fork(server, (void *)(intptr_t)listener);
	close(listener);
	connection = socket(AF_UNIX, SOCK_STREAM, 0);
	MUST(connect(connection, (struct sockaddr *)&address, sizeof(address)) == 0);
	p = (struct pollfd){ .fd = connection, .events = POLLIN };
	MUST(poll(&p, 1, -1) == 1);
	MUST(send(connection, "q", 1, 0) == 1);
}

static void connection_judge(void)
{
	struct sockaddr_un name = { 0 };
	socklen_t size = sizeof(name);
	struct ucred peer;
	char word[2] = { side(), 0 };

	CHECK_EQUAL(getpeername(connection, (struct sockaddr *)&name, &size), 0);
	CHECK(strcmp(name.sun_path, address.sun_path) == 0);
	size = sizeof(peer);
	CHECK_EQUAL(getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
	CHECK_EQUAL(peer.uid, getuid());
	CHECK_EQUAL(send(connection, word, 1, 0), 1);
	CHECK_EQUAL(recv(connection, word, 1, 0), 1);
	CHECK_EQUAL(word[0], 'g');
	CHECK_EQUAL(recv(connection, word, 1, 0), 1);
	CHECK_EQUAL(word[0], side());
	witness_reap(server_pid, EXITED(0));
}

/* Options, flags, shutdowns, and a peer that is gone. */
static int odd[2], half[2], gone[2], reset[2], sender[2];

static int option(int fd, int name)
{
	int value = -77;
	socklen_t size = sizeof(value);

	CHECK_EQUAL(getsockopt(fd, SOL_SOCKET, name, &value, &size), 0);
	return value;
}

static void option_set(int fd, int name, int value)
{
	MUST(setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value)) == 0);
}

static struct timeval timeout = { .tv_sec = 7, .tv_usec = 500000 };
static int sndbuf, rcvbuf;

static void odd_prepare(void)
{
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, odd) == 0);
	option_set(odd[0], SO_SNDBUF, 30000);
	option_set(odd[0], SO_RCVBUF, 40000);
	option_set(odd[0], SO_PASSCRED, 1);
	option_set(odd[0], SO_RCVLOWAT, 3);
	option_set(odd[0], SO_PRIORITY, 5);
	MUST(setsockopt(odd[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) == 0);
	MUST(fcntl(odd[0], F_SETFL, O_RDWR | O_NONBLOCK) == 0);
	sndbuf = option(odd[0], SO_SNDBUF);
	rcvbuf = option(odd[0], SO_RCVBUF);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, half) == 0);
	MUST(send(half[0], "last", 4, 0) == 4 && shutdown(half[0], SHUT_WR) == 0);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, gone) == 0);
	MUST(send(gone[1], "will", 4, 0) == 4 && close(gone[1]) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, reset) == 0);
	MUST(send(reset[0], "unread", 6, 0) == 6 && close(reset[1]) == 0);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, sender) == 0);
	option_set(sender[0], SO_PASSCRED, 1);
	MUST(send(sender[1], "mine", 4, 0) == 4);
}

static void odd_judge(void)
{
	struct timeval now = { 0 };
	socklen_t size = sizeof(now);
	char control[256], got[64];
	struct iovec io = { .iov_base = got, .iov_len = sizeof(got) };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct ucred who = { 0 };

	CHECK_EQUAL(option(odd[0], SO_SNDBUF), sndbuf);
	CHECK_EQUAL(option(odd[0], SO_RCVBUF), rcvbuf);
	CHECK_EQUAL(option(odd[0], SO_PASSCRED), 1);
	CHECK_EQUAL(option(odd[1], SO_PASSCRED), 0);
	CHECK_EQUAL(option(odd[0], SO_RCVLOWAT), 3);
	CHECK_EQUAL(option(odd[0], SO_PRIORITY), 5);
	CHECK_EQUAL(getsockopt(odd[0], SOL_SOCKET, SO_SNDTIMEO, &now, &size), 0);
	CHECK(now.tv_sec == timeout.tv_sec);
	CHECK(fcntl(odd[0], F_GETFL) & O_NONBLOCK);
	CHECK(!(fcntl(odd[1], F_GETFL) & O_NONBLOCK));

	CHECK_EQUAL(recv(half[1], got, sizeof(got), 0), 4);
	CHECK_EQUAL(recv(half[1], got, sizeof(got), 0), 0);
	CHECK(send(half[0], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
	CHECK_EQUAL(send(half[1], "back", 4, 0), 4);
	CHECK_EQUAL(recv(half[0], got, sizeof(got), 0), 4);

	CHECK_EQUAL(recv(gone[0], got, sizeof(got), 0), 4);
	CHECK_EQUAL(recv(gone[0], got, sizeof(got), 0), 0);
	CHECK(send(gone[0], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
	CHECK(recv(reset[0], got, sizeof(got), 0) == -1 && errno == ECONNRESET);
	CHECK_EQUAL(recv(reset[0], got, sizeof(got), 0), 0);

	CHECK_EQUAL(recvmsg(sender[0], &m, 0), 4);
	CHECK(CMSG_FIRSTHDR(&m) && CMSG_FIRSTHDR(&m)->cmsg_type == SCM_CREDENTIALS);
	if (CMSG_FIRSTHDR(&m))
		memcpy(&who, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(who));
	CHECK_EQUAL(who.pid, getpid());
	CHECK_EQUAL(who.uid, getuid());
}

int main(int argc, char **argv)
{
	witness_start(argc, argv);
	queues_prepare();
	full_prepare();
	waits_prepare();
	connection_prepare(argv[1]);
	odd_prepare();
	witness_ready();

	witness_meet("begin");
	queues_judge();
	full_judge();
	waits_judge();
	connection_judge();
	odd_judge();
	return witness_verdict();
}
