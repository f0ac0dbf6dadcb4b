// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Bound in a file system that nobody else sees (a path is found by its inode, whatever network namespace one is in;
 * unix_find_bsd(), net/unix/af_unix.c, read in v6.1, v6.12, v7.2), and abstract names in the network namespace that is
 * nowhere, or the clone's own. First all are made, then their queues are filled, each message from a socket of its
 * sender's name, and last they are connected: who is connected takes messages from its peer only.
 */
#include "unix-names.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "netns.h"

struct names_job {
	struct ptree_op *op;
	bool installed;
	struct ptree_file *failed;	/* whose turn it was */
};

static const struct sockaddr_un *address_of(const struct ptree_address *a)
{
	return (const void *)&a->storage;
}

static bool is_abstract(const struct ptree_address *a)
{
	return ptree_address_given(a) && address_of(a)->sun_path[0] == '\0';
}

static bool is_same_name(const struct ptree_address *a, const void *name, size_t size)
{
	return a->size == size && memcmp(&a->storage, name, size) == 0;
}

/* The file whose descriptor all of them hang on, for all that are done. */
static struct ptree_file *next(struct ptree_op *op, struct ptree_file *f)
{
	struct ptree_file *end = op->files.files + op->files.nr_files;

	for (f = f ? f + 1 : op->files.files; f < end; f++)
		if (f->info.family == AF_UNIX && f->policy == PTREE_POLICY_PRIVATE && ptree_unix_is_by_name(f))
			return f;
	return NULL;
}

#define for_each_by_name(op, f) for (struct ptree_file *f = next(op, NULL); f; f = next(op, f))

static bool needs_namespace(struct ptree_op *op, const struct ptree_file *f)
{
	const struct unix_state *s = unix_of(f);

	(void)op;
	return is_abstract(&s->name) || is_abstract(&s->peer_name);
}

/* Those of abstract names are of the namespace that the names are in; others of the source's. */
static int socket_make(struct ptree_op *op, struct ptree_file *f)
{
	struct unix_state *s = unix_of(f);
	int fd = -1, r = 0;

	if (needs_namespace(op, f)) {
		fd = socket(AF_UNIX, (int)f->info.type | SOCK_CLOEXEC, 0);
		s->elsewhere = true;
		r = fd < 0 ? -errno : 0;
	} else {
		r = ptree_socket_make(f, &fd, 1);
	}
	if (r < 0)
		return r;
	f->twin_fd = fd;
	s->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return s->fd < 0 ? -errno : 0;
}

