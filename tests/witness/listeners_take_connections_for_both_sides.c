// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listeners are shared, as those of pre-fork servers are: a thread of each side waits in accept(), each side connects once,
 * and each thread gets one connection.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "witness.h"

#define NR 3

static struct {
	int fd;
	struct sockaddr_storage address;
	socklen_t size;
	pthread_t thread;
	volatile pid_t tid;
} listeners[NR];

static void *acceptor(void *argument)
{
	int i = (int)(intptr_t)argument, fd;
	char c = 0;

	listeners[i].tid = gettid();
	fd = accept(listeners[i].fd, NULL, NULL);
	CHECK(fd >= 0);
	CHECK_EQUAL(recv(fd, &c, 1, 0), 1);
	CHECK(c == 's' || c == 'c');
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_un *un = (void *)&listeners[0].address;
	struct sockaddr_in *in = (void *)&listeners[1].address;
	struct sockaddr_in6 *in6 = (void *)&listeners[2].address;

	witness_start(argc, argv);
	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(un->sun_path, sizeof(un->sun_path), "%s/listener", argv[1]);
	*in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	listeners[0].size = sizeof(*un);
	listeners[1].size = sizeof(*in);
	listeners[2].size = sizeof(*in6);
	for (int i = 0; i < NR; i++) {
		struct sockaddr *address = (struct sockaddr *)&listeners[i].address;

		listeners[i].fd = socket(address->sa_family, SOCK_STREAM, 0);
		MUST(listeners[i].fd >= 0 && bind(listeners[i].fd, address, listeners[i].size) == 0);
		MUST(listen(listeners[i].fd, 4) == 0);
		MUST(getsockname(listeners[i].fd, address, &listeners[i].size) == 0);
		listeners[i].thread = witness_thread(acceptor, (void *)(intptr_t)i);
		AWAIT(listeners[i].tid);
		witness_await_call(listeners[i].tid, SYS_accept);
	}
	witness_ready();

	witness_meet("begin");
	for (int i = 0; i < NR; i++) {
		struct sockaddr *address = (struct sockaddr *)&listeners[i].address;
		int fd = socket(address->sa_family, SOCK_STREAM, 0);
		char mine = witness_is_clone() ? 'c' : 's';

		CHECK_EQUAL(connect(fd, address, listeners[i].size), 0);
		CHECK_EQUAL(send(fd, &mine, 1, 0), 1);
		pthread_join(listeners[i].thread, NULL);
		close(fd);
	}
	return witness_verdict();
}
