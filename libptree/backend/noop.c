// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The noop backend: clones that exist in memory only, for tests of programs that use libptree. Every process may be
 * "cloned" but those that are always refused (pid 1, the caller); a clone lives in its context and ends with it.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "../backend.h"
#include "../proc.h"
#include "../report.h"

#define INIT_PID_BASE 4000000	/* above the largest pid that the kernel gives out by default */

struct noop_clone {
	struct ptree_clone *clone;
	int status;
};

struct noop {
	struct noop_clone *clones;
	size_t nr;
	unsigned next_id;
};

static int noop_open(struct ptree *p)
{
	struct noop *n = calloc(1, sizeof(*n));

	if (!n)
		return ptree_error_oom(&p->error, "open");
	n->next_id = 1;
	p->backend = n;
	return 0;
}

static void noop_close(struct ptree *p)
{
	struct noop *n = p->backend;

	for (size_t i = 0; i < n->nr; i++)
		ptree_clone_unref(n->clones[i].clone);
	free(n->clones);
	free(n);
}

static struct ptree_clone *copy(const struct ptree_clone *c)
{
	_cleanup_clone_ struct ptree_clone *new = ptree_clone_new();

	if (!new)
		return NULL;
	ptree_report_free(new->report);
	*new = *c;
	new->refs = 1;
	new->id = strdup(c->id);
	new->name = strdup(c->name);
	new->cgroup = strdup(c->cgroup);
	new->pairs = calloc(c->nr_pairs, sizeof(*new->pairs));
	new->report = ptree_report_copy(c->report);
	if (!new->id || !new->name || !new->cgroup || !new->pairs || !new->report)
		return NULL;
	memcpy(new->pairs, c->pairs, c->nr_pairs * sizeof(*new->pairs));
	return TAKE_PTR(new);
}

static struct noop_clone *find(struct noop *n, const char *key)
{
	pid_t pid;

	for (size_t i = 0; i < n->nr; i++) {
		const struct ptree_clone *c = n->clones[i].clone;

		if (c->state == PTREE_STATE_DEAD)
			continue;
		if (strcmp(c->id, key) == 0 || strcmp(c->name, key) == 0)
			return &n->clones[i];
		if (ptree_pid_parse(key, &pid) == 0 && (pid == c->root_pid || pid == c->init_pid))
			return &n->clones[i];
	}
	return NULL;
}

static int refuse_name(struct ptree *p, const struct ptree_clone_options *options)
{
	if (options->name && find(p->backend, options->name))
		return ptree_error_set(&p->error, -EEXIST, 0, "prepare: the name %s is taken by another clone; choose another",
				       options->name);
	return 0;
}

static int refuse(struct ptree *p, pid_t pid, const struct ptree_clone_options *options)
{
	if (pid == 1)
		return ptree_error_set(&p->error, -EINVAL, pid, "walk: pid 1 is the system's init and cannot be cloned");
	if (pid == getpid())
		return ptree_error_set(&p->error, -EDEADLK, pid, "walk: pid %d is the caller itself", pid);
	return refuse_name(p, options);
}

/* What was asked for, as the engine would; the words were looked at before. */
static int ask(struct ptree *p, const struct ptree_clone_options *options, struct ptree_policies *ret)
{
	int r;

	*ret = (struct ptree_policies){ 0 };
	r = ptree_policies_asked(ret, options, &p->error);
	return r < 0 ? r : ptree_policies_check(ret, &p->error);
}

static struct ptree_clone *invent(const struct noop *n, pid_t pid, const struct ptree_clone_options *options)
{
	_cleanup_clone_ struct ptree_clone *c = ptree_clone_new();
	unsigned id = n->next_id;

	if (!c || asprintf(&c->id, "%u", id) < 0 || asprintf(&c->cgroup, "/ptree.slice/ptree-%u.scope", id) < 0)
		return NULL;
	if (options->name)
		c->name = strdup(options->name);
	else if (asprintf(&c->name, "clone-%u", id) < 0)
		c->name = NULL;
	c->pairs = calloc(1, sizeof(*c->pairs));
	if (!c->name || !c->pairs)
		return NULL;
	c->state = options->flags & PTREE_CLONE_HOLD ? PTREE_STATE_FROZEN : PTREE_STATE_RUNNING;
	c->source_pid = pid;
	c->init_pid = (pid_t)(INIT_PID_BASE + 2 * id);
	c->root_pid = c->init_pid + 1;
	c->uid = getuid();
	c->created_usec = ptree_now_usec(CLOCK_REALTIME);
	c->pause_usec = 1;
	c->total_usec = _PTREE_STEP_MAX;
	for (int i = 0; i < _PTREE_STEP_MAX; i++)
		c->step_usec[i] = 1;
	c->nr_processes = 1;
	c->nr_threads = 1;
	c->pairs[0] = (struct ptree_pair){ .source = pid, .twin = c->root_pid, .nr_threads = 1 };
	c->nr_pairs = 1;
	return TAKE_PTR(c);
}

