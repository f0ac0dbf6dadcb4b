// SPDX-License-Identifier: LGPL-2.1-or-later
/* The way of one clone. Reading starts at ptree_op_run(). */
#include "op.h"

#include <fcntl.h>
#include <string.h>

#include "proc.h"
#include "redirect.h"
#include "settle.h"

#define FREEZE_AGAIN_MAX 8

/* The clock of the steps, and word to whoever watches. Nobody is called while the source is frozen: see tell_late(). */
static void step_begin(struct ptree_op *op, enum ptree_step step)
{
	uint64_t now = ptree_now_usec(CLOCK_MONOTONIC);

	if (op->step_start_usec)
		op->step_usec[op->step] += now - op->step_start_usec;
	op->step = step;
	op->step_start_usec = now;
	if (op->progress && !op->pause_start_usec)
		op->progress(step, op->userdata);
}

/* The steps of the pause are told when it is over. */
static void tell_late(struct ptree_op *op)
{
	if (!op->progress)
		return;
	op->progress(PTREE_STEP_DUPLICATE, op->userdata);
	op->progress(PTREE_STEP_CAPTURE, op->userdata);
	op->progress(PTREE_STEP_THAW, op->userdata);
}

/*
 * A member may be in the middle of what passes by itself: dying, being stopped, making a child. Then all run on for a moment,
 * and are frozen once more. The module has made nothing by then; had it, the clone's init would be gone with the rest.
 */
static int freeze_and_duplicate(struct ptree_op *op)
{
	for (unsigned attempt = 0;; attempt++) {
		int r;

		step_begin(op, PTREE_STEP_FREEZE);
		r = attempt == 0 ? ptree_freeze(op) :	/* park all; walks again until a pass finds nobody new */
				   ptree_freeze_again(op, attempt);
		if (r < 0)
			return r;
		step_begin(op, PTREE_STEP_DUPLICATE);
		r = ptree_duplicate(op);	/* one never-run twin per member, linked, born frozen */
		if (r != -EAGAIN || attempt == FREEZE_AGAIN_MAX || !ptree_keeper_has_init(&op->keeper))
			return r;
	}
}

int ptree_op_run(struct ptree_op *op)
{
	int r;

	op->start_usec = ptree_now_usec(CLOCK_MONOTONIC);

	step_begin(op, PTREE_STEP_PREPARE);
	r = ptree_prepare(op);		/* a number, a name, a place and a pid namespace for the clone */
	if (r < 0)
		goto discard;
	step_begin(op, PTREE_STEP_WALK);
	r = ptree_walk(op);		/* who belongs: fills op->members, finds what must be refused */
	if (r < 0)
		goto discard;
	r = freeze_and_duplicate(op);	/* again where a member is in the middle of something */
	if (r < 0)
		goto discard;
	step_begin(op, PTREE_STEP_CAPTURE);
	r = ptree_capture(op);		/* what would drift once the source runs */
	if (r < 0)
		goto discard;
	step_begin(op, PTREE_STEP_THAW);
	r = ptree_thaw(op);		/* the source runs on: the pause is over */
	if (r < 0)
		goto discard;
	tell_late(op);
	step_begin(op, PTREE_STEP_SETTLE);
	r = ptree_settle(op);		/* what was captured gets its private twin in the clone */
	if (r < 0)
		goto discard;
	step_begin(op, PTREE_STEP_START);
	r = ptree_start(op);		/* registered, released, thawed */
	if (r < 0 && !op->clone)
		goto discard;
	return r;

discard:
	ptree_discard(op);		/* the source runs on as if nothing had happened, nothing is left */
	return r;
}

uint64_t ptree_op_pause_left(const struct ptree_op *op)
{
	uint64_t passed;

	if (!op->pause_start_usec)
		return op->max_pause_usec;
	passed = ptree_now_usec(CLOCK_MONOTONIC) - op->pause_start_usec;
	return passed < op->max_pause_usec ? op->max_pause_usec - passed : 0;
}

