// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who waits to be accepted: sock_diag tells of a listener the inodes of the sockets that are connected to what is in its
 * queue, in order (UNIX_DIAG_ICONS, sk_diag_dump_icons() in net/unix/diag.c, read in v6.1, v6.12, v7.2).
 */
#include "unix-backlog.h"

#include <dirent.h>
#include <linux/sockios.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "netns.h"
#include "unix.h"

struct asking {
	struct unix_state *s;
	uint32_t ino;
	bool oom;
};

static int answer_take(struct nl_msg *m, void *argument)
{
	struct nlattr *attrs[UNIX_DIAG_MAX + 1];
	struct asking *a = argument;
	struct nlattr *waiting, *lengths;

	if (nlmsg_parse(nlmsg_hdr(m), sizeof(struct unix_diag_msg), attrs, UNIX_DIAG_MAX, NULL) < 0)
		return NL_SKIP;
	waiting = attrs[UNIX_DIAG_ICONS];
	lengths = attrs[UNIX_DIAG_RQLEN];
	if (lengths && (size_t)nla_len(lengths) >= sizeof(struct unix_diag_rqlen))
		a->s->backlog = (int)((struct unix_diag_rqlen *)nla_data(lengths))->udiag_wqueue;
	if (!waiting || nla_len(waiting) <= 0)
		return NL_OK;
	free(a->s->callers);
	a->s->callers = malloc((size_t)nla_len(waiting));
	a->oom = !a->s->callers;
	if (a->oom)
		return NL_STOP;
	memcpy(a->s->callers, nla_data(waiting), (size_t)nla_len(waiting));
	a->s->nr_callers = (size_t)nla_len(waiting) / sizeof(uint32_t);
	return NL_OK;
}

static int ask(void *argument)
{
	struct asking *a = argument;
	struct unix_diag_req request = {
		.sdiag_family = AF_UNIX,
		.udiag_ino = a->ino,
		.udiag_show = UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN,
		.udiag_cookie = { ~0u, ~0u },	/* any */
	};
	struct nl_sock *socket = nl_socket_alloc();
	int r = socket ? nl_connect(socket, NETLINK_SOCK_DIAG) : -NLE_NOMEM;

	if (r == 0) {
		nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, answer_take, a);
		r = nl_send_simple(socket, SOCK_DIAG_BY_FAMILY, 0, &request, sizeof(request));
	}
	if (r >= 0)
		r = nl_recvmsgs_default(socket);
	nl_socket_free(socket);
	if (a->oom || r == -NLE_NOMEM)
		return -ENOMEM;
	return r < 0 ? -EIO : 0;
}

static struct ptree_file *caller_find(struct ptree_op *op, uint32_t ino)
{
	for (size_t i = 0; ino > 0 && i < op->files.nr_files; i++) {
		struct ptree_file *f = &op->files.files[i];

		if (ptree_unix_is(f) && f->info.ino == ino && f->nr_fds > 0)
			return f;
	}
	return NULL;
}

/* It may have been judged before its listener was. */
static int caller_judge(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_close_ int fd = ptree_file_borrow(f);
	int written = 0, r;

	if (fd < 0)
		return ptree_file_error(op, f, fd, "cannot be looked at");
	r = ptree_unix_look(op, f);
	if (r < 0)
		return r;
	if (ioctl(fd, SIOCOUTQ, &written) < 0)
		return ptree_file_error(op, f, -errno, "cannot be looked at");
	unix_of(f)->waits = true;
	unix_of(f)->unread = written > 0;
	return f->kind ? ptree_unix_judge(op, f) : 0;
}

/* "42 0x3 0x7ffc… …": the call that a thread is in, or was when it was frozen. */
static bool is_connecting(const char *task, const char *tid)
{
	char path[320], line[256] = "";
	_cleanup_fclose_ FILE *f = NULL;
	long nr;

	snprintf(path, sizeof(path), "%s/%s/syscall", task, tid);
	f = fopen(path, "re");
	return f && fgets(line, sizeof(line), f) && sscanf(line, "%ld", &nr) == 1 && nr == SYS_connect;
}

/* A call that goes on in the clone goes to whom the name belongs: not to a listener that has it for itself. */
static bool anybody_connects(struct ptree_op *op)
{
	for (size_t i = 0; i < op->nr_members; i++) {
		struct dirent *entry;
		bool found = false;
		char task[48];
		DIR *dir;

		snprintf(task, sizeof(task), "/proc/%d/task", op->members[i]->pid);
		dir = opendir(task);
		while (dir && !found && (entry = readdir(dir)))
			found = entry->d_name[0] != '.' && is_connecting(task, entry->d_name);
		if (dir)
			closedir(dir);
		if (found)
			return true;
	}
	return false;
}

int ptree_unix_backlog_judge(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_close_ int fd = ptree_file_borrow(f), netns = -1;
	struct asking asking = { .s = unix_of(f), .ino = (uint32_t)f->info.ino };
	bool inside = false;
	int r;

	if (fd < 0)
		return ptree_file_error(op, f, fd, "cannot be looked at");
	netns = ioctl(fd, SIOCGSKNS);
	r = netns < 0 ? -errno : ptree_netns_call(netns, NULL, ask, &asking);
	if (r < 0)
		return ptree_file_error(op, f, r, "who waits at it cannot be found out (sock_diag)");
	if (unix_of(f)->nr_callers > 0 && anybody_connects(op))
		unix_of(f)->nr_callers = 0;
	for (size_t i = 0; i < unix_of(f)->nr_callers; i++) {
		struct ptree_file *caller = caller_find(op, unix_of(f)->callers[i]);

		if (!caller)
			continue;
		inside = true;
		r = caller_judge(op, caller);
		if (r < 0)
			return r;
	}
	if (!inside) {
		unix_of(f)->nr_callers = 0;
		return 0;
	}
	f->policy = PTREE_POLICY_PRIVATE;
	unix_of(f)->own = ptree_unix_is_free(op, f);
	r = ptree_file_note(f, "has the connections of the clone that wait to be accepted; those that come later are the source's");
	return r < 0 ? r : 1;
}