/* One more clone, of the context. */
static int clone_add(struct ptree *p, pid_t pid, const struct ptree_clone_options *options,
		     const struct ptree_policies *asked, const struct ptree_clone **ret)
{
	struct noop *n = p->backend;
	struct noop_clone *grown;

	grown = realloc(n->clones, (n->nr + 1) * sizeof(*grown));
	if (!grown)
		return ptree_error_oom(&p->error, "start");
	n->clones = grown;
	grown[n->nr] = (struct noop_clone){ .clone = invent(n, pid, options), .status = -1 };
	if (!grown[n->nr].clone)
		return ptree_error_oom(&p->error, "start");
	*ret = grown[n->nr++].clone;
	n->next_id++;
	/* Of a process of somebody else there is nothing to be read; it was not touched either. */
	ptree_report_add_namespaces((*ret)->report, pid, asked);
	return 0;
}

static int noop_clone(struct ptree *p, int pidfd, pid_t pid, const struct ptree_clone_options *options,
		      struct ptree_clone **ret)
{
	const struct ptree_clone *c;
	struct ptree_policies asked;
	int r;

	(void)pidfd;
	r = ask(p, options, &asked);
	if (r >= 0)
		r = refuse(p, pid, options);
	if (r < 0)
		return r;
	for (int i = 0; options->progress && i < _PTREE_STEP_MAX; i++)
		options->progress(i, options->userdata);
	r = clone_add(p, pid, options, &asked, &c);
	if (r < 0)
		return r;
	*ret = copy(c);
	return *ret ? 0 : ptree_error_oom(&p->error, "start");
}

/* Returns in the source only: nothing is made that could return in a clone. */
static int noop_fork(struct ptree *p, const struct ptree_clone_options *options, uint64_t *ret_id)
{
	const struct ptree_clone *c;
	struct ptree_policies asked;
	int r;

	r = ask(p, options, &asked);
	if (r >= 0)
		r = ptree_policies_forkable(&asked, &p->error);
	if (r >= 0)
		r = refuse_name(p, options);
	if (r >= 0)
		r = clone_add(p, getpid(), options, &asked, &c);
	if (r >= 0)
		*ret_id = strtoull(c->id, NULL, 10);
	return r;
}

/* The namespaces are real; of files nothing is known here. */
static int noop_inspect(struct ptree *p, int pidfd, pid_t pid, const struct ptree_clone_options *options,
			struct ptree_report **ret)
{
	_cleanup_report_ struct ptree_report *report = ptree_report_new();
	struct ptree_policies asked;
	int r;

	(void)pidfd;
	if (!report)
		return ptree_error_oom(&p->error, "inspect");
	r = ask(p, options, &asked);
	if (r < 0)
		return r;
	r = refuse(p, pid, options);
	if (r == -EEXIST)
		return r;
	if (r < 0) {
		r = ptree_report_add(report, PTREE_POLICY_REFUSE, "process", p->error.message, "", "");
		if (r >= 0)
			r = ptree_report_add_user(report, pid, -1);
		ptree_error_clear(&p->error);
	}
	if (r < 0)
		return ptree_error_oom(&p->error, "inspect");
	ptree_report_add_namespaces(report, pid, &asked);
	*ret = TAKE_PTR(report);
	return 0;
}

static int noop_list(struct ptree *p, struct ptree_clone ***ret)
{
	struct noop *n = p->backend;
	struct ptree_clone **clones = calloc(n->nr + 1, sizeof(struct ptree_clone *));
	int nr = 0;

	if (!clones)
		return ptree_error_oom(&p->error, "list");
	for (size_t i = 0; i < n->nr; i++) {
		if (n->clones[i].clone->state == PTREE_STATE_DEAD)
			continue;
		clones[nr] = copy(n->clones[i].clone);
		if (!clones[nr]) {
			ptree_clone_free_all(clones, (size_t)nr);
			return ptree_error_oom(&p->error, "list");
		}
		nr++;
	}
	*ret = clones;
	return nr;
}

