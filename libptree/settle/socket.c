// SPDX-License-Identifier: LGPL-2.1-or-later
/* Making sockets that are like others. */
#include "socket.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../call.h"
#include "netns.h"
#include "socket-open.h"

struct making {
	const struct ptree_file_info *info;
	int *fds;
	size_t nr;
};

static int make(void *argument)
{
	const struct making *m = argument;
	int type = m->info->type | SOCK_CLOEXEC;

	if (m->nr == 2)
		return socketpair(m->info->family, type, m->info->protocol, m->fds) < 0 ? -errno : 0;
	m->fds[0] = socket(m->info->family, type, m->info->protocol);
	return m->fds[0] < 0 ? -errno : 0;
}

static uint64_t netns_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	(void)getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size);
	return cookie;
}

static void unmake(struct making *m)
{
	for (size_t i = 0; i < m->nr; i++)
		m->fds[i] = ptree_close_fd(m->fds[i]);
}

/* Firewalls and fstat() tell the owner, who is the one of the time when it was made. */
static int owner_write(const struct making *m, int old)
{
	struct stat st;

	if (fstat(old, &st) < 0)
		return -errno;
	for (size_t i = 0; i < m->nr; i++)
		if ((st.st_uid != geteuid() || st.st_gid != getegid()) && fchown(m->fds[i], st.st_uid, st.st_gid) < 0)
			return -errno;
	return 0;
}

int ptree_socket_make(const struct ptree_file *f, int *fds, size_t nr)
{
	/* The clone has the source's own until INSTALL. */
	_cleanup_close_ int old = ptree_file_borrow_twin(f);
	struct making m = { .info = &f->info, .fds = fds, .nr = nr };
	int r;

	if (old < 0)
		return old;
	r = make(&m);
	if (r < 0)
		return r;
	if (netns_cookie(fds[0]) != netns_cookie(old)) {
		_cleanup_close_ int netns = ioctl(old, SIOCGSKNS);

		if (netns < 0)
			r = -errno;
		unmake(&m);
		if (r == 0)
			r = ptree_netns_call(netns, NULL, make, &m);
		if (r < 0)
			return r;
	}
	r = owner_write(&m, old);
	if (r < 0)
		unmake(&m);
	return r;
}

/* By somebody else, where the process itself cannot. */
static int make_for(struct ptree_op *op, const struct ptree_file *f, int old, int *ret_fd)
{
	struct making m = { .info = &f->info, .fds = ret_fd, .nr = 1 };
	_cleanup_close_ int netns = ioctl(old, SIOCGSKNS);
	int r;

	if (netns < 0)
		return -errno;
	r = ptree_socket_open(op, netns, (int)f->info.family, (int)f->info.type, (int)f->info.protocol, ret_fd);
	if (r < 0)
		return r;
	r = owner_write(&m, old);
	if (r < 0)
		unmake(&m);
	return r;
}

int ptree_socket_make_inside(struct ptree_op *op, const struct ptree_file *f, int *ret_fd)
{
	_cleanup_(ptree_calls_done) struct ptree_calls make = PTREE_CALLS_INIT;
	const struct ptree_member *member = f->fds[0].member;
	_cleanup_close_ int fd = -1, old = ptree_file_borrow_twin(f);
	int r;

	if (old < 0)
		return old;
	ptree_calls_add(&make, SYS_socket, CALL_NUMBER(f->info.family), CALL_NUMBER(f->info.type | SOCK_CLOEXEC),
			CALL_NUMBER(f->info.protocol));
	r = ptree_calls_run(&make, op, member, 0, "settle");
	/* Programs of another architecture make no calls for us, and some are at the limit of their descriptors. */
	if (r == -EOPNOTSUPP || r == -EMFILE)
		return make_for(op, f, old, ret_fd);
	if (r < 0)
		return r;
	fd = ptree_call_take(op, member, (int)make.results[0], "settle");
	if (fd < 0)
		return fd;
	/* The process has gone to another network namespace since: of itself, not because the clone has its own. */
	if (op->namespaces.fds[PTREE_NAMESPACE_NET] < 0 && netns_cookie(fd) != netns_cookie(old))
		return make_for(op, f, old, ret_fd);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int ptree_socket_finish(const struct ptree_socket_options *o, const struct ptree_file *f, int fd, bool elsewhere)
{
	int r = ptree_socket_options_write(o, fd, &f->info, elsewhere);

	return r < 0 ? r : ptree_socket_peek_offset_write(o, fd);
}

bool ptree_socket_is_standard(const struct ptree_file *f)
{
	for (size_t i = 0; i < f->nr_fds; i++)
		if (f->fds[i].fd <= STDERR_FILENO)
			return true;
	return false;
}

size_t ptree_socket_bytes(int fd)
{
	int n = 0;

	return ioctl(fd, SIOCINQ, &n) == 0 && n > 0 ? (size_t)n : 0;
}

int ptree_socket_refuse(struct ptree_op *op, struct ptree_file *f, const char *why)
{
	char name[400];

	f->policy = PTREE_POLICY_REFUSE;
	return ptree_error_set(&op->error, -EOPNOTSUPP, f->nr_fds > 0 ? f->fds[0].member->pid : 0, "%s: %s: %s",
			       ptree_step_name(op->step), ptree_file_describe(f, name, sizeof(name)), why);
}

int ptree_socket_note_shared_listener(struct ptree_file *f)
{
	return f->info.backlog > 0 ?
	       ptree_file_note(f, "source and clone accept connections; the %u that wait are either's", f->info.backlog) :
	       ptree_file_note(f, "source and clone accept connections");
}

int ptree_socket_nowhere(struct ptree_op *op, unsigned which)
{
	if (op->nowhere_fds[which] < 0)
		op->nowhere_fds[which] = ptree_nowhere_open();
	return op->nowhere_fds[which];
}
