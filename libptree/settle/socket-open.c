// SPDX-License-Identifier: LGPL-2.1-or-later
/* A socket belongs to the network namespace of whoever makes it, and to his cgroup. What it is for is others' business. */
#include "socket-open.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "../call.h"
#include "../proc.h"
#include "netns.h"

struct opening {
	int family, type, protocol;
	int fd;
};

static int open_here(void *argument)
{
	struct opening *o = argument;

	o->fd = socket(o->family, o->type | SOCK_CLOEXEC, o->protocol);
	return o->fd < 0 ? -errno : 0;
}

/* It goes there, makes the socket and comes back: with PTREE_CALL_ALL, also where that fails. */
static int open_by_init(struct ptree_op *op, int netns_fd, struct opening *o)
{
	_cleanup_(ptree_calls_done) struct ptree_calls make = PTREE_CALLS_INIT;
	_cleanup_close_ int proc = ptree_proc_open(op->keeper.init_pid), home = -1;
	int r;

	if (proc < 0)
		return proc;
	home = openat(proc, "ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return -errno;
	ptree_calls_add(&make, SYS_setns, CALL_FILE(netns_fd), CALL_NUMBER(CLONE_NEWNET));
	ptree_calls_add(&make, SYS_socket, CALL_NUMBER(o->family), CALL_NUMBER(o->type | SOCK_CLOEXEC), CALL_NUMBER(o->protocol));
	ptree_calls_add(&make, SYS_setns, CALL_FILE(home), CALL_NUMBER(CLONE_NEWNET));
	r = ptree_calls_run(&make, op, NULL, PTREE_CALL_INIT | PTREE_CALL_PRIVILEGED | PTREE_CALL_ALL, "settle");
	if (r < 0)
		return r;
	if (make.results[1] >= 0)
		o->fd = r = ptree_call_take(op, NULL, (int)make.results[1], "settle");
	for (size_t i = 0; i < make.nr_results && r >= 0; i++)
		if (make.results[i] < 0)
			r = (int)make.results[i];
	if (r < 0)
		o->fd = ptree_close_fd(o->fd);
	return r < 0 ? r : 0;
}

int ptree_socket_open(struct ptree_op *op, int netns_fd, int family, int type, int protocol, int *ret_fd)
{
	struct opening o = { .family = family, .type = type, .protocol = protocol, .fd = -1 };
	int r = ptree_netns_call(netns_fd, NULL, open_here, &o);

	if (r == -EAFNOSUPPORT)
		r = open_by_init(op, netns_fd, &o);
	if (r == 0)
		*ret_fd = o.fd;
	return r;
}
