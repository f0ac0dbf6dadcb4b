// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The keeper's own process. It makes ptree-init, then sleeps until the engine tells it how the op ended, or is gone.
 *
 * It leads a session of its own when it makes init, so that init's session and process group are not in the clone's
 * pid namespace: there they have the number 0, and cannot be mistaken for a member's.
 */
#include "keeper-child.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "config.h"
#include "helper.h"
#include "proc.h"

const char *ptree_keeper_init_path(void)
{
	const char *path = getuid() == 0 ? secure_getenv("PTREE_INIT") : NULL;

	return path ? path : PTREE_INIT_PATH;
}

/* In the new pid namespace, before exec: the control socket becomes fd 0, the status file fd 1, and that is all. */
static void init_exec(const struct ptree_keeper_job *job)
{
	const char *path = ptree_keeper_init_path();
	char *argv[] = { (char *)job->title, NULL };
	char *envp[] = { NULL };
	int control, status = -1;
	int32_t r;

	/* Until it is armed it must not outlive the keeper; after that the op's journal and the module answer for it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)!chdir("/");

	control = fcntl(job->control, F_DUPFD_CLOEXEC, 10);
	if (job->status_fd >= 0)
		status = fcntl(job->status_fd, F_DUPFD_CLOEXEC, 10);
	if (dup2(control, 0) == 0 && (status < 0 ? (close(1), 0) : dup2(status, 1)) >= 0) {
		syscall(SYS_close_range, 2, ~0u, CLOSE_RANGE_CLOEXEC);
		execve(path, argv, envp);
	}
	r = -errno;
	(void)!send(control, &r, sizeof(r), MSG_NOSIGNAL);
	_exit(127);
}

static pid_t init_spawn(const struct ptree_keeper_job *job)
{
	struct clone_args args = {
		.flags = CLONE_NEWPID,
		.exit_signal = SIGCHLD,
	};
	long pid;

	if (job->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)job->cgroup_fd;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		init_exec(job);
	return pid < 0 ? -errno : (pid_t)pid;
}

static void init_reap(pid_t init, int flags)
{
	while (waitpid(init, NULL, flags | __WALL) < 0 && errno == EINTR)
		;
}

/* The engine's word, or 0 if it is gone. Reaps init should that die meanwhile, for others wait for its end. */
static char word_wait(int socket, pid_t init, int *init_pidfd)
{
	for (;;) {
		struct pollfd p[] = {
			{ .fd = socket, .events = POLLIN },
			{ .fd = *init_pidfd, .events = POLLIN },
		};
		char word;

		if (poll(p, ARRAY_SIZE(p), -1) < 0)
			continue;
		if (p[0].revents)
			return recv(socket, &word, 1, 0) == 1 ? word : 0;
		if (p[1].revents) {
			init_reap(init, WNOHANG);
			*init_pidfd = ptree_close_fd(*init_pidfd);
		}
	}
}

void ptree_keeper_main(const struct ptree_keeper_job *job)
{
	struct ptree_keeper_spawned spawned = { 0 };
	struct ptree_journal journal = job->journal;
	int init_pidfd;
	char word;

	prctl(PR_SET_NAME, "ptree-keeper");
	signal(SIGCHLD, SIG_DFL); /* ignored, it would reap init on its own */
	setsid();
	/* Nothing else, above all not the engine's netlink socket. */
	ptree_close_all_but((int[]){ job->socket, job->control, job->cgroup_fd, job->status_fd, journal.fd, journal.ops_fd }, 6);

	spawned.init_pid = init_spawn(job);
	if (spawned.init_pid < 0)
		spawned.result = spawned.init_pid;
	ptree_close_all_but((int[]){ job->socket, journal.fd, journal.ops_fd }, 3);
	if (send(job->socket, &spawned, sizeof(spawned), MSG_NOSIGNAL) < 0 && spawned.result == 0)
		kill(spawned.init_pid, SIGKILL);
	if (spawned.result < 0)
		_exit(1);

	init_pidfd = ptree_proc_pidfd_open(spawned.init_pid, 0);
	word = word_wait(job->socket, spawned.init_pid, &init_pidfd);
	if (word == PTREE_KEEPER_RELEASE)
		_exit(0);
	if (init_pidfd >= 0) {
		kill(spawned.init_pid, SIGKILL);
		if (word == PTREE_KEEPER_DISCARD)
			init_reap(spawned.init_pid, 0);
	}
	/*
	 * The engine was killed. The source comes first; the module thaws it too, if the op had come that far. Reaping
	 * waits until the whole pid namespace is gone.
	 */
	if (word != PTREE_KEEPER_DISCARD) {
		ptree_journal_undo(&journal);
		if (init_pidfd >= 0)
			init_reap(spawned.init_pid, 0);
	}
	_exit(1);
}
