// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fake engine. A clone named fail… fails with a sentence, hang… never ends, die… is killed, mute… exits without a
 * result, slow… takes 300 ms, tty… has a terminal that echoes; any other is made at once: a registry entry and a sleeping process as its init, which
 * ends with status 7 on SIGTERM. No process is touched.
 */
#include "ptreed-fake.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../libptree/attach.h"
#include "../../libptree/proc.h"
#include "../../libptree/registry.h"
#include "../../libptree/report.h"

static int status_fd = -1;

static void on_term(int signal)
{
	char status[16];
	int n = snprintf(status, sizeof(status), "%d\n", FAKE_EXIT_CODE << 8);

	(void)signal;
	_exit(write(status_fd, status, (size_t)n) == n ? FAKE_EXIT_CODE : EXIT_FAILURE);
}

/* A terminal as a clone has one: somebody has the slave open, and ptree-init the master. */
static void terminal_make(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);

	if (master < 0 || unlockpt(master) < 0 || ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY) < 0 ||
	    dup2(master, PTREE_ATTACH_FD) < 0)
		_exit(EXIT_FAILURE);
}

/* Like ptree-init: not our child, and on its own. Its pid comes through a pipe. */
static pid_t init_spawn(int fd, bool has_terminal)
{
	int pipe_fds[2];
	pid_t middle, pid = -1;

	if (pipe(pipe_fds) < 0)
		return -errno;
	middle = fork();
	if (middle == 0) {
		pid = fork();
		if (pid == 0) {
			setsid();
			prctl(PR_SET_PDEATHSIG, 0);
			prctl(PR_SET_NAME, "fake-init");
			/* Not the pipes of whoever reads a test's output, and above all not the registry's lock. */
			dup2(fd, STDIN_FILENO);
			dup2(fd, STDERR_FILENO);
			dup2(pipe_fds[1], STDOUT_FILENO);
			close_range(STDERR_FILENO + 1, ~0U, 0);
			status_fd = STDIN_FILENO;
			signal(SIGTERM, on_term);
			if (has_terminal)
				terminal_make();
			if (write(STDOUT_FILENO, &(pid_t){ getpid() }, sizeof(pid)) < 0)
				_exit(EXIT_FAILURE);
			dup2(STDIN_FILENO, STDOUT_FILENO);
			for (;;)
				pause();
		}
		_exit(EXIT_SUCCESS);
	}
	close(pipe_fds[1]);
	if (middle < 0 || read(pipe_fds[0], &pid, sizeof(pid)) != sizeof(pid))
		pid = -ECHILD;
	close(pipe_fds[0]);
	waitpid(middle, NULL, 0);
	return pid;
}

int fake_clone(const char *name, pid_t source, uid_t uid, char id[32])
{
	_cleanup_clone_ struct ptree_clone *c = ptree_clone_new();
	struct ptree_registry registry = PTREE_REGISTRY_INIT;
	_cleanup_close_ int lock = -1, status = -1;
	uint64_t number;
	int r;

	r = ptree_registry_open(&registry, true);
	if (r < 0)
		return r;
	lock = ptree_registry_lock(&registry);
	r = ptree_registry_next_id(&registry, &number);
	if (r < 0)
		return r;
	snprintf(id, 32, "%" PRIu64, number);
	status = ptree_registry_status_create(&registry, id);

	c->id = strdup(id);
	c->name = name ? strdup(name) : NULL;
	if (!c->name && asprintf(&c->name, "fake-%s", id) < 0)
		return -ENOMEM;
	c->cgroup = strdup("/ptree-fake/no-such-cgroup");
	c->source_pid = source;
	c->init_pid = c->root_pid = init_spawn(status, name && strncmp(name, "tty", 3) == 0);
	if (c->init_pid < 0)
		return c->init_pid;
	c->init_start = ptree_proc_start(c->init_pid);
	c->uid = uid;
	c->created_usec = ptree_now_usec(CLOCK_REALTIME);
	c->pause_usec = 1234;
	c->total_usec = 5678;
	c->step_usec[PTREE_STEP_FREEZE] = 99;
	c->nr_processes = 1;
	c->nr_threads = 3;
	c->pairs = calloc(1, sizeof(*c->pairs));
	c->pairs[0] = (struct ptree_pair){ source, c->root_pid, 3 };
	c->nr_pairs = 1;
	ptree_report_add(c->report, PTREE_POLICY_SHARE, "regular file", "fd 5 of pid 12 (a\tb), /x", "open for writing",
			 "--files=copy");
	ptree_report_add_user(c->report, source, 5);
	r = ptree_registry_write(&registry, c);
	ptree_registry_close(&registry);
	return r;
}

static int fake_verb(const struct operation *o, struct worker_result *ret)
{
	int signal = o->kind == OPERATION_TERMINATE ? SIGKILL : o->signal;
	struct pollfd gone = { .fd = ptree_proc_pidfd_open(o->pid, 0), .events = POLLIN };

	if (o->kind == OPERATION_FREEZE)
		return ptree_error_set(&ret->error, -EBUSY, o->pid, "freeze: pid %d is of wood", o->pid);
	if (o->kind == OPERATION_THAW)
		return 0;
	kill(o->pid, signal);
	if (o->kind == OPERATION_TERMINATE)
		poll(&gone, 1, 5000);
	return 0;
}

/* One object of each policy, and what was asked for as the note of the first. */
static int fake_inspect(const struct operation *o, struct worker_result *ret)
{
	_cleanup_report_ struct ptree_report *report = ptree_report_new();
	_cleanup_fclose_ FILE *f = fdopen(dup(o->report_fd), "w");
	char note[64];

	(void)ret;
	snprintf(note, sizeof(note), "pipes %s, max-pause %" PRIu64 ", stdin %s",
		 ptree_policy_name(o->options.policies.of[PTREE_GROUP_PIPES]) ?: "default", o->options.max_pause_usec,
		 o->options.stdio_fds[0] >= 0 ? "given" : "kept");
	for (enum ptree_policy policy = PTREE_POLICY_REFUSE; policy >= PTREE_POLICY_EXACT; policy--) {
		ptree_report_add(report, policy, "thing", "a thing", policy == PTREE_POLICY_REFUSE ? note : "", "--share=pipes");
		ptree_report_add_user(report, o->pid, (int)policy);
	}
	return ptree_report_format(report, "", f);
}

int fake_work(const struct operation *o, struct worker_result *ret)
{
	const char *name = o->options.name ?: "";

	if (o->kind == OPERATION_INSPECT)
		return fake_inspect(o, ret);
	if (o->kind != OPERATION_CLONE)
		return fake_verb(o, ret);

	worker_step(PTREE_STEP_FREEZE, NULL);
	if (strncmp(name, "fail", 4) == 0)
		return ptree_error_set(&ret->error, -EBUSY, o->pid, "freeze: pid %d still in D state after 200000 µs", o->pid);
	if (strncmp(name, "hang", 4) == 0)
		for (;;)
			pause();
	if (strncmp(name, "die", 3) == 0)
		raise(SIGKILL);
	if (strncmp(name, "mute", 4) == 0)
		_exit(3);
	if (strncmp(name, "slow", 4) == 0)
		usleep(300000);
	return fake_clone(o->options.name, o->pid, o->caller.uid, ret->id);
}
