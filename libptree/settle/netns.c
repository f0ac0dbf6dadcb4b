// SPDX-License-Identifier: LGPL-2.1-or-later
/* Threads in other network namespaces, and the namespace that is nowhere. */
#include "netns.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

struct visit {
	int netns_fd;
	int *root_fd;
	int (*f)(void *argument);
	void *argument;
	int result;
};

/* A tmpfs that is mounted nowhere: it needs no mount namespace, and nothing is left of it whatever happens to us. */
static int root_make(void)
{
	_cleanup_close_ int context = -1;
	int mount;

	context = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	return mount < 0 ? -errno : mount;
}

static int root_enter(int *root_fd)
{
	if (*root_fd < 0)
		*root_fd = root_make();
	if (*root_fd < 0)
		return *root_fd;
	return unshare(CLONE_FS) < 0 || fchdir(*root_fd) < 0 || chroot(".") < 0 ? -errno : 0;
}

static void *visit_run(void *argument)
{
	struct visit *v = argument;

	if (v->netns_fd >= 0 && setns(v->netns_fd, CLONE_NEWNET) < 0) {
		v->result = -errno;
		return NULL;
	}
	v->result = v->root_fd ? root_enter(v->root_fd) : 0;
	if (v->result == 0)
		v->result = v->f(v->argument);
	return NULL;
}

int ptree_netns_call(int netns_fd, int *root_fd, int (*f)(void *argument), void *argument)
{
	struct visit v = { .netns_fd = netns_fd, .root_fd = root_fd, .f = f, .argument = argument };
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

int ptree_loopback_up(struct nl_sock *routing)
{
	struct ifinfomsg up = { .ifi_index = PTREE_LOOPBACK, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct nl_msg *m = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_REQUEST);

	if (!m || nlmsg_append(m, &up, sizeof(up), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(m);
		return -NLE_NOMEM;
	}
	return nl_send_sync(routing, m);
}

/* ip route add local default dev lo */
static int everything_is_local(struct nl_sock *routing, int family)
{
	struct rtmsg route = {
		.rtm_family = (unsigned char)family,
		.rtm_table = RT_TABLE_LOCAL,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL,
	};
	struct nl_msg *m = nlmsg_alloc_simple(RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_CREATE);

	if (!m || nlmsg_append(m, &route, sizeof(route), NLMSG_ALIGNTO) < 0 || nla_put_u32(m, RTA_OIF, PTREE_LOOPBACK) < 0) {
		nlmsg_free(m);
		return -NLE_NOMEM;
	}
	return nl_send_sync(routing, m);
}

static int routes_make(void)
{
	struct nl_sock *routing = nl_socket_alloc();
	int r = routing ? nl_connect(routing, NETLINK_ROUTE) : -NLE_NOMEM;

	if (r == 0)
		r = ptree_loopback_up(routing);
	if (r == 0)
		r = everything_is_local(routing, AF_INET);
	/* Where there is no IPv6 there are no sockets of it either. */
	if (r == 0)
		(void)everything_is_local(routing, AF_INET6);
	nl_socket_free(routing);
	return r == 0 ? 0 : r == -NLE_NOMEM ? -ENOMEM : r == -NLE_PERM ? -EPERM : -EIO;
}

static int nowhere_make(void *ret_fd)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = routes_make();
	if (r == 0)
		*(int *)ret_fd = TAKE_FD(fd);
	return r;
}

int ptree_nowhere_open(void)
{
	int fd = -1;
	int r = ptree_netns_call(-1, NULL, nowhere_make, &fd);

	return r < 0 ? r : fd;
}
