// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * UDP. A port is one socket's only in its network namespace: one that is bound is shared, unless the clone has a namespace
 * of its own; any other is private.
 */
#include <netinet/in.h>
#include <sys/stat.h>

#include "inet-state.h"
#include "inet.h"
#include "status.h"

bool ptree_udp_is(const struct ptree_file *f)
{
	return S_ISSOCK(f->info.mode) && (f->info.family == AF_INET || f->info.family == AF_INET6) &&
	       f->info.type == SOCK_DGRAM && f->info.protocol == IPPROTO_UDP;
}

int ptree_udp_judge(struct ptree_op *op, struct ptree_file *f)
{
	enum ptree_policy asked = ptree_policy_asked(op, PTREE_GROUP_UDP);
	int r;

	if (asked == PTREE_POLICY_SHARE)
		return ptree_file_note(f, "one socket for both: what one reads the other misses");
	r = ptree_inet_look(op, f);
	if (r < 0)
		return r;
	if (!ptree_inet_has_port(&inet_of(f)->local))
		return ptree_inet_become(f, INET_ALONE, PTREE_POLICY_PRIVATE, NULL);
	if (asked == PTREE_POLICY_SEVER)
		return ptree_inet_become(f, INET_NOWHERE, PTREE_POLICY_SEVER,
					 "has its address, where nothing comes from and nothing gets anywhere");
	if (ptree_inet_is_private(op))
		return ptree_inet_become(f, INET_OWN, PTREE_POLICY_PRIVATE, NULL);
	return ptree_inet_become(f, 0, PTREE_POLICY_SHARE,
				 "its port can be one socket's only: what comes goes to source or clone");
}

int ptree_udp_capture(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_close_ int fd = ptree_file_borrow(f);
	int r;

	if (fd < 0)
		return ptree_file_error(op, f, fd, "cannot be looked at");
	r = ptree_socket_options_read(&inet_of(f)->options, fd, &f->info, PTREE_SOCKET_PAUSE);
	if (r < 0)
		return ptree_file_error(op, f, r, "its options cannot be read");
	if (f->info.queued > 0)
		return ptree_socket_refuse(op, f, "messages that wait in it would be lost; --share=udp lets both sides use it");
	return 0;
}

static int then_connect(const struct inet_state *s, int fd)
{
	return s->remote.size > 0 && connect(fd, &s->remote.sa, s->remote.size) < 0 ? -errno : 0;
}

static int settle(struct ptree_op *op, struct ptree_file *f)
{
	struct inet_state *s = inet_of(f);
	_cleanup_close_ int old = ptree_file_borrow_twin(f);
	int r;

	if (old < 0)
		return old;
	r = ptree_socket_options_read(&s->options, old, &f->info, PTREE_SOCKET_LATER);
	if (r < 0)
		return r;
	if (s->role == INET_OWN) {
		r = ptree_inet_make_bound(op, f, then_connect);
		if (r != -ENETUNREACH)
			return r;
		s->role = INET_NOWHERE; /* its peer is where no way leads to from there */
	}
	if (s->role == INET_NOWHERE)
		return ptree_inet_make_bound(op, f, then_connect);
	r = ptree_socket_make_inside(op, f, &f->twin_fd);
	return r < 0 ? r : ptree_socket_finish(&s->options, f, f->twin_fd, false);
}

int ptree_udp_settle(struct ptree_op *op, struct ptree_file *f)
{
	int r = settle(op, f);

	return r < 0 ? ptree_file_error(op, f, r, "the clone's cannot be made") : ptree_status_set(op, f, f->twin_fd);
}