static int noop_get(struct ptree *p, const char *key, struct ptree_clone **ret)
{
	struct noop_clone *found = find(p->backend, key);

	if (!found)
		return ptree_error_set(&p->error, -ENOENT, 0, "there is no clone %.64s; see ptreectl list", key);
	*ret = copy(found->clone);
	return *ret ? 0 : ptree_error_oom(&p->error, "get");
}

static int noop_get_by_pid(struct ptree *p, pid_t pid, struct ptree_clone **ret)
{
	struct noop *n = p->backend;

	for (size_t i = 0; i < n->nr; i++) {
		const struct ptree_clone *c = n->clones[i].clone;

		if (c->state == PTREE_STATE_DEAD || (pid != c->root_pid && pid != c->init_pid))
			continue;
		*ret = copy(c);
		return *ret ? 0 : ptree_error_oom(&p->error, "get");
	}
	return ptree_error_set(&p->error, -ENOENT, pid, "pid %d belongs to no clone; see ptreectl list", pid);
}

static int set_state(struct ptree *p, struct ptree_clone *c, enum ptree_state state, int status)
{
	struct noop_clone *found = find(p->backend, c->id);

	if (!found)
		return ptree_error_set(&p->error, -ESRCH, 0, "clone %s has ended", c->id);
	found->clone->state = c->state = state;
	found->status = status;
	return 0;
}

static int noop_freeze(struct ptree *p, struct ptree_clone *c)
{
	return set_state(p, c, PTREE_STATE_FROZEN, -1);
}

static int noop_thaw(struct ptree *p, struct ptree_clone *c)
{
	return set_state(p, c, PTREE_STATE_RUNNING, -1);
}

/* As if the program had no handlers. */
static int noop_kill(struct ptree *p, struct ptree_clone *c, enum ptree_whom whom, int signal)
{
	(void)whom;
	if (signal == 0 || signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH)
		return set_state(p, c, c->state, -1);
	return set_state(p, c, PTREE_STATE_DEAD, signal);
}

static int noop_terminate(struct ptree *p, struct ptree_clone *c)
{
	return set_state(p, c, PTREE_STATE_DEAD, SIGKILL);
}

static int noop_wait(struct ptree *p, struct ptree_clone *c, uint64_t timeout_usec, int *ret_status)
{
	struct noop *n = p->backend;

	(void)timeout_usec; /* nothing ends by itself here: waiting for it would be for ever */
	for (size_t i = 0; i < n->nr; i++) {
		if (strcmp(n->clones[i].clone->id, c->id) != 0 || n->clones[i].clone->state != PTREE_STATE_DEAD)
			continue;
		c->state = PTREE_STATE_DEAD;
		*ret_status = n->clones[i].status;
		return 0;
	}
	return ptree_error_set(&p->error, -ETIMEDOUT, 0, "clone %s still runs", c->id);
}

/* A terminal that nobody has: what is written to it comes back as its echo. */
static int noop_attach(struct ptree *p, struct ptree_clone *c)
{
	int fd;

	if (c->state == PTREE_STATE_DEAD)
		return ptree_error_set(&p->error, -ESRCH, 0, "clone %s has ended", c->id);
	fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? ptree_error_set(&p->error, -errno, 0, "attach: cannot make a pty: %m") : fd;
}

static int noop_check(struct ptree *p, struct ptree_check_list *list)
{
	(void)p;
	return ptree_check_add(list, "backend", 0, false, "noop: clones are invented, no process is touched");
}

const struct ptree_backend_ops ptree_backend_noop = {
	.name		= "noop",
	.open		= noop_open,
	.close		= noop_close,
	.clone		= noop_clone,
	.fork		= noop_fork,
	.inspect	= noop_inspect,
	.list		= noop_list,
	.get		= noop_get,
	.get_by_pid	= noop_get_by_pid,
	.freeze		= noop_freeze,
	.thaw		= noop_thaw,
	.kill		= noop_kill,
	.terminate	= noop_terminate,
	.wait		= noop_wait,
	.attach		= noop_attach,
	.check		= noop_check,
};
