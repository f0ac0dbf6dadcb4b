// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * UNIX sockets. Both ends inside: the clone has a pair of its own, with the same bytes, messages and descriptors on their
 * way. An end outside: the clone reads what had come, and then that the other side is gone. Names and the credentials of
 * peers come with INSTALL.
 */
#include "unix.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "status.h"
#include "unix-backlog.h"
#include "unix-names.h"
#include "unix-state.h"

bool ptree_unix_is_listener(const struct ptree_file *f)
{
	return S_ISSOCK(f->info.mode) && f->info.family == AF_UNIX && f->info.state == 10 /* TCP_LISTEN */;
}

bool ptree_unix_is(const struct ptree_file *f)
{
	return S_ISSOCK(f->info.mode) && f->info.family == AF_UNIX;
}

int ptree_unix_judge_listener(struct ptree_op *op, struct ptree_file *f)
{
	int r;

	r = ptree_unix_look(op, f);
	if (r < 0)
		return r;
	unix_of(f)->role = UNIX_LISTENER;
	if (!ptree_policy_asked(op, PTREE_GROUP_LISTEN) && f->info.backlog > 0) {
		r = ptree_unix_backlog_judge(op, f);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	if (!ptree_policy_asked(op, PTREE_GROUP_LISTEN) && ptree_unix_is_free(op, f)) {
		unix_of(f)->own = true;
		f->policy = PTREE_POLICY_PRIVATE;
		return f->info.backlog > 0 ? ptree_file_note(f, "connections that wait to be accepted are the source's") : 0;
	}
	if (f->policy == PTREE_POLICY_SHARE)
		return ptree_socket_note_shared_listener(f);
	return ptree_file_note(f, "has its name, by which nobody can reach it");
}

/* Whether the next read() tells an error: asking for it would take it. */
static bool has_error(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

int ptree_unix_capture(struct ptree_op *op, struct ptree_file *f)
{
	struct unix_state *s = unix_of(f);
	_cleanup_close_ int fd = ptree_file_borrow(f);
	int r;

	if (fd < 0)
		return ptree_file_error(op, f, fd, "cannot be looked at");
	r = ptree_socket_options_read(&s->options, fd, &f->info, PTREE_SOCKET_PAUSE);
	if (r < 0)
		return ptree_file_error(op, f, r, "its options cannot be read");
	s->reset = has_error(fd);
	if (s->role == UNIX_LISTENER)
		return 0;
	r = ptree_queue_peek(&s->queue, fd, f->info.type, f->info.queued);
	if (r == -ENODATA)
		return ptree_socket_refuse(op, f, "more waits in it than can be read without taking it (urgent data?)");
	if (r < 0)
		return ptree_file_error(op, f, r, "what waits to be read from it cannot be copied");
	/* Connecting it anew would empty it, and a message of a name comes from a socket of that name only. */
	if (s->queue.nr_messages > 0 && (s->role == UNIX_RECONNECTED || s->role == UNIX_ALONE ||
					 (s->role == UNIX_SEVERED && unix_is_datagram(f) && ptree_address_given(&s->peer_name))))
		return ptree_socket_refuse(op, f, "messages wait in it of somebody whom it is not connected to; "
						  "--share=unix lets both sides use it");
	return 0;
}

/* A file that is in a message only has no row of the table: it is the source's, as fork() would have it. */
static int strangers_note(struct ptree_file *f)
{
	const struct ptree_queue *q = &unix_of(f)->queue;
	size_t nr = 0;

	for (size_t i = 0; i < q->nr_rights; i++)
		nr += !q->rights[i].file;
	return nr ? ptree_file_note(f, "%zu descriptors under way in it are of files that nobody in the tree has open: both sides "
				       "get the same", nr) : 0;
}

/*
 * Which files the descriptors under way are, in all queues. A socket that is also under way to a member is not outside
 * on that account, as it looked when it was judged.
 */
static int queues_resolve(struct ptree_op *op)
{
	struct ptree_files *files = &op->files;
	bool again = false;
	int r = 0;

	for (size_t i = 0; i < files->nr_files; i++) {
		struct ptree_file *f = &files->files[i];
		struct unix_state *s = f->kind && f->kind->judge == ptree_unix_judge ? unix_of(f) : NULL;

		if (!s || s->resolved)
			continue;
		s->resolved = true;
		ptree_queue_resolve(&s->queue, op);
		r = strangers_note(f);
		if (r < 0)
			return r;
		for (size_t j = 0; j < s->queue.nr_rights; j++) {
			struct ptree_file *way = s->queue.rights[j].file;

			if (way && way->kind && way->kind->judge == ptree_unix_judge && way->state) {
				unix_of(way)->under_way++;
				again = true;
			}
		}
	}
	for (size_t i = 0; again && i < files->nr_files && r == 0; i++) {
		struct ptree_file *f = &files->files[i];

		if (f->kind && f->kind->judge == ptree_unix_judge && f->state && f->policy == PTREE_POLICY_SEVER)
			r = ptree_unix_judge(op, f);
	}
	return r;
}

int ptree_unix_end_finish(struct ptree_file *f, int fd)
{
	struct unix_state *s = unix_of(f);
	bool read = f->info.is & PTREE_FILE_SHUT_READ, write = f->info.is & PTREE_FILE_SHUT_WRITE;
	int r = ptree_socket_finish(&s->options, f, fd, s->elsewhere);

	if (r < 0)
		return r;
	/* Whoever leaves unread bytes behind resets the connection. */
	if (s->role == UNIX_SEVERED) {
		if (s->reset && send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return -errno;
		s->peer_fd = ptree_close_fd(s->peer_fd);
	}
	if ((read || write) && s->role != UNIX_LISTENER &&
	    shutdown(fd, read && write ? SHUT_RDWR : read ? SHUT_RD : SHUT_WR) < 0 && errno != ENOTCONN)
		return -errno;
	return 0;
}

/* As far as it can be now, both ends of a pair: *ret_done says whether that was all. */
static int fill(struct ptree_op *op, struct ptree_file *f, int fd, struct ptree_file *peer, int peer_fd, bool installed,
		bool *ret_done)
{
	int r = 0;

	if (peer_fd >= 0)
		r = ptree_queue_send(&unix_of(f)->queue, op, peer_fd, f->info.type, installed);
	if (r == 0 && peer)
		r = ptree_queue_send(&unix_of(peer)->queue, op, fd, f->info.type, installed);
	if (r < 0)
		return r;
	*ret_done = !ptree_queue_waits(&unix_of(f)->queue) && !(peer && ptree_queue_waits(&unix_of(peer)->queue));
	if (!*ret_done)
		return 0;
	r = ptree_unix_end_finish(f, fd);
	return r == 0 && peer ? ptree_unix_end_finish(peer, peer_fd) : r;
}

int ptree_unix_settle(struct ptree_op *op, struct ptree_file *f)
{
	struct unix_state *s = unix_of(f);
	struct ptree_file *peer;
	bool done = false;
	int r;

	r = queues_resolve(op);
	if (r < 0)
		return r;
	if (f->twin_fd >= 0 && !ptree_unix_is_by_name(f))
		return 0;	/* made with its peer */
	r = f->twin_fd < 0 ? ptree_unix_make(op, f) : 0;
	if (r < 0)
		return op->error.code == 0 ? ptree_file_error(op, f, r, "its like cannot be made") : r;
	peer = s->role == UNIX_PAIR ? ptree_unix_peer(op, f) : NULL;
	r = ptree_status_set(op, f, f->twin_fd);
	if (r == 0 && peer)
		r = ptree_status_set(op, peer, peer->twin_fd);
	if (r < 0 || ptree_unix_is_by_name(f))
		return r;
	r = fill(op, f, f->twin_fd, peer, peer ? peer->twin_fd : s->peer_fd, false, &done);
	if (r == 0 && !done) {
		s->fd = fcntl(f->twin_fd, F_DUPFD_CLOEXEC, 3);
		if (peer)
			s->peer_fd = fcntl(peer->twin_fd, F_DUPFD_CLOEXEC, 3);
		r = s->fd < 0 || s->peer_fd < 0 ? -errno : 0;
	}
	return r < 0 ? ptree_file_error(op, f, r, "the clone's cannot be given its state") : 0;
}

int ptree_unix_finish(struct ptree_op *op, struct ptree_file *f)
{
	struct unix_state *s = unix_of(f);
	struct ptree_file *peer;
	bool done = false;
	int r;

	if (s->fd < 0)
		return ptree_status_finish(op, f);
	if (ptree_unix_is_by_name(f)) {
		r = ptree_unix_names_finish(op);
		return r < 0 ? r : ptree_status_finish(op, f);
	}
	peer = s->role == UNIX_PAIR ? ptree_unix_peer(op, f) : NULL;
	r = fill(op, f, s->fd, peer, s->peer_fd, true, &done);
	if (r < 0)
		return ptree_file_error(op, f, r, "descriptors under way cannot be sent in the clone");
	s->fd = ptree_close_fd(s->fd);
	s->peer_fd = ptree_close_fd(s->peer_fd);
	return ptree_status_finish(op, f);
}

void ptree_unix_release(struct ptree_file *f)
{
	struct unix_state *s = unix_of(f);

	if (!s)
		return;
	ptree_queue_done(&s->queue);
	ptree_socket_options_done(&s->options);
	ptree_close_fd(s->fd);
	ptree_close_fd(s->peer_fd);
	free(s->callers);
	free(s);
	f->state = NULL;
}
