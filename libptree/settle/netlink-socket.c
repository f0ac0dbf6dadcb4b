// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Netlink: a new socket of the same protocol, in the same groups. Its port number is another, for that of the source's is
 * taken; what the kernel keeps for a port number (a queue of packets, a dump half read) stays the source's.
 */
#include <linux/netlink.h>
#include <sys/stat.h>

#include "inet-state.h"
#include "inet.h"
#include "status.h"

bool ptree_netlink_is(const struct ptree_file *f)
{
	return S_ISSOCK(f->info.mode) && f->info.family == AF_NETLINK;
}

static bool has_number(const struct ptree_address *a)
{
	const struct sockaddr_nl *nl = (const void *)&a->storage;

	return a->size >= sizeof(*nl) && nl->nl_pid != 0;
}

int ptree_netlink_judge(struct ptree_op *op, struct ptree_file *f)
{
	int r;

	if (f->policy == PTREE_POLICY_SHARE)
		return ptree_file_note(f, "one socket for both: what one reads the other misses");
	r = ptree_inet_look(op, f);
	if (r < 0)
		return r;
	if (f->info.queued > 0)
		return ptree_file_refuse(f, "a netlink socket with messages that wait to be read (%u) cannot be cloned; "
					    "--share=other shares it", f->info.queued);
	return ptree_inet_become(f, INET_ALONE, PTREE_POLICY_PRIVATE,
				 has_number(&inet_of(f)->local) ? "a netlink socket with another port number" : NULL);
}

int ptree_netlink_capture(struct ptree_op *op, struct ptree_file *f)
{
	struct inet_state *s = inet_of(f);
	_cleanup_close_ int fd = ptree_file_borrow(f);
	socklen_t size = sizeof(s->groups);
	int r;

	if (fd < 0)
		return ptree_file_error(op, f, fd, "cannot be looked at");
	r = ptree_socket_options_read(&s->options, fd, &f->info, PTREE_SOCKET_PAUSE);
	if (r < 0)
		return ptree_file_error(op, f, r, "its options cannot be read");
	if (getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, s->groups, &size) < 0)
		return ptree_file_error(op, f, -errno, "its groups cannot be read");
	if (size > sizeof(s->groups))
		return ptree_file_error(op, f, -E2BIG, "its groups cannot be read");
	return 0;
}

static int groups_join(const struct inet_state *s, int fd)
{
	for (int i = 0; i < INET_MAX_GROUPS; i++) {
		int group = i + 1;

		if (s->groups[i / 32] & UINT32_C(1) << i % 32 &&
		    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
			return -errno;
	}
	return 0;
}

/* Where the old one has a number this one has one too: that of its process, which is nobody else's, or any. */
static int number_bind(const struct ptree_file *f, int fd)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK, .nl_pid = (uint32_t)f->fds[0].member->twin };

	if (!has_number(&inet_of(f)->local) || bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0)
		return 0;
	own.nl_pid = 0;
	return errno == EADDRINUSE && bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0 ? 0 : -errno;
}

static int peer_connect(const struct inet_state *s, int fd)
{
	const struct sockaddr_nl *to = (const void *)&s->remote.storage;

	if (s->remote.size < sizeof(*to) || (to->nl_pid == 0 && to->nl_groups == 0))
		return 0;
	return connect(fd, &s->remote.sa, s->remote.size) < 0 ? -errno : 0;
}

int ptree_netlink_settle(struct ptree_op *op, struct ptree_file *f)
{
	const struct inet_state *s = inet_of(f);
	int r = ptree_socket_make_inside(op, f, &f->twin_fd);

	/* The filter before the groups: what it keeps away has never been seen. */
	if (r == 0)
		r = ptree_socket_finish(&s->options, f, f->twin_fd, false);
	if (r == 0)
		r = number_bind(f, f->twin_fd);
	if (r == 0)
		r = groups_join(s, f->twin_fd);
	if (r == 0)
		r = peer_connect(s, f->twin_fd);
	return r < 0 ? ptree_file_error(op, f, r, "the clone's cannot be made") : ptree_status_set(op, f, f->twin_fd);
}
