// SPDX-License-Identifier: GPL-2.0-or-later
/* Forks workers and sees to it that each ends, by itself or by SIGKILL. Undoing is the caller's, by engine_recover(). */
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "operation.h"
#include "worker.h"

/* What goes through the pipe: one write each, small enough to be atomic. */
struct record {
	int step;		/* a step that begins; -1: the result */
	struct worker_result result;
};
static_assert(sizeof(struct record) <= 4096, "a record must be written in one piece");

static int report_fd = -1;	/* in the worker process only */

static void record_write(const struct record *record)
{
	/* Nobody to complain to: without a result the daemon takes us for dead, and undoes. */
	if (report_fd >= 0 && write(report_fd, record, sizeof(*record)) < 0)
		_exit(EXIT_FAILURE);
}

void worker_step(enum ptree_step step, void *userdata)
{
	struct record record = { .step = (int)step };

	(void)userdata;
	record_write(&record);
}

/*
 * The worker keeps standard input and output, the pipe and the operation's own fds. The rest are the daemon's: a bus
 * connection that lives on in a worker would look alive after the daemon has died.
 */
static void fds_close(const struct operation *o)
{
	int keep[] = {
		report_fd, o->pidfd, o->caller.pidfd, o->report_fd,
		o->options.stdio_fds[0], o->options.stdio_fds[1], o->options.stdio_fds[2],
	};
	unsigned from = STDERR_FILENO + 1;

	for (;;) {
		unsigned next = ~0U;

		for (size_t i = 0; i < ARRAY_SIZE(keep); i++)
			if (keep[i] >= 0 && (unsigned)keep[i] >= from && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next > from)
			close_range(from, next == ~0U ? next : next - 1, 0);
		if (next == ~0U)
			return;
		from = next + 1;
	}
}

static void worker_main(worker_function *work, const struct operation *o, pid_t daemon, int fd)
	__attribute__((noreturn));
static void worker_main(worker_function *work, const struct operation *o, pid_t daemon, int fd)
{
	struct record record = { .step = -1 };
	sigset_t none;
	int r;

	/* The result would go nowhere without a daemon; the op's keeper and the module undo what we did. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != daemon)
		_exit(EXIT_FAILURE);

	report_fd = fd;
	fds_close(o);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);

	r = work(o, &record.result);
	if (r < 0 && record.result.error.code >= 0)
		ptree_error_set(&record.result.error, r, o->pid, "%s: pid %d: %m", operation_kind_name(o->kind), o->pid);
	if (r >= 0)
		record.result.error.code = 0;
	record_write(&record);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void worker_clear(struct worker *w)
{
	w->child = sd_event_source_disable_unref(w->child);
	w->deadline = sd_event_source_disable_unref(w->deadline);
	w->pipe = ptree_close_fd(w->pipe);
	w->pid = 0;
}

/* Reads the records that are there. 1: the result was among them. The writer is dead, so nothing is still to come. */
static int records_read(struct worker *w)
{
	struct record record;

	while (read(w->pipe, &record, sizeof(record)) == (ssize_t)sizeof(record)) {
		if (record.step < 0) {
			w->result = record.result;
			return 1;
		}
		w->step = record.step;
	}
	return 0;
}

static void describe_death(struct worker *w, const siginfo_t *si)
{
	const struct operation *o = w->operation;
	const char *step = w->step >= 0 ? ptree_step_name(w->step) : operation_kind_name(o->kind);
	uint64_t usec = ptree_now_usec(CLOCK_MONOTONIC) - w->start_usec;

	if (usec >= w->deadline_usec)
		ptree_error_set(&w->result.error, -ETIMEDOUT, o->pid,
				"%s: pid %d: the worker did not end within %" PRIu64 " µs and was killed; all was undone",
				step, o->pid, w->deadline_usec);
	else if (si->si_code == CLD_EXITED)
		ptree_error_set(&w->result.error, -EIO, o->pid,
				"%s: pid %d: the worker exited with status %d and no result; all was undone", step, o->pid,
				si->si_status);
	else
		ptree_error_set(&w->result.error, -EIO, o->pid,
				"%s: pid %d: the worker was killed by SIG%s; all was undone, try again", step, o->pid,
				sigabbrev_np(si->si_status) ?: "?");
}

static int on_child(sd_event_source *s, const siginfo_t *si, void *userdata)
{
	struct worker *w = userdata;

	(void)s;
	if (!records_read(w)) {
		w->died = true;
		describe_death(w, si);
	}
	worker_clear(w);
	w->done(w->operation);
	return 0;
}

static int on_deadline(sd_event_source *s, uint64_t usec, void *userdata)
{
	(void)s, (void)usec;
	worker_kill(userdata);
	return 0;
}

int worker_start(struct worker *w, sd_event *event, worker_function *work, struct operation *o, uint64_t deadline_usec,
		 worker_done *done)
{
	_cleanup_close_ int read_fd = -1, write_fd = -1;
	pid_t daemon = getpid();
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	read_fd = fds[0];
	write_fd = fds[1];

	*w = WORKER_INIT;
	w->start_usec = ptree_now_usec(CLOCK_MONOTONIC);
	w->deadline_usec = deadline_usec;
	w->done = done;
	w->operation = o;

	w->pid = fork();
	if (w->pid < 0) {
		w->pid = 0;
		return -errno;
	}
	if (w->pid == 0)
		worker_main(work, o, daemon, write_fd);

	w->pipe = TAKE_FD(read_fd);
	r = sd_event_add_child(event, &w->child, w->pid, WEXITED, on_child, w);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &w->deadline, CLOCK_MONOTONIC, deadline_usec, 0, on_deadline, w);
	if (r < 0)
		worker_finish(w);
	return r;
}

void worker_kill(struct worker *w)
{
	/* By pid: the child is ours and not yet waited for, so the number is its own. */
	if (w->pid > 0)
		kill(w->pid, SIGKILL);
}

void worker_finish(struct worker *w)
{
	pid_t pid = w->pid;

	worker_kill(w);
	worker_clear(w);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
