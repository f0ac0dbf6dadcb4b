// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server and its clients on loopback, with a network namespace of the clone's own: connections go on with every byte
 * that was on its way, the server accepts new ones at its address on both sides, and datagrams stay on their side.
 * Settings and addresses are those of the source.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "witness.h"

static struct sockaddr_in address = { .sin_family = AF_INET };

static int listener, accepted, client, udp, abstract;

static bool setting_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	close(fd);
	return written;
}

static int setting_read(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	return atoi(text);
}

static bool loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = ioctl(fd, SIOCSIFFLAGS, &request) == 0;

	close(fd);
	return up;
}

static bool reads(int fd, const char *wanted)
{
	char text[64] = "";

	return recv(fd, text, strlen(wanted), MSG_WAITALL) == (ssize_t)strlen(wanted) && strcmp(text, wanted) == 0;
}

/* The name is one of the network namespace: each side finds its own server by it. */
static void new_abstract_connection(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), other;
	struct sockaddr_un name;
	socklen_t size = sizeof(name);

	CHECK(getsockname(abstract, (struct sockaddr *)&name, &size) == 0);
	CHECK(connect(fd, (struct sockaddr *)&name, size) == 0);
	other = accept4(abstract, NULL, NULL, SOCK_CLOEXEC);
	CHECK(other >= 0);
	CHECK(send(fd, witness_is_clone() ? "clone" : "sourc", 5, 0) == 5);
	CHECK(reads(other, witness_is_clone() ? "clone" : "sourc"));
	close(fd);
	close(other);
}

static int child(void *argument)
{
	(void)argument;
	witness_wait_go();
	/* The client's end is only the child's from here on, in both. */
	CHECK(reads(client, "from the server"));
	CHECK(send(client, "and on", 6, 0) == 6);
	return 0;
}

static void new_connection(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), other;

	CHECK(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	other = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	CHECK(other >= 0);
	CHECK(send(fd, witness_is_clone() ? "clone" : "sourc", 5, 0) == 5);
	CHECK(reads(other, witness_is_clone() ? "clone" : "sourc"));
	close(fd);
	close(other);
}

static void datagram(void)
{
	const char *word = witness_is_clone() ? "clone" : "sourc";
	struct sockaddr_in to;
	socklen_t size = sizeof(to);
	char text[16] = "";

	CHECK(getsockname(udp, (struct sockaddr *)&to, &size) == 0);
	CHECK(sendto(udp, word, 5, 0, (struct sockaddr *)&to, size) == 5);
	CHECK(recv(udp, text, sizeof(text), 0) == 5);
	CHECK(strcmp(text, word) == 0);
	CHECK(recv(udp, text, sizeof(text), MSG_DONTWAIT) < 0);
}

int main(int argc, char **argv)
{
	struct sockaddr_in peer;
	socklen_t size = sizeof(address);
	pid_t pid;

	witness_start(argc, argv);
	witness_options("--private=net");
	if (unshare(CLONE_NEWNET) < 0)
		witness_skip("a network namespace needs root");
	MUST(loopback_up());
	MUST(setting_write("/proc/sys/net/ipv4/ip_default_ttl", "77"));
	MUST(setting_write("/proc/sys/net/ipv4/conf/lo/rp_filter", "2"));
	MUST(inet_pton(AF_INET, "127.0.0.9", &address.sin_addr) == 1);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(listener, 5) == 0);
	MUST(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0);
	accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	MUST(accepted >= 0);
	udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	peer = address;
	peer.sin_port = 0;
	MUST(bind(udp, (struct sockaddr *)&peer, sizeof(peer)) == 0);
	abstract = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(bind(abstract, (struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX }, sizeof(sa_family_t)) == 0);
	MUST(listen(abstract, 5) == 0);
	/* On its way in both directions. */
	MUST(send(client, "question", 8, 0) == 8);
	MUST(send(accepted, "from the ", 9, 0) == 9);
	pid = witness_fork(child, NULL);
	witness_ready();

	CHECK_EQUAL(setting_read("/proc/sys/net/ipv4/ip_default_ttl"), 77);
	CHECK_EQUAL(setting_read("/proc/sys/net/ipv4/conf/lo/rp_filter"), 2);
	CHECK(reads(accepted, "question"));
	CHECK(send(accepted, "server", 6, 0) == 6);
	CHECK(reads(accepted, "and on"));
	size = sizeof(peer);
	CHECK(getpeername(client, (struct sockaddr *)&peer, &size) == 0);
	CHECK_EQUAL(peer.sin_port, address.sin_port);
	CHECK_EQUAL(peer.sin_addr.s_addr, address.sin_addr.s_addr);
	witness_meet("talked");
	new_connection();
	new_abstract_connection();
	datagram();
	witness_meet("done");
	/* What the clone sets is its own. */
	if (witness_is_clone())
		CHECK(setting_write("/proc/sys/net/ipv4/ip_default_ttl", "33"));
	witness_meet("set");
	CHECK_EQUAL(setting_read("/proc/sys/net/ipv4/ip_default_ttl"), witness_is_clone() ? 33 : 77);
	witness_reap(pid, 0);
	return witness_verdict();
}
