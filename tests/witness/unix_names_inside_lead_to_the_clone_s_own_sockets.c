// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagram sockets with names, by path and abstract, and those connected to them: what waits tells who sent it, and what is
 * sent afterwards stays on its side. Connections that wait to be accepted are accepted on both sides, in order.
 */
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "witness.h"

struct name {
	struct sockaddr_un address;
	socklen_t size;
};

static struct name name_make(bool abstract, const char *text)
{
	struct name name = { .address.sun_family = AF_UNIX };

	if (abstract)
		snprintf(name.address.sun_path + 1, sizeof(name.address.sun_path) - 1, "%s-%d", text, getpid());
	else
		snprintf(name.address.sun_path, sizeof(name.address.sun_path), "./%s", text);
	name.size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + strlen(name.address.sun_path + abstract));
	return name;
}

static int named(int type, const struct name *name)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	MUST(fd >= 0 && bind(fd, (const struct sockaddr *)&name->address, name->size) == 0);
	return fd;
}

static int connected(int type, const struct name *to)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	MUST(fd >= 0 && connect(fd, (const struct sockaddr *)&to->address, to->size) == 0);
	return fd;
}

/* One server, what waits at it, and two that are connected to it. */
struct service {
	struct name name, sender_name;
	int server, client, named_client;
	struct name client_name;
};

static void rights_send(int fd, const struct name *to, int right)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	char word[] = "right";
	struct iovec io = { .iov_base = word, .iov_len = 5 };
	struct msghdr header = {
		.msg_name = (void *)&to->address,
		.msg_namelen = to->size,
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &right, sizeof(int));
	MUST(sendmsg(fd, &header, 0) == 5);
}

static void service_prepare(struct service *s, bool abstract)
{
	int gone;

	s->name = name_make(abstract, abstract ? "abstract-server" : "server");
	s->sender_name = name_make(abstract, abstract ? "abstract-sender" : "sender");
	s->client_name = name_make(abstract, abstract ? "abstract-client" : "client");
	s->server = named(SOCK_DGRAM, &s->name);
	s->client = connected(SOCK_DGRAM, &s->name);
	s->named_client = named(SOCK_DGRAM, &s->client_name);
	MUST(connect(s->named_client, (struct sockaddr *)&s->name.address, s->name.size) == 0);
	gone = named(SOCK_DGRAM, &s->sender_name);
	MUST(sendto(gone, "gone", 4, 0, (struct sockaddr *)&s->name.address, s->name.size) == 4);
	close(gone);
	MUST(send(s->client, "nameless", 8, 0) == 8);
	rights_send(s->named_client, &s->name, s->client);
	MUST(send(s->named_client, "named", 5, 0) == 5);
}

static void gets(const struct service *s, const char *word, const struct name *from)
{
	struct sockaddr_un address;
	socklen_t size = sizeof(address);
	char got[64] = "";

	CHECK_EQUAL(recvfrom(s->server, got, sizeof(got) - 1, MSG_DONTWAIT, (struct sockaddr *)&address, &size), strlen(word));
	CHECK(strcmp(got, word) == 0);
	if (!from) {
		CHECK(size <= sizeof(sa_family_t));
	} else {
		CHECK_EQUAL(size, from->size + (from->address.sun_path[0] ? 1 : 0));
		CHECK(memcmp(&address, &from->address, from->size) == 0);
	}
}

static int gets_right(const struct service *s)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char got[16];
	struct iovec io = { .iov_base = got, .iov_len = sizeof(got) };
	struct msghdr header = {
		.msg_iov = &io, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof(control.room),
	};
	int fd = -1;

	CHECK_EQUAL(recvmsg(s->server, &header, MSG_DONTWAIT), 5);
	if (CMSG_FIRSTHDR(&header))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(fd));
	return fd;
}

