// SPDX-License-Identifier: LGPL-2.1-or-later
/* What becomes of a UNIX socket: who has it, who has its peer, and whether it has a name that others know. */
#include "unix.h"

#include <sys/un.h>

#include "unix-state.h"

struct ptree_file *ptree_unix_peer(struct ptree_op *op, const struct ptree_file *f)
{
	struct ptree_file *peer = f->info.peer ? ptree_files_by_cookie(&op->files, f->info.peer) : NULL;

	return peer && peer->info.family == AF_UNIX ? peer : NULL;
}

bool ptree_unix_is_inside(const struct ptree_file *f)
{
	return f->info.nr_outside <= (unix_of(f) ? unix_of(f)->under_way : 0);
}

static int names_read(struct ptree_op *op, struct ptree_file *f)
{
	struct unix_state *s = unix_of(f);
	_cleanup_close_ int fd = ptree_file_borrow(f);

	if (fd < 0)
		return ptree_file_error(op, f, fd, "cannot be looked at");
	s->name.size = s->peer_name.size = sizeof(s->name.storage);
	if (getsockname(fd, &s->name.sa, &s->name.size) < 0)
		s->name.size = 0;
	if (getpeername(fd, &s->peer_name.sa, &s->peer_name.size) < 0)
		s->peer_name.size = 0;
	s->bound = ptree_address_given(&s->name);
	return 0;
}

static int become(struct ptree_file *f, enum unix_role role, enum ptree_policy policy, const char *note)
{
	unix_of(f)->role = role;
	f->policy = policy;
	free(TAKE_PTR(f->note));
	return note ? ptree_file_note(f, "%s", note) : 0;
}

bool ptree_unix_is_free(const struct ptree_op *op, const struct ptree_file *f)
{
	const struct ptree_address *name = &unix_of(f)->name;

	return ptree_namespace_private(&op->policies, PTREE_NAMESPACE_NET) && ptree_address_given(name) &&
	       ((const struct sockaddr_un *)&name->storage)->sun_path[0] == '\0';
}

/* Whether a datagram socket with a name is only the tree's: who has it, whom it sends to, and somebody who sends to it. */
static bool is_named_inside(struct ptree_op *op, const struct ptree_file *f)
{
	if (!ptree_unix_is_inside(f))
		return false;
	if (f->info.peer)
		return ptree_unix_peer(op, f) && ptree_unix_is_inside(ptree_unix_peer(op, f));
	for (size_t i = 0; i < op->files.nr_files; i++)
		if (op->files.files[i].info.family == AF_UNIX && op->files.files[i].info.peer == f->info.cookie)
			return true;
	return false;
}

/* A name is one socket's only, so a second one of that name is nobody's. */
static int judge_bound(struct ptree_op *op, struct ptree_file *f, bool sever)
{
	if (!sever && ptree_unix_is_free(op, f)) {
		unix_of(f)->own = true;
		return become(f, unix_is_datagram(f) ? UNIX_NAMED : UNIX_ALONE, PTREE_POLICY_PRIVATE, NULL);
	}
	if (!sever && unix_is_datagram(f) && is_named_inside(op, f))
		return become(f, UNIX_NAMED, PTREE_POLICY_PRIVATE,
			      "has its name, which only sockets of the clone know: what others send to it is the source's");
	if (sever)
		return become(f, UNIX_ALONE, PTREE_POLICY_SEVER, "has its name, by which nobody can reach it");
	return become(f, UNIX_ALONE, PTREE_POLICY_SHARE,
		      "bound to a name, which can be one socket's only: what is sent to it goes to source or clone");
}

static int judge_datagram(struct ptree_op *op, struct ptree_file *f, bool sever)
{
	struct unix_state *s = unix_of(f);
	struct ptree_file *peer = ptree_unix_peer(op, f);

	if (s->bound)
		return judge_bound(op, f, sever);
	if (!f->info.peer)
		return become(f, UNIX_ALONE, PTREE_POLICY_PRIVATE, NULL);
	if (!sever && peer && ptree_address_given(&s->peer_name) && is_named_inside(op, peer))
		return become(f, UNIX_CALLER, PTREE_POLICY_PRIVATE, NULL);
	if (!sever && peer && peer->info.peer == f->info.cookie && !ptree_address_given(&s->peer_name)) {
		if (ptree_unix_is_inside(f) && ptree_unix_is_inside(peer))
			return become(f, UNIX_PAIR, PTREE_POLICY_PRIVATE, NULL);
	} else if (!sever && ptree_address_given(&s->peer_name)) {
		return become(f, UNIX_RECONNECTED, PTREE_POLICY_PRIVATE, "sends to the same address as the source's");
	}
	return become(f, UNIX_SEVERED, PTREE_POLICY_SEVER, "its other end is outside of the tree");
}

static int judge_connection(struct ptree_op *op, struct ptree_file *f, bool sever)
{
	const uint32_t both = PTREE_FILE_SHUT_READ | PTREE_FILE_SHUT_WRITE;
	struct ptree_file *peer = ptree_unix_peer(op, f);

	if (f->info.state != 1 /* TCP_ESTABLISHED */) {
		if (unix_of(f)->bound)
			return judge_bound(op, f, sever);
		return become(f, UNIX_ALONE, PTREE_POLICY_PRIVATE, NULL);
	}
	if (sever)
		return become(f, UNIX_SEVERED, PTREE_POLICY_SEVER, "severed, as was asked for");
	/* What it has written is in the queue of a socket that nobody has a descriptor of. */
	if (unix_of(f)->waits && unix_of(f)->unread)
		return ptree_file_refuse(f, "what was written to it before it was accepted cannot be read; try again, or "
					    "--share=unix lets both sides use it");
	if (unix_of(f)->waits)
		return become(f, UNIX_CALLER, PTREE_POLICY_PRIVATE, NULL);
	if (peer && ptree_unix_is_inside(f) && ptree_unix_is_inside(peer))
		return become(f, UNIX_PAIR, PTREE_POLICY_PRIVATE, NULL);
	if (!peer && (f->info.is & both) == both)
		return become(f, UNIX_SEVERED, PTREE_POLICY_PRIVATE, NULL);
	if (peer)
		return become(f, UNIX_SEVERED, PTREE_POLICY_SEVER, "somebody outside of the tree has one of its ends too");
	return become(f, UNIX_SEVERED, PTREE_POLICY_SEVER, "its other end is outside of the tree");
}

int ptree_unix_look(struct ptree_op *op, struct ptree_file *f)
{
	if (f->state)
		return 0;
	f->state = calloc(1, sizeof(struct unix_state));
	if (!f->state)
		return -ENOMEM;
	unix_of(f)->fd = unix_of(f)->peer_fd = -1;
	return names_read(op, f);
}

int ptree_unix_judge(struct ptree_op *op, struct ptree_file *f)
{
	enum ptree_policy asked = ptree_policy_asked(op, PTREE_GROUP_UNIX);
	int r;

	if (asked == PTREE_POLICY_SHARE)
		return ptree_file_note(f, "one socket for both: what one reads the other misses");
	r = ptree_unix_look(op, f);
	if (r < 0)
		return r;
	r = unix_is_datagram(f) ? judge_datagram(op, f, asked == PTREE_POLICY_SEVER) :
				  judge_connection(op, f, asked == PTREE_POLICY_SEVER);
	/* Where a service writes its log, the clone's goes too. */
	if (r == 0 && !asked && f->policy == PTREE_POLICY_SEVER && ptree_socket_is_standard(f))
		r = become(f, 0, PTREE_POLICY_SHARE, "a standard stream that leads out of the tree is kept");
	return r;
}