int ptree_op_new(pid_t pid, int pidfd, struct ptree_op **ret)
{
	struct ptree_op *op = calloc(1, sizeof(*op));

	*ret = op;
	if (!op)
		return -ENOMEM;
	op->pidfd = -1;
	op->requester_pidfd = -1;
	op->cgroup_fd = -1;
	op->status_fd = -1;
	for (size_t i = 0; i < ARRAY_SIZE(op->stdio_fds); i++)
		op->stdio_fds[i] = -1;
	op->nowhere_fds[0] = op->nowhere_fds[1] = op->names_fd = -1;
	op->uid = getuid();
	op->max_pause_usec = PTREE_MAX_PAUSE_DEFAULT_USEC;
	op->registry = PTREE_REGISTRY_INIT;
	op->journal = PTREE_JOURNAL_INIT;
	op->keeper = PTREE_KEEPER_INIT;
	op->namespaces = PTREE_NAMESPACES_INIT;

	op->pidfd = pidfd >= 0 ? fcntl(pidfd, F_DUPFD_CLOEXEC, 3) : ptree_proc_pidfd_open(pid, 0);
	if (pidfd >= 0 && op->pidfd < 0)
		return ptree_error_set(&op->error, -errno, 0, "walk: the pidfd cannot be used: %m");
	if (op->pidfd < 0)
		return ptree_error_set(&op->error, op->pidfd, pid, "walk: there is no process %d", pid);
	op->pid = ptree_proc_pidfd_pid(op->pidfd);
	if (op->pid == -ESRCH)
		return ptree_error_set(&op->error, -ESRCH, pid > 0 ? pid : 0, "walk: the process that is to be cloned has exited");
	if (op->pid < 0)
		return ptree_error_set(&op->error, op->pid, 0, "walk: what was given is no pidfd: %m");
	return 0;
}

int ptree_op_set_options(struct ptree_op *op, const struct ptree_clone_options *options)
{
	struct ptree_policies asked = { 0 };
	int r;

	if (options->flags & ~PTREE_CLONE_HOLD)
		return ptree_error_set(&op->error, -EINVAL, 0, "prepare: unknown flags 0x%llx",
				       (unsigned long long)(options->flags & ~PTREE_CLONE_HOLD));
	if (options->name && !ptree_name_is_valid(options->name))
		return ptree_error_set(&op->error, -EINVAL, 0,
				       "prepare: \"%.64s\" is no name for a clone: 1 to 64 of A-Z a-z 0-9 _ . -, and not digits alone",
				       options->name);
	r = ptree_policies_asked(&asked, options, &op->error);
	if (r >= 0)
		r = ptree_redirect_take(op, options->stdio_fds);
	if (r < 0)
		return r;
	for (size_t i = 0; options->copy_paths && options->copy_paths[i]; i++) {
		r = ptree_op_copy(op, options->copy_paths[i]);
		if (r < 0)
			return r;
	}
	ptree_policies_merge(&op->policies, &asked);
	op->flags = options->flags;
	if (options->max_pause_usec)
		op->max_pause_usec = options->max_pause_usec;
	op->progress = options->progress;
	op->userdata = options->userdata;
	if (options->name) {
		free(op->name);
		op->name = strdup(options->name);
		if (!op->name)
			return ptree_error_oom(&op->error, "prepare");
	}
	if (options->cgroup) {
		free(op->cgroup_option);
		op->cgroup_option = strdup(options->cgroup);
		if (!op->cgroup_option)
			return ptree_error_oom(&op->error, "prepare");
	}
	return 0;
}

int ptree_op_copy(struct ptree_op *op, const char *path)
{
	char **grown;
	int r;

	r = ptree_copy_path_check(path, &op->error);
	if (r < 0)
		return r;
	grown = reallocarray(op->copy_paths, op->nr_copy_paths + 1, sizeof(*grown));
	if (!grown)
		return ptree_error_oom(&op->error, "prepare");
	op->copy_paths = grown;
	grown[op->nr_copy_paths] = strdup(path);
	if (!grown[op->nr_copy_paths])
		return ptree_error_oom(&op->error, "prepare");
	op->nr_copy_paths++;
	return 0;
}

int ptree_op_protect(struct ptree_op *op, pid_t pid)
{
	pid_t *grown = realloc(op->protect, (op->nr_protect + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	op->protect = grown;
	op->protect[op->nr_protect++] = pid;
	return 0;
}

struct ptree_op *ptree_op_free(struct ptree_op *op)
{
	if (!op)
		return NULL;
	ptree_settle_done(op);
	ptree_walk_done(op);
	ptree_namespaces_done(&op->namespaces);
	ptree_copies_done(&op->copies);
	ptree_kernel_close(op->kernel);
	ptree_close_fd(op->cgroup_fd);
	ptree_close_fd(op->status_fd);
	for (size_t i = 0; i < ARRAY_SIZE(op->stdio_fds); i++)
		ptree_close_fd(op->stdio_fds[i]);
	ptree_close_fd(op->nowhere_fds[0]);
	ptree_close_fd(op->nowhere_fds[1]);
	ptree_close_fd(op->names_fd);
	ptree_close_fd(op->requester_pidfd);
	ptree_close_fd(op->pidfd);
	ptree_registry_close(&op->registry);
	if (op->nofile_raised)
		setrlimit(RLIMIT_NOFILE, &op->nofile_saved);
	ptree_clone_unref(op->clone);
	ptree_report_free(op->report);
	for (size_t i = 0; i < op->nr_copy_paths; i++)
		free(op->copy_paths[i]);
	free(op->copy_paths);
	free(op->order);
	free(op->protect);
	free(op->name);
	free(op->cgroup_option);
	free(op->cgroup_path);
	free(op);
	return NULL;
}
