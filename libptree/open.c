// SPDX-License-Identifier: LGPL-2.1-or-later
/* The front of libptree: contexts, the choice of a backend, and every call on its way there, with its arguments checked. */
#include <pthread.h>
#include <string.h>

#include "backend.h"
#include "policy.h"
#include "proc.h"
#include "redirect.h"

static int refuse(struct ptree *p, int code, const char *sentence)
{
	return ptree_error_set(&p->error, code, 0, "%s", sentence);
}

/* Whatever fails has a sentence, be it a poor one. */
static int end(struct ptree *p, int r)
{
	if (r < 0 && p->error.code == 0)
		ptree_error_set(&p->error, r, 0, "%s: %m", p->ops->name);
	return r;
}

static int open_with(struct ptree *p, const struct ptree_backend_ops *ops)
{
	int r;

	ptree_error_clear(&p->error);
	p->ops = ops;
	r = end(p, ops->open(p));
	if (r < 0)
		p->ops = NULL;
	return r;
}

/*
 * Root has the engine itself, which nothing is kept from; ptreed learns of its clones by the registry, and is as hardened as
 * its unit makes it. Everybody else asks ptreed, and so does root where it sees other pids than the host does, as in a
 * clone. Where the first way does not work, the other; else what both said.
 */
static int open_auto(struct ptree *p)
{
	const struct ptree_backend_ops *ways[] = { &ptree_backend_bus, &ptree_backend_direct };
	const size_t first = geteuid() == 0 && !ptree_proc_is_inner();
	struct ptree_error errors[2];

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		size_t way = i ^ first;
		int r = open_with(p, ways[way]);

		if (r >= 0)
			return r;
		errors[way] = p->error;
	}
	return ptree_error_set(&p->error, errors[1].code, 0, "neither way works: %.240s; and without ptreed: %.240s",
			       errors[0].message, errors[1].message);
}

static int choose(enum ptree_backend *backend)
{
	const char *name = secure_getenv("PTREE_BACKEND");

	if (*backend != PTREE_BACKEND_AUTO || !name || !*name || strcmp(name, "auto") == 0)
		return 0;
	if (strcmp(name, "direct") == 0)
		*backend = PTREE_BACKEND_DIRECT;
	else if (strcmp(name, "bus") == 0)
		*backend = PTREE_BACKEND_BUS;
	else if (strcmp(name, "noop") == 0)
		*backend = PTREE_BACKEND_NOOP;
	else
		return -EINVAL;
	return 0;
}

static int open_asked(struct ptree *p)
{
	p->generation = ptree_generation();
	switch (p->asked) {
	case PTREE_BACKEND_AUTO:
		return open_auto(p);
	case PTREE_BACKEND_DIRECT:
		return open_with(p, &ptree_backend_direct);
	case PTREE_BACKEND_BUS:
		return open_with(p, &ptree_backend_bus);
	case PTREE_BACKEND_NOOP:
		return open_with(p, &ptree_backend_noop);
	}
	return refuse(p, -EINVAL, "there is no such backend");
}

int ptree_open(struct ptree **ret, enum ptree_backend backend)
{
	struct ptree *p = calloc(1, sizeof(*p));

	*ret = p;
	if (!p)
		return -ENOMEM;
	if (choose(&backend) < 0)
		return refuse(p, -EINVAL, "PTREE_BACKEND is none of auto, direct, bus, noop");
	p->asked = backend;
	return open_asked(p);
}

static void leave(struct ptree *p)
{
	if (p->ops && p->backend)
		p->ops->close(p);
	p->backend = NULL;
}

struct ptree *ptree_close(struct ptree *p)
{
	if (!p)
		return NULL;
	leave(p);
	free(p);
	return NULL;
}

/* A call may begin: forgets the last error. In a copy of the process the way is chosen, and taken, once more. */
static int begin(struct ptree *p)
{
	if (p->generation != ptree_generation() && p->asked != PTREE_BACKEND_NOOP) {
		leave(p);
		return open_asked(p);
	}
	if (!p->ops)
		return p->error.code ? p->error.code : -ENOTCONN;
	ptree_error_clear(&p->error);
	return 0;
}

const char *ptree_error_message(const struct ptree *p)
{
	return p->error.message;
}

