// SPDX-License-Identifier: LGPL-2.1-or-later
/* Making the clone's UNIX sockets: pairs, and sockets whose peer, or whose own name, is out of reach. */
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "../call.h"
#include "netns.h"
#include "unix-names.h"
#include "unix-state.h"

/* In an empty root and in the network namespace that is nowhere, or the clone's own: every name is free there. */
struct nowhere_job {
	const struct ptree_file_info *info;
	const struct ptree_address *name;
	bool listen;
	bool connect;
	int fd;			/* the socket of that name, or the one that accept() made */
	int connected_fd;
};

int ptree_unix_directories_make(const struct ptree_address *name)
{
	const struct sockaddr_un *un = (const void *)&name->storage;
	char path[sizeof(un->sun_path) + 1] = { 0 };
	size_t size = name->size - sizeof(sa_family_t);

	if (un->sun_path[0] == '\0')
		return 0;
	memcpy(path, un->sun_path, size < sizeof(path) - 1 ? size : sizeof(path) - 1);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

static int nowhere_make(void *argument)
{
	struct nowhere_job *job = argument;
	_cleanup_close_ int named = -1, connected = -1;
	int type = job->info->type | SOCK_CLOEXEC;
	int r = ptree_unix_directories_make(job->name);

	if (r < 0)
		return r;
	named = socket(AF_UNIX, type, 0);
	if (named < 0 || bind(named, &job->name->sa, job->name->size) < 0)
		return -errno;
	if (job->listen && listen(named, SOMAXCONN) < 0)
		return -errno;
	if (job->connect) {
		connected = socket(AF_UNIX, type, 0);
		if (connected < 0 || connect(connected, &job->name->sa, job->name->size) < 0)
			return -errno;
		if (job->listen) {
			int accepted = accept4(named, NULL, NULL, SOCK_CLOEXEC);

			if (accepted < 0)
				return -errno;
			ptree_close_fd(named);
			named = accepted;
		}
	}
	job->fd = TAKE_FD(named);
	job->connected_fd = TAKE_FD(connected);
	return 0;
}

static int nowhere_run(struct ptree_op *op, struct nowhere_job *job, bool own)
{
	int netns = own ? op->namespaces.fds[PTREE_NAMESPACE_NET] : ptree_socket_nowhere(op, 0);
	_cleanup_close_ int root = -1;

	return netns < 0 ? netns : ptree_netns_call(netns, &root, nowhere_make, job);
}

static int make_named(struct ptree_op *op, struct ptree_file *f, bool listen)
{
	struct nowhere_job job = { .info = &f->info, .name = &unix_of(f)->name, .listen = listen, .fd = -1 };
	int r = nowhere_run(op, &job, unix_of(f)->own);

	if (r < 0)
		return r;
	unix_of(f)->elsewhere = true;
	f->twin_fd = job.fd;
	return 0;
}

int ptree_unix_make_severed(struct ptree_op *op, struct ptree_file *f, int *ret_peer_fd)
{
	struct nowhere_job job = {
		.info = &f->info,
		.name = &unix_of(f)->peer_name,
		.listen = !unix_is_datagram(f),
		.connect = true,
	};
	int fds[2], r;

	if (ptree_address_given(job.name)) {
		r = nowhere_run(op, &job, false);
		fds[0] = job.connected_fd;
		fds[1] = job.fd;
		unix_of(f)->elsewhere = r == 0;
	} else {
		r = ptree_socket_make(f, fds, 2);
	}
	if (r < 0)
		return r;
	f->twin_fd = fds[0];
	*ret_peer_fd = fds[1];
	return 0;
}

/* Paths and abstract names mean what they mean to the process; whether it may connect was asked when it did. */
static int make_reconnected(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	const struct ptree_address *to = &unix_of(f)->peer_name;
	size_t at;
	int r = ptree_socket_make(f, &f->twin_fd, 1);

	if (r < 0)
		return r;
	at = ptree_calls_data(&calls, &to->storage, to->size);
	ptree_calls_add(&calls, SYS_connect, CALL_FILE(f->twin_fd), CALL_DATA(at), CALL_NUMBER(to->size));
	r = ptree_calls_run(&calls, op, f->fds[0].member, PTREE_CALL_PRIVILEGED, "settle");
	if (r >= 0 || op->error.code < 0)
		return r;
	/* Whoever had the address is gone: it sends to nobody, as the source does. */
	f->twin_fd = ptree_close_fd(f->twin_fd);
	unix_of(f)->role = UNIX_SEVERED;
	return ptree_unix_make_severed(op, f, &unix_of(f)->peer_fd);
}

int ptree_unix_make(struct ptree_op *op, struct ptree_file *f)
{
	struct unix_state *s = unix_of(f);
	struct ptree_file *peer;
	int fds[2], r;

	switch (s->role) {
	case UNIX_ALONE:
		return s->bound ? make_named(op, f, false) : ptree_socket_make(f, &f->twin_fd, 1);
	case UNIX_LISTENER:
		return s->nr_callers > 0 ? ptree_unix_names_make(op) : make_named(op, f, true);
	case UNIX_SEVERED:
		return ptree_unix_make_severed(op, f, &s->peer_fd);
	case UNIX_RECONNECTED:
		return make_reconnected(op, f);
	case UNIX_NAMED:
	case UNIX_CALLER:
		return ptree_unix_names_make(op);
	case UNIX_PAIR:
		peer = ptree_unix_peer(op, f);
		r = ptree_socket_make(f, fds, 2);
		if (r < 0)
			return r;
		f->twin_fd = fds[0];
		peer->twin_fd = fds[1];
		return 0;
	}
	return -EINVAL;
}