/* A root for one socket: several may have the same path, of different directories or times. */
static int root_enter(struct ptree_op *op, const struct ptree_file *f)
{
	_cleanup_close_ int fd = -1;
	char name[24];

	snprintf(name, sizeof(name), "%zu", (size_t)(f - op->files.files));
	if (mkdirat(op->names_fd, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(op->names_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fchdir(fd) < 0 || chroot(".") < 0 ? -errno : 0;
}

static int name_give(int fd, const struct ptree_address *name)
{
	int r = ptree_unix_directories_make(name);

	if (r < 0)
		return r;
	return bind(fd, &name->sa, name->size) < 0 ? -errno : 0;
}

static bool has_own_name(const struct ptree_file *f)
{
	return unix_of(f)->role != UNIX_CALLER && ptree_address_given(&unix_of(f)->name);
}

static struct ptree_file *by_name(struct ptree_op *op, const void *name, size_t size)
{
	for_each_by_name(op, f)
		if (unix_is_datagram(f) && has_own_name(f) && is_same_name(&unix_of(f)->name, name, size))
			return f;
	return NULL;
}

/* A socket to send a message from; *ret_own: it is to be closed, and its name to be given up. */
static int sender_get(struct ptree_op *op, const struct ptree_message *m, bool *ret_own)
{
	const struct sockaddr_un *un = (const void *)m->name;
	struct ptree_file *f = m->name ? by_name(op, m->name, m->name_size) : NULL;
	struct ptree_address name = { .size = (socklen_t)m->name_size };
	int fd, r;

	*ret_own = !f;
	if (f)
		return unix_of(f)->fd;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || !un)
		return fd < 0 ? -errno : fd;
	memcpy(&name.storage, m->name, m->name_size);
	r = name_give(fd, &name);
	if (r < 0) {
		ptree_close_fd(fd);
		return r;
	}
	return fd;
}

static void sender_put(const struct ptree_message *m, int fd)
{
	struct sockaddr_un un = { 0 };

	ptree_close_fd(fd);
	if (!m->name)
		return;
	memcpy(&un, m->name, m->name_size < sizeof(un) ? m->name_size : sizeof(un) - 1);
	if (un.sun_path[0])
		unlink(un.sun_path);
}

static int message_send(struct ptree_op *op, struct ptree_file *f, const struct ptree_message *m)
{
	const struct ptree_address *to = &unix_of(f)->name;
	int room = 1 << 30, fd, r = root_enter(op, f);
	bool own;

	if (r < 0)
		return r;
	fd = sender_get(op, m, &own);
	if (fd < 0)
		return fd;
	/* It has been in there once, so it has room. A member's own limit comes with its options. */
	r = setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0 ? -errno : 0;
	if (r == 0)
		r = ptree_message_send(&unix_of(f)->queue, op, m, fd, SOCK_DGRAM, &to->sa, to->size);
	if (own)
		sender_put(m, fd);
	return r;
}

/* Up to the first with descriptors, which have to wait for INSTALL. */
static int fill(struct ptree_op *op, struct ptree_file *f, bool installed)
{
	struct ptree_queue *q = &unix_of(f)->queue;

	for (; q->nr_sent < q->nr_messages; q->nr_sent++) {
		const struct ptree_message *m = &q->messages[q->nr_sent];
		int r;

		if (m->nr_rights > 0 && !installed)
			return 0;
		r = message_send(op, f, m);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool all_sent(struct ptree_op *op)
{
	for_each_by_name(op, f)
		if (unix_of(f)->queue.nr_sent < unix_of(f)->queue.nr_messages)
			return false;
	return true;
}

/* As the one whom the source's connected as, for whoever asks the accepted socket (SO_PEERCRED). */
static int connect_as(const struct ptree_file *f, int fd, const struct ptree_address *to)
{
	_cleanup_close_ int old = ptree_file_borrow_twin(f);
	uid_t uid = geteuid();
	gid_t gid = getegid();
	struct stat st;
	int r;

	if (old < 0 || fstat(old, &st) < 0)
		return old < 0 ? old : -errno;
	/* Of this thread only, where the C library would do it for all. */
	if (syscall(SYS_setresgid, -1, st.st_gid, -1) < 0 || syscall(SYS_setresuid, -1, st.st_uid, -1) < 0)
		return -errno;
	r = connect(fd, &to->sa, to->size) < 0 ? -errno : 0;
	if (syscall(SYS_setresuid, -1, uid, -1) < 0 || syscall(SYS_setresgid, -1, gid, -1) < 0)
		return -errno;
	return r;
}

/* The connections that wait at a listener, in their order. */
static int callers_connect(struct ptree_op *op, struct ptree_file *listener)
{
	struct unix_state *s = unix_of(listener);
	int r = root_enter(op, listener);

	if (r == 0 && listen(s->fd, s->backlog) < 0)
		r = -errno;
	for (size_t i = 0; i < s->nr_callers && r == 0; i++)
		for_each_by_name(op, f)
			if (f->info.ino == s->callers[i] && unix_of(f)->role == UNIX_CALLER)
				r = connect_as(f, unix_of(f)->fd, &s->name);
	return r;
}

static int peer_connect(struct ptree_op *op, struct ptree_file *f)
{
	struct ptree_file *peer = ptree_unix_peer(op, f);
	const struct ptree_address *to;
	int r;

	if (!unix_is_datagram(f) || !f->info.peer)
		return 0;
	if (!peer || !ptree_unix_is_by_name(peer))
		return -ENOTCONN;
	r = root_enter(op, peer);
	if (r < 0)
		return r;
	to = &unix_of(peer)->name;
	return connect(unix_of(f)->fd, &to->sa, to->size) < 0 ? -errno : 0;
}

static int make_all(struct names_job *job)
{
	int r = 0;

	for_each_by_name(job->op, f) {
		job->failed = f;
		if (f->twin_fd < 0)
			r = socket_make(job->op, f);
		if (r == 0 && has_own_name(f))
			r = root_enter(job->op, f);
		if (r == 0 && has_own_name(f))
			r = name_give(unix_of(f)->fd, &unix_of(f)->name);
		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_all(struct names_job *job)
{
	for_each_by_name(job->op, f) {
		int r = has_own_name(f) && unix_is_datagram(f) ? fill(job->op, f, job->installed) : 0;

		job->failed = f;
		if (r < 0)
			return r;
	}
	return 0;
}

static int connect_all(struct names_job *job)
{
	int r = 0;

	for_each_by_name(job->op, f) {
		job->failed = f;
		r = unix_of(f)->role == UNIX_LISTENER ? callers_connect(job->op, f) : peer_connect(job->op, f);
		if (r < 0)
			return r;
	}
	for_each_by_name(job->op, f) {
		job->failed = f;
		r = ptree_unix_end_finish(f, unix_of(f)->fd);
		if (r < 0)
			return r;
		unix_of(f)->fd = ptree_close_fd(unix_of(f)->fd);
	}
	return 0;
}

static int work(void *argument)
{
	struct names_job *job = argument;
	int r;

	umask(0);
	r = job->installed ? 0 : make_all(job);
	if (r == 0)
		r = fill_all(job);
	if (r == 0 && all_sent(job->op))
		r = connect_all(job);
	return r;
}

static int run(struct ptree_op *op, bool installed)
{
	bool own = ptree_namespace_private(&op->policies, PTREE_NAMESPACE_NET);
	int netns = own ? op->namespaces.fds[PTREE_NAMESPACE_NET] : ptree_socket_nowhere(op, 0);
	struct names_job job = { .op = op, .installed = installed };
	int r = netns < 0 ? netns : ptree_netns_call(netns, &op->names_fd, work, &job);

	if (r < 0 && op->error.code == 0 && job.failed)
		return ptree_file_error(op, job.failed, r, "it and those that know its name cannot be made in the clone");
	return r;
}

int ptree_unix_names_make(struct ptree_op *op)
{
	return run(op, false);
}

int ptree_unix_names_finish(struct ptree_op *op)
{
	return run(op, true);
}
