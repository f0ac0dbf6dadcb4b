// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ptree_fork() by the direct backend: who is in the tree cannot freeze it, so a process outside of it does, ptree-fork. It
 * is a grandchild whose parent ends at once, and so is adopted by the system's reaper. The caller waits on a socket to it,
 * which is cut off in the clone.
 *
 * Both are made as posix_spawn(3) would: they borrow the caller's memory until the grandchild executes its program. So
 * nothing is copied, however large the caller is, and no lock of another thread is in the way. The child ends without
 * SIGCHLD, and unseen by a wait() for any child.
 */
#include "direct-fork.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../fork-words.h"
#include "../proc.h"
#include "config.h"

#define STACK_SIZE (64 * 1024)		/* of each */

struct spawn {
	const char *path;
	char **words;
	const int *keep;	/* descriptors that it inherits, negative ones are none; its words tell the numbers */
	size_t nr_keep;
	char *stacks;
	int error;
};

const char *ptree_fork_path(void)
{
	const char *path = getuid() == 0 ? secure_getenv("PTREE_FORK") : NULL;

	return path ? path : PTREE_FORK_PATH;
}

/* In the caller's memory, which stands still meanwhile: system calls only. */
static int grandchild(void *argument)
{
	struct spawn *s = argument;

	/* With one end of a pipe of the tree in its hands it would be one of those outside who share it. */
	syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	for (size_t i = 0; i < s->nr_keep; i++)
		if (s->keep[i] >= 0)
			fcntl(s->keep[i], F_SETFD, 0);
	execve(s->path, s->words, environ);
	s->error = errno;
	_exit(127);
}

static int child(void *argument)
{
	struct spawn *s = argument;

	if (clone(grandchild, s->stacks + 2 * STACK_SIZE, CLONE_VM | CLONE_VFORK, s) < 0)
		s->error = errno;
	_exit(0);
}

/* With every signal blocked, none of the caller's handlers runs in the two. */
static int spawn(struct spawn *s)
{
	int saved_errno = errno;
	sigset_t all, saved;
	pid_t pid;

	s->stacks = mmap(NULL, 2 * STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (s->stacks == MAP_FAILED)
		return -ENOMEM;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	pid = clone(child, s->stacks + STACK_SIZE, CLONE_VM | CLONE_VFORK, s);
	if (pid < 0)
		s->error = errno;
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	munmap(s->stacks, 2 * STACK_SIZE);
	errno = saved_errno;
	return -s->error;
}

static int refuse(struct ptree *p)
{
	int is_reaper = 0;

	if (ptree_proc_is_inner())
		return ptree_error_set(&p->error, -EOPNOTSUPP, getpid(),
				       "fork: the caller is in a pid namespace of its own, as of a clone or a container, where only ptreed can clone it; PTREE_BACKEND_BUS asks it");
	prctl(PR_GET_CHILD_SUBREAPER, &is_reaper);
	if (is_reaper || getpid() == 1)
		return ptree_error_set(&p->error, -EOPNOTSUPP, getpid(),
				       "fork: the caller is a child subreaper, so that nobody it starts is outside of its tree; PTREE_BACKEND_BUS has ptreed clone it");
	return 0;
}

/* Above the standard streams: a connection that is one of these is kept, not cut off. */
static int socket_pair(int ends[2])
{
	int low[2], r = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, low) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		ends[i] = r < 0 ? -1 : fcntl(low[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (ends[i] < 0 && r == 0)
			r = -errno;
		ptree_close_fd(low[i]);
	}
	if (r < 0)
		ends[0] = ptree_close_fd(ends[0]);
	return r;
}

/* Starts ptree-fork; @ret_socket is where it answers. On return nothing else of it is left here. */
static int start(struct ptree *p, const struct ptree_clone_options *options, int *ret_socket)
{
	_cleanup_close_ int pidfd = -1, own = -1, other = -1;
	struct ptree_fork_request request = { .options = *options, .stdio_fds = { -1, -1, -1 } };
	struct spawn s = { .path = ptree_fork_path() };
	int ends[2], r;

	r = pidfd = ptree_proc_pidfd_open(getpid(), 0);
	if (r >= 0)
		r = socket_pair(ends);
	if (r < 0)
		return ptree_error_set(&p->error, r, 0, "fork: cannot make a connection to ptree-fork: %m");
	own = ends[0];
	request.socket = other = ends[1];
	request.pidfd = pidfd;
	if (options->stdio_fds)
		memcpy(request.stdio_fds, options->stdio_fds, sizeof(request.stdio_fds));

	s.words = ptree_fork_words_new(&request);
	if (!s.words)
		return ptree_error_oom(&p->error, "fork");
	s.keep = (int[]){ other, pidfd, request.stdio_fds[0], request.stdio_fds[1], request.stdio_fds[2] };
	s.nr_keep = 5;
	r = spawn(&s);
	ptree_fork_words_free(s.words);
	if (r < 0)
		return ptree_error_set(&p->error, r, 0, "fork: cannot run ptree-fork at %s: %m; is ptree fully installed?", s.path);
	*ret_socket = TAKE_FD(own);
	return 0;
}

int ptree_direct_fork(struct ptree *p, const struct ptree_clone_options *options, uint64_t *ret_id)
{
	_cleanup_close_ int socket = -1;
	struct ptree_fork_answer answer;
	ssize_t n;
	int r;

	r = refuse(p);
	if (r >= 0)
		r = start(p, options, &socket);
	if (r < 0)
		return r;
	do
		n = recv(socket, &answer, sizeof(answer), 0);
	while (n < 0 && errno == EINTR);
	if (n != sizeof(answer))
		return ptree_error_set(&p->error, -EIO, getpid(),
				       "fork: ptree-fork was killed while it cloned pid %d; all was undone, try again", getpid());
	if (answer.error.code < 0) {
		p->error = answer.error;
		return answer.error.code;
	}
	*ret_id = answer.id;
	return 0;
}