pid_t ptree_error_pid(const struct ptree *p)
{
	return p->error.pid;
}

const char *ptree_backend_name(const struct ptree *p)
{
	return p->ops ? p->ops->name : "none";
}

/* A full-sized copy: callers compiled against an older, shorter struct get the defaults for what they do not know. */
static int options_copy(struct ptree *p, const struct ptree_clone_options *options, struct ptree_clone_options *ret)
{
	struct ptree_clone_options copy = { .size = sizeof(copy) };
	struct ptree_policies asked = { 0 };
	int r;

	if (options) {
		size_t size = options->size;

		if (size < sizeof(options->size) || size > 4096)
			return refuse(p, -EINVAL, "the options do not begin with their size");
		for (size_t i = sizeof(copy); i < size; i++)
			if (((const char *)options)[i])
				return refuse(p, -EINVAL, "the options are of a newer libptree than this one");
		memcpy(&copy, options, size < sizeof(copy) ? size : sizeof(copy));
		copy.size = sizeof(copy);
	}
	if (copy.flags & ~PTREE_CLONE_HOLD)
		return ptree_error_set(&p->error, -EINVAL, 0, "unknown flags 0x%llx", (unsigned long long)copy.flags);
	if (copy.name && !ptree_name_is_valid(copy.name))
		return ptree_error_set(&p->error, -EINVAL, 0,
				       "\"%.64s\" is no name for a clone: 1 to 64 of A-Z a-z 0-9 _ . -, and not digits alone",
				       copy.name);
	if (copy.max_pause_usec > 3600 * USEC_PER_SEC)
		return refuse(p, -EINVAL, "the longest pause is an hour");
	r = ptree_policies_asked(&asked, &copy, &p->error);
	for (int i = 0; r >= 0 && copy.stdio_fds && i < 3; i++)
		r = ptree_redirect_check(i, copy.stdio_fds[i], &p->error);
	if (r < 0)
		return r;
	*ret = copy;
	return 0;
}

/* What clone and inspect begin with: options in full, and the number of the process. */
static int begin_on(struct ptree *p, int pidfd, const struct ptree_clone_options *options, struct ptree_clone_options *ret)
{
	pid_t pid;
	int r;

	r = begin(p);
	if (r >= 0)
		r = options_copy(p, options, ret);
	if (r < 0)
		return r;
	pid = ptree_proc_pidfd_pid(pidfd);
	if (pid == -ESRCH)
		return refuse(p, -ESRCH, "walk: the process has exited");
	if (pid < 0)
		return refuse(p, -EBADF, "walk: what was given is no pidfd");
	return pid;
}

/* The pidfd of a number. */
static int number_open(struct ptree *p, pid_t pid)
{
	int pidfd, r;

	r = begin(p);
	if (r < 0)
		return r;
	if (pid <= 0)
		return ptree_error_set(&p->error, -EINVAL, 0, "walk: %d is no pid", pid);
	pidfd = ptree_proc_pidfd_open(pid, 0);
	if (pidfd < 0)
		return ptree_error_set(&p->error, pidfd, pid,
				       pidfd == -ESRCH ? "walk: there is no process %d" : "walk: cannot open process %d: %m", pid);
	return pidfd;
}

int ptree_clone_pidfd(struct ptree *p, int pidfd, const struct ptree_clone_options *options, struct ptree_clone **ret)
{
	struct ptree_clone_options copy;
	struct ptree_clone *clone = NULL;
	int r;

	r = begin_on(p, pidfd, options, &copy);
	if (r < 0)
		return r;
	r = p->ops->clone(p, pidfd, r, &copy, &clone);
	if (r >= 0 && ret)
		*ret = TAKE_PTR(clone);
	ptree_clone_unref(clone);
	return end(p, r);
}

int ptree_clone(struct ptree *p, pid_t pid, const struct ptree_clone_options *options, struct ptree_clone **ret)
{
	_cleanup_close_ int pidfd = number_open(p, pid);

	return pidfd < 0 ? pidfd : ptree_clone_pidfd(p, pidfd, options, ret);
}

