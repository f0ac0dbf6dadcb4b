// SPDX-License-Identifier: LGPL-2.1-or-later
/* One member of the source: made from its number, or refused, each refusal with its sentence. */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "inspect.h"
#include "walk.h"

#define BUS_SOCKET "/run/dbus/system_bus_socket"

struct ptree_member *ptree_member_free(struct ptree_member *m)
{
	if (!m)
		return NULL;
	ptree_close_fd(m->pidfd);
	ptree_close_fd(m->task_fd);
	free(m->cgroup);
	free(m);
	return NULL;
}

pid_t ptree_member_bus_pid(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = BUS_SOCKET };
	_cleanup_close_ int fd = -1;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return 0;
	return peer.pid;
}

/* systemd may listen on the bus's socket itself; then the socket's peer says nothing, but the unit's cgroup does. */
static bool is_system_bus(const struct ptree_member *m)
{
	if (strncmp(m->comm, "dbus-daemon", 11) != 0 && strncmp(m->comm, "dbus-broker", 11) != 0)
		return false;
	return m->cgroup && strncmp(m->cgroup, "/system.slice/dbus", 18) == 0;
}

/* ptreed of this host, for those who clone without it: it holds the other clones. */
static bool is_daemon(const struct ptree_member *m)
{
	return strcmp(m->comm, "ptreed") == 0 && m->cgroup && strstr(m->cgroup, "/ptreed.service");
}

static int refuse_protected(struct ptree_op *op, const struct ptree_member *m)
{
	if (m->pid == 1)
		return ptree_error_set(&op->error, -EINVAL, 1, "walk: pid 1 is the system's init and cannot be cloned");
	if (m->pid == getpid())
		return ptree_error_set(&op->error, -EDEADLK, m->pid,
				       "walk: pid %d (%s) is the caller itself; clone it from outside of its tree", m->pid, m->comm);
	for (size_t i = 0; i < op->nr_protect; i++)
		if (op->protect[i] == m->pid)
			return ptree_error_set(&op->error, -EDEADLK, m->pid,
					       "walk: pid %d (%s) is ptreed, the bus or the asker itself, which the clone is made with; choose a smaller tree",
					       m->pid, m->comm);
	if (is_daemon(m))
		return ptree_error_set(&op->error, -EDEADLK, m->pid,
				       "walk: pid %d (%s) is ptreed, which holds the clones; choose a smaller tree", m->pid,
				       m->comm);
	if (is_system_bus(m))
		return ptree_error_set(&op->error, -EDEADLK, m->pid,
				       "walk: pid %d (%s) is the system bus, which the clone is made with; choose a smaller tree",
				       m->pid, m->comm);
	return 0;
}

static int refuse_state(struct ptree_op *op, const struct ptree_member *m, const struct ptree_proc_stat *stat,
			const struct ptree_proc_status *status)
{
	if (stat->flags & PTREE_PF_KTHREAD)
		return ptree_error_set(&op->error, -EINVAL, m->pid, "walk: pid %d (%s) is a kernel thread and cannot be cloned",
				       m->pid, m->comm);
	if (status->tracer != 0)
		return ptree_error_set(&op->error, -EBUSY, m->pid,
				       "walk: pid %d (%s) is traced by pid %d; detach the debugger and try again", m->pid, m->comm,
				       status->tracer);
	return 0;
}

static int cgroup_find(struct ptree_op *op, struct ptree_member *m)
{
	uint64_t other;
	int r;

	r = ptree_cgroup_of_pid(m->pid, &m->cgroup);
	if (r == -ESRCH)
		return 0;
	if (r < 0)
		return ptree_error_set(&op->error, -ENOSYS, m->pid, "walk: pid %d (%s) is in no cgroup of version 2: %m", m->pid,
				       m->comm);
	other = ptree_cgroup_freeze_id(m->cgroup);
	if (other && other != op->id && ptree_journal_alive(&op->registry, other))
		return ptree_error_set(&op->error, -EBUSY, m->pid,
				       "walk: pid %d (%s) is being cloned by op %llu; try again when that is over", m->pid, m->comm,
				       (unsigned long long)other);
	return 1;
}

/* Two fds per member; the limit is raised only by those who meet it, and op.c puts it back. */
static int files_raise(struct ptree_op *op)
{
	struct rlimit limit, raised;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	raised.rlim_cur = limit.rlim_cur + 4 * PTREE_MAX_MEMBERS;
	raised.rlim_max = raised.rlim_cur > limit.rlim_max ? raised.rlim_cur : limit.rlim_max;
	if (op->nofile_raised || setrlimit(RLIMIT_NOFILE, &raised) < 0)
		return -EMFILE;
	op->nofile_saved = limit;
	op->nofile_raised = true;
	return 0;
}

/* /proc first, then the pidfd; whatever /proc then still says is about the process that the pidfd is of. */
static int identity_open(struct ptree_member *m, int *ret_proc_fd, struct ptree_proc_stat *stat,
			 struct ptree_proc_status *status)
{
	_cleanup_close_ int proc_fd = -1;
	int r;

	proc_fd = ptree_proc_open(m->pid);
	if (proc_fd < 0)
		return proc_fd;
	m->pidfd = ptree_proc_pidfd_open(m->pid, 0);
	if (m->pidfd < 0)
		return m->pidfd;
	m->task_fd = openat(proc_fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->task_fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	r = ptree_proc_stat(proc_fd, stat);
	if (r < 0)
		return r;
	r = ptree_proc_status(proc_fd, status);
	if (r < 0)
		return r;
	*ret_proc_fd = TAKE_FD(proc_fd);
	return 0;
}

static void cleanup_member(struct ptree_member **m)
{
	*m = ptree_member_free(*m);
}

int ptree_member_new(struct ptree_op *op, pid_t pid, pid_t parent, struct ptree_member **ret)
{
	_cleanup_(cleanup_member) struct ptree_member *m = NULL;
	_cleanup_close_ int proc_fd = -1;
	struct ptree_proc_status status;
	struct ptree_proc_stat stat;
	int r;

	m = calloc(1, sizeof(*m));
	if (!m)
		return ptree_error_oom(&op->error, "walk");
	m->pid = pid;
	m->pidfd = -1;
	m->task_fd = -1;

	r = identity_open(m, &proc_fd, &stat, &status);
	if (r == -EMFILE && files_raise(op) == 0) {
		m->pidfd = ptree_close_fd(m->pidfd);
		m->task_fd = ptree_close_fd(m->task_fd);
		r = identity_open(m, &proc_fd, &stat, &status);
	}
	if (r == -ESRCH)
		return 0;
	if (r < 0)
		return ptree_error_set(&op->error, r, pid, "walk: cannot look at pid %d: %m", pid);
	if (parent && stat.ppid != parent) /* its parent died: it left the tree */
		return 0;

	m->start = stat.start;
	m->nr_threads = stat.nr_threads;
	/* A main thread that has ended before the others is no zombie yet. */
	m->zombie = (stat.state == 'Z' || stat.state == 'X') && stat.nr_threads <= 1;
	m->living = stat.state == 'Z' && !m->zombie ? ptree_proc_living(pid) : pid;
	memcpy(m->comm, stat.comm, sizeof(m->comm));
	if (!m->zombie) {
		r = cgroup_find(op, m);
		if (r <= 0)
			return r;
	}
	r = refuse_protected(op, m);
	if (r >= 0)
		r = refuse_state(op, m, &stat, &status);
	if (r < 0)
		r = ptree_inspect_refusal(op, m->pid, r);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(m);
	return 1;
}
