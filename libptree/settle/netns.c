// SPDX-License-Identifier: LGPL-2.1-or-later
/* Threads in other network namespaces, and the namespace that is nowhere. */
#include "netns.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/mount.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

struct visit {
	int netns_fd;
	bool empty_root;
	int (*f)(void *argument);
	void *argument;
	int result;
};

/* A tmpfs that is mounted nowhere: it needs no mount namespace, and nothing is left of it whatever happens to us. */
static int root_empty(void)
{
	_cleanup_close_ int context = -1, mount = -1;

	if (unshare(CLONE_FS) < 0)
		return -errno;
	context = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (mount < 0 || fchdir(mount) < 0 || chroot(".") < 0)
		return -errno;
	return 0;
}

static void *visit_run(void *argument)
{
	struct visit *v = argument;

	if (v->netns_fd >= 0 && setns(v->netns_fd, CLONE_NEWNET) < 0) {
		v->result = -errno;
		return NULL;
	}
	v->result = v->empty_root ? root_empty() : 0;
	if (v->result == 0)
		v->result = v->f(v->argument);
	return NULL;
}

int ptree_netns_call(int netns_fd, bool empty_root, int (*f)(void *argument), void *argument)
{
	struct visit v = { .netns_fd = netns_fd, .empty_root = empty_root, .f = f, .argument = argument };
	sigset_t all, before;
	pthread_t thread;
	int r;

	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, visit_run, &v);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		return -r;
	pthread_join(thread, NULL);
	return v.result;
}

static int loopback_up(void)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

/* ip route add local default dev lo */
static int everything_is_local(int netlink, int family)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		int device;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_NEWROUTE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK,
		},
		.route = {
			.rtm_family = (unsigned char)family,
			.rtm_table = RT_TABLE_LOCAL,
			.rtm_protocol = RTPROT_BOOT,
			.rtm_scope = RT_SCOPE_HOST,
			.rtm_type = RTN_LOCAL,
		},
		.attribute = { .rta_len = RTA_LENGTH(sizeof(int)), .rta_type = RTA_OIF },
		.device = 1,	/* lo, in every network namespace */
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char request[256];
	} answer;

	ssize_t n;

	if (send(netlink, &request, sizeof(request), 0) < 0)
		return -errno;
	n = recv(netlink, &answer, sizeof(answer), 0);
	if (n < 0)
		return -errno;
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(answer.error)) || answer.header.nlmsg_type != NLMSG_ERROR)
		return -EBADMSG;
	return answer.error.error;
}

static int nowhere_make(void *ret_fd)
{
	_cleanup_close_ int netlink = -1, fd = -1;
	int r;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (netlink < 0)
		return -errno;
	r = loopback_up();
	if (r == 0)
		r = everything_is_local(netlink, AF_INET);
	if (r < 0)
		return r;
	/* Where there is no IPv6 there are no sockets of it either. */
	(void)everything_is_local(netlink, AF_INET6);
	*(int *)ret_fd = TAKE_FD(fd);
	return 0;
}

int ptree_nowhere_open(void)
{
	int fd = -1;
	int r = ptree_netns_call(-1, false, nowhere_make, &fd);

	return r < 0 ? r : fd;
}