int64_t ptree_fork(struct ptree *p, const struct ptree_clone_options *options)
{
	uint64_t generation = ptree_generation(), id = 0;
	struct ptree_clone_options copy;
	int r, cancel;

	r = begin(p);
	if (r >= 0)
		r = options_copy(p, options, &copy);
	if (r < 0)
		return r;
	if (!generation)
		return refuse(p, -ENOSYS, "fork: this system has no MADV_WIPEONFORK, by which a clone would know that it is one");

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = p->ops->fork(p, &copy, &id);
	/* An answer comes in the source only. In the clone it is of no matter what the wait ended with. */
	if (ptree_generation() != generation && r < 0) {
		ptree_error_clear(&p->error);
		leave(p);
		r = 0;
		id = 0;
	}
	pthread_setcancelstate(cancel, NULL);
	return r < 0 ? end(p, r) : (int64_t)id;
}

int ptree_inspect_pidfd(struct ptree *p, int pidfd, const struct ptree_clone_options *options, struct ptree_report **ret)
{
	struct ptree_clone_options copy;
	int r;

	r = begin_on(p, pidfd, options, &copy);
	return r < 0 ? r : end(p, p->ops->inspect(p, pidfd, r, &copy, ret));
}

int ptree_inspect(struct ptree *p, pid_t pid, const struct ptree_clone_options *options, struct ptree_report **ret)
{
	_cleanup_close_ int pidfd = number_open(p, pid);

	return pidfd < 0 ? pidfd : ptree_inspect_pidfd(p, pidfd, options, ret);
}

int ptree_list(struct ptree *p, struct ptree_clone ***ret)
{
	struct ptree_clone **clones = NULL;
	int r;

	r = begin(p);
	if (r < 0)
		return r;
	r = p->ops->list(p, &clones);
	if (r < 0)
		return end(p, r);
	if (r > 1)
		qsort(clones, (size_t)r, sizeof(*clones), ptree_clone_compare);
	*ret = clones;
	return r;
}

int ptree_get(struct ptree *p, const char *id_name_or_pid, struct ptree_clone **ret)
{
	int r;

	r = begin(p);
	if (r < 0)
		return r;
	if (!*id_name_or_pid)
		return refuse(p, -EINVAL, "a clone is named by its id, its name, or the pid of one of its processes");
	return end(p, p->ops->get(p, id_name_or_pid, ret));
}

int ptree_get_by_pid(struct ptree *p, pid_t pid, struct ptree_clone **ret)
{
	int r;

	r = begin(p);
	if (r < 0)
		return r;
	if (pid <= 0)
		return ptree_error_set(&p->error, -EINVAL, 0, "%d is no pid", pid);
	return end(p, p->ops->get_by_pid(p, pid, ret));
}

int ptree_clone_freeze(struct ptree *p, struct ptree_clone *c)
{
	int r;

	r = begin(p);
	return r < 0 ? r : end(p, p->ops->freeze(p, c));
}

int ptree_clone_thaw(struct ptree *p, struct ptree_clone *c)
{
	int r;

	r = begin(p);
	return r < 0 ? r : end(p, p->ops->thaw(p, c));
}

int ptree_clone_kill(struct ptree *p, struct ptree_clone *c, enum ptree_whom whom, int signal)
{
	int r;

	r = begin(p);
	if (r < 0)
		return r;
	if (whom != PTREE_WHOM_ROOT && whom != PTREE_WHOM_ALL)
		return refuse(p, -EINVAL, "a signal goes to the root or to all");
	if (signal < 0 || signal > 64)
		return ptree_error_set(&p->error, -EINVAL, 0, "there is no signal %d", signal);
	return end(p, p->ops->kill(p, c, whom, signal));
}

int ptree_clone_terminate(struct ptree *p, struct ptree_clone *c)
{
	int r;

	r = begin(p);
	return r < 0 ? r : end(p, p->ops->terminate(p, c));
}

int ptree_clone_wait(struct ptree *p, struct ptree_clone *c, uint64_t timeout_usec, int *ret_status)
{
	int r, status = -1;

	r = begin(p);
	if (r < 0)
		return r;
	r = end(p, p->ops->wait(p, c, timeout_usec, &status));
	if (r >= 0 && ret_status)
		*ret_status = status;
	return r;
}

int ptree_clone_attach(struct ptree *p, struct ptree_clone *c)
{
	int r;

	r = begin(p);
	return r < 0 ? r : end(p, p->ops->attach(p, c));
}
