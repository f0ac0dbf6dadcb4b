// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A network namespace of the clone's own: the source's settings (/proc/sys/net), a loopback interface with all addresses
 * that are local in the source's, and nothing else. Who talks to an address of its own talks through loopback there too,
 * so that servers and clients inside the clone find each other by the addresses that they know.
 */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sched.h>
#include <string.h>

#include "../settle/netns.h"
#include "kinds.h"
#include "proc-sys.h"

struct address {
	struct ifaddrmsg about;
	unsigned char bytes[16];
	int size;
};

struct net_job {
	int source_fd, own_fd;
	struct address *addresses;
	size_t nr;
	bool oom;
	char *what;
};

static int address_take(struct nl_msg *m, void *argument)
{
	struct nlattr *attrs[IFA_MAX + 1], *local;
	struct net_job *job = argument;
	struct ifaddrmsg *about = nlmsg_data(nlmsg_hdr(m));
	struct address *grown;

	if (nlmsg_parse(nlmsg_hdr(m), sizeof(*about), attrs, IFA_MAX, NULL) < 0)
		return NL_SKIP;
	local = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	/* An address of a link means nothing without the link. */
	if (!local || (size_t)nla_len(local) > sizeof(grown->bytes) ||
	    (about->ifa_scope == RT_SCOPE_LINK && about->ifa_index != PTREE_LOOPBACK))
		return NL_SKIP;
	grown = reallocarray(job->addresses, job->nr + 1, sizeof(*grown));
	if (!grown) {
		job->oom = true;
		return NL_STOP;
	}
	job->addresses = grown;
	grown[job->nr] = (struct address){ .about = *about, .size = nla_len(local) };
	memcpy(grown[job->nr++].bytes, nla_data(local), (size_t)nla_len(local));
	return NL_OK;
}

static int failed(const struct net_job *job, const char *doing, int r)
{
	snprintf(job->what, PTREE_HELPER_WHAT_MAX, "%s: %s", doing, nl_geterror(r));
	return -EIO;
}

static struct nl_sock *route_open(void)
{
	struct nl_sock *socket = nl_socket_alloc();

	if (socket && nl_connect(socket, NETLINK_ROUTE) < 0) {
		nl_socket_free(socket);
		return NULL;
	}
	return socket;
}

static int addresses_read(struct net_job *job)
{
	struct rtgenmsg all = { .rtgen_family = AF_UNSPEC };
	struct nl_sock *socket = route_open();
	int r;

	if (!socket)
		return failed(job, "a routing socket", -NLE_NOMEM);
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, address_take, job);
	r = nl_send_simple(socket, RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));
	if (r >= 0)
		r = nl_recvmsgs_default(socket);
	nl_socket_free(socket);
	if (job->oom)
		return -ENOMEM;
	return r < 0 ? failed(job, "the source's addresses", r) : 0;
}

/* Of other interfaces the address alone: what is behind them is not there. */
static int address_add(struct nl_sock *socket, const struct address *a)
{
	bool loopback = a->about.ifa_index == PTREE_LOOPBACK;
	struct ifaddrmsg about = {
		.ifa_family = a->about.ifa_family,
		.ifa_prefixlen = loopback ? a->about.ifa_prefixlen : (unsigned char)(8 * a->size),
		.ifa_scope = loopback ? a->about.ifa_scope : RT_SCOPE_UNIVERSE,
		.ifa_index = PTREE_LOOPBACK,
	};
	struct nl_msg *m = nlmsg_alloc_simple(RTM_NEWADDR, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
	int r;

	if (!m || nlmsg_append(m, &about, sizeof(about), NLMSG_ALIGNTO) < 0 || nla_put(m, IFA_LOCAL, a->size, a->bytes) < 0 ||
	    nla_put(m, IFA_ADDRESS, a->size, a->bytes) < 0 || nla_put_u32(m, IFA_FLAGS, IFA_F_NODAD) < 0) {
		nlmsg_free(m);
		return -NLE_NOMEM;
	}
	r = nl_send_sync(socket, m);
	return r == -NLE_EXIST ? 0 : r;
}

static int addresses_write(struct net_job *job)
{
	struct nl_sock *socket = route_open();
	int r;

	if (!socket)
		return failed(job, "a routing socket", -NLE_NOMEM);
	r = ptree_loopback_up(socket);
	if (r < 0)
		r = failed(job, "loopback up", r);
	for (size_t i = 0; i < job->nr && r == 0; i++) {
		r = address_add(socket, &job->addresses[i]);
		if (r < 0)
			r = failed(job, "an address on loopback", r);
	}
	nl_socket_free(socket);
	return r;
}

static int net_make(void *argument, char *what)
{
	_cleanup_(ptree_settings_done) struct ptree_settings settings = { 0 };
	_cleanup_close_ int sys = ptree_proc_sys_open();
	struct net_job *job = argument;
	int r;

	job->what = what;
	strcpy(what, "opening /proc/sys");
	if (sys < 0)
		return sys;
	strcpy(what, "entering the source's");
	if (setns(job->source_fd, CLONE_NEWNET) < 0)
		return -errno;
	strcpy(what, "reading the settings of the source's");
	r = ptree_settings_read(&settings, sys, "net");
	if (r == 0)
		r = addresses_read(job);
	if (r < 0)
		return r;
	strcpy(what, "entering it");
	if (setns(job->own_fd, CLONE_NEWNET) < 0)
		return -errno;
	ptree_settings_write(&settings, sys);
	return addresses_write(job);
}

int ptree_net_setup(struct ptree_op *op, int source_fd, pid_t maker)
{
	struct net_job job = { .source_fd = source_fd, .own_fd = op->namespaces.fds[PTREE_NAMESPACE_NET] };
	_cleanup_helper_ struct ptree_helper helper = PTREE_HELPER_INIT;
	char what[PTREE_HELPER_WHAT_MAX];
	int r;

	(void)maker;
	r = ptree_helper_start(&helper, &(struct ptree_helper_job){
		.work = net_make,
		.argument = &job,
		.pidns_fd = -1,
		.keep = (int[]){ job.source_fd, job.own_fd },
		.nr_keep = 2,
	}, what);
	return r < 0 ? ptree_namespace_error(op, PTREE_NAMESPACE_NET, r, what) : 0;
}