static void service_judge(const struct service *s)
{
	const char *word = witness_is_clone() ? "clone" : "source";
	char got[64] = "";
	bool reached;
	int right;

	gets(s, "gone", &s->sender_name);
	gets(s, "nameless", NULL);
	right = gets_right(s);
	gets(s, "named", &s->client_name);
	CHECK(right >= 0);
	witness_meet("read");
	/* What came with the message is the client's own socket. */
	CHECK_EQUAL(send(right, word, strlen(word), 0), strlen(word));
	gets(s, word, NULL);
	CHECK_EQUAL(send(s->named_client, word, strlen(word), 0), strlen(word));
	gets(s, word, &s->client_name);
	/* A path leads the clone to the source's socket, which takes messages from its own server only. */
	reached = !witness_is_clone() || s->client_name.address.sun_path[0] == '\0';
	CHECK_EQUAL(sendto(s->server, word, strlen(word), 0, (struct sockaddr *)&s->client_name.address, s->client_name.size) >= 0,
		    reached);
	witness_meet("sent");
	if (reached)
		CHECK_EQUAL(recv(s->named_client, got, sizeof(got), MSG_DONTWAIT), strlen(word));
	CHECK(recv(s->server, got, sizeof(got), MSG_DONTWAIT) < 0 && errno == EAGAIN);
	CHECK(recv(s->named_client, got, sizeof(got), MSG_DONTWAIT) < 0 && errno == EAGAIN);
	close(right);
}

static const int backlog_types[] = { SOCK_STREAM, SOCK_SEQPACKET };
static int listeners[COUNT(backlog_types)], callers[COUNT(backlog_types)][3];

static void backlog_prepare(void)
{
	for (size_t i = 0; i < COUNT(backlog_types); i++) {
		struct name name = name_make(i == 1, i == 1 ? "listener-seqpacket" : "listener");

		listeners[i] = named(backlog_types[i], &name);
		MUST(listen(listeners[i], 7) == 0);
		for (size_t j = 0; j < COUNT(callers[i]); j++)
			callers[i][j] = connected(backlog_types[i], &name);
	}
}

static void backlog_judge(void)
{
	const char *word = witness_is_clone() ? "clone" : "source";

	for (size_t i = 0; i < COUNT(backlog_types); i++) {
		for (size_t j = 0; j < COUNT(callers[i]); j++) {
			int fd = accept4(listeners[i], NULL, NULL, SOCK_CLOEXEC);
			struct ucred caller = { 0 };
			socklen_t size = sizeof(caller);
			char got[64] = "";

			CHECK(fd >= 0);
			CHECK(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &caller, &size) == 0);
			CHECK_EQUAL(caller.uid, geteuid());
			CHECK_EQUAL(caller.gid, getegid());
			CHECK_EQUAL(send(callers[i][j], word, strlen(word), 0), strlen(word));
			CHECK_EQUAL(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), strlen(word));
			CHECK(strcmp(got, word) == 0);
			close(fd);
		}
		/* Nobody else waits. */
		MUST(fcntl(listeners[i], F_SETFL, O_NONBLOCK) == 0);
		CHECK(accept4(listeners[i], NULL, NULL, SOCK_CLOEXEC) < 0 && errno == EAGAIN);
	}
}

/* Two of the same path: the name of the first was taken from the directory. */
static int replaced[2], senders[2];

static void replaced_prepare(void)
{
	struct name name = name_make(false, "replaced");

	for (size_t i = 0; i < COUNT(replaced); i++) {
		replaced[i] = named(SOCK_DGRAM, &name);
		senders[i] = connected(SOCK_DGRAM, &name);
		MUST(unlink(name.address.sun_path) == 0);
	}
}

static void replaced_judge(void)
{
	char word = witness_is_clone() ? 'c' : 's';

	for (size_t i = 0; i < COUNT(replaced); i++) {
		char sent[2] = { word, (char)('0' + i) }, got[8] = "";

		CHECK_EQUAL(send(senders[i], sent, 2, 0), 2);
		CHECK_EQUAL(recv(replaced[i], got, sizeof(got), MSG_DONTWAIT), 2);
		CHECK(memcmp(sent, got, 2) == 0);
		CHECK(recv(replaced[1 - i], got, sizeof(got), MSG_DONTWAIT) < 0 && errno == EAGAIN);
	}
}

int main(int argc, char **argv)
{
	struct service by_path, abstract;

	witness_start(argc, argv);
	witness_home();
	service_prepare(&by_path, false);
	service_prepare(&abstract, true);
	backlog_prepare();
	replaced_prepare();
	witness_ready();
	service_judge(&by_path);
	service_judge(&abstract);
	backlog_judge();
	replaced_judge();
	return witness_verdict();
}
