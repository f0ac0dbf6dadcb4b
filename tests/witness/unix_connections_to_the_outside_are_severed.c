// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections to a process that is not in the tree. The clone reads what had come, and then the end; the source's go on as
 * if nothing had been. Datagrams to a name go there from both sides.
 */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "stranger.h"
#include "witness.h"

static struct sockaddr_un stream = { .sun_family = AF_UNIX }, datagram = { .sun_family = AF_UNIX };
static int listener, mailbox;

/* Outside: greets who connects, then answers each byte with the next one, until the connection ends. */
static void stranger(void *argument)
{
	int fd, *pair = argument;
	char c;

	close(pair[0]);
	fd = accept(listener, NULL, NULL);
	if (fd < 0 || send(fd, "hello", 5, 0) != 5 || send(pair[1], "packet", 6, 0) != 6)
		_exit(1);
	while (recv(fd, &c, 1, 0) == 1) {
		c++;
		(void)!send(fd, &c, 1, MSG_NOSIGNAL);
	}
	_exit(0);
}

static volatile pid_t reader_tid;
static int connection, packets[2], letters, alone;

static void *reader(void *argument)
{
	char c = 0;
	ssize_t n;

	(void)argument;
	reader_tid = gettid();
	n = recv(connection, &c, 1, 0);
	if (witness_is_clone())
		CHECK_EQUAL(n, 0);
	else
		CHECK(n == 1 && c == 'r');
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_un name = { 0 };
	socklen_t size = sizeof(name);
	struct ucred peer;
	struct pollfd p;
	pthread_t thread;
	char got[64] = "";

	witness_start(argc, argv);
	snprintf(stream.sun_path, sizeof(stream.sun_path), "%s/outside", argv[1]);
	snprintf(datagram.sun_path, sizeof(datagram.sun_path), "%s/mailbox", argv[1]);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	MUST(bind(listener, (struct sockaddr *)&stream, sizeof(stream)) == 0 && listen(listener, 4) == 0);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets) == 0);
	/* A mailbox that somebody outside has too: one for both. */
	mailbox = socket(AF_UNIX, SOCK_DGRAM, 0);
	MUST(bind(mailbox, (struct sockaddr *)&datagram, sizeof(datagram)) == 0);
	witness_stranger(stranger, packets);
	close(listener);
	close(packets[1]);
	connection = socket(AF_UNIX, SOCK_STREAM, 0);
	MUST(connect(connection, (struct sockaddr *)&stream, sizeof(stream)) == 0);
	p = (struct pollfd){ .fd = connection, .events = POLLIN };
	MUST(poll(&p, 1, -1) == 1);
	p = (struct pollfd){ .fd = packets[0], .events = POLLIN };
	MUST(poll(&p, 1, -1) == 1);

	/* A sender that has no name, as the ones of syslog() have not. */
	letters = socket(AF_UNIX, SOCK_DGRAM, 0);
	MUST(connect(letters, (struct sockaddr *)&datagram, sizeof(datagram)) == 0);
	alone = socket(AF_UNIX, SOCK_DGRAM, 0);
	MUST(recv(connection, got, 3, 0) == 3);
	witness_ready();

	witness_meet("begin");
	CHECK_EQUAL(recv(connection, got, sizeof(got), 0), 2);
	CHECK(memcmp(got, "lo", 2) == 0);
	CHECK_EQUAL(recv(packets[0], got, sizeof(got), 0), 6);
	CHECK_EQUAL(getpeername(connection, (struct sockaddr *)&name, &size), 0);
	CHECK(strcmp(name.sun_path, stream.sun_path) == 0);
	size = sizeof(peer);
	CHECK_EQUAL(getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
	CHECK_EQUAL(peer.uid, getuid());
	thread = witness_thread(reader, NULL);
	if (witness_is_clone()) {
		pthread_join(thread, NULL);
		CHECK(send(connection, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
		CHECK_EQUAL(recv(packets[0], got, sizeof(got), 0), 0);
		CHECK(send(packets[0], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
		CHECK_EQUAL(send(letters, "clone", 5, 0), 5);
		CHECK_EQUAL(connect(alone, (struct sockaddr *)&datagram, sizeof(datagram)), 0);
		witness_meet("severed");
	} else {
		witness_meet("severed");
		CHECK_EQUAL(send(connection, "q", 1, 0), 1);
		pthread_join(thread, NULL);
		CHECK(recv(packets[0], got, sizeof(got), MSG_DONTWAIT) == -1 && errno == EAGAIN);
		CHECK_EQUAL(recv(mailbox, got, sizeof(got), MSG_DONTWAIT), 5);
		CHECK(memcmp(got, "clone", 5) == 0);
		CHECK_EQUAL(send(letters, "source", 6, 0), 6);
		CHECK_EQUAL(recv(mailbox, got, sizeof(got), MSG_DONTWAIT), 6);
		/* What the clone has connected is its own. */
		CHECK(send(alone, "x", 1, MSG_NOSIGNAL) == -1 && errno == ENOTCONN);
	}
	return witness_verdict();
}
