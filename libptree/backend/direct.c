// SPDX-License-Identifier: LGPL-2.1-or-later
/* The direct backend: the engine in the caller's own process, for root. Clones are looked up in the registry. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "../attach.h"
#include "../backend.h"
#include "../config-file.h"
#include "../inspect.h"
#include "../op.h"
#include "../proc.h"
#include "direct-fork.h"

#define FREEZE_TIMEOUT_USEC (10 * USEC_PER_SEC)
#define KILL_TIMEOUT_USEC (30 * USEC_PER_SEC)

static int direct_open(struct ptree *p)
{
	struct ptree_registry *registry;
	int r;

	if (geteuid() != 0)
		return ptree_error_set(&p->error, -EPERM, 0,
				       "only root may clone without ptreed; start ptreed.service, or use sudo");
	registry = malloc(sizeof(*registry));
	if (!registry)
		return ptree_error_oom(&p->error, "open");
	r = ptree_registry_open(registry, true);
	if (r < 0) {
		free(registry);
		return ptree_error_set(&p->error, r, 0, "open: cannot open the registry of clones: %m");
	}
	p->backend = registry;
	return 0;
}

static void direct_close(struct ptree *p)
{
	ptree_registry_close(p->backend);
	free(p->backend);
}

/* What the host's configuration says, and over it the options. */
static int op_new(int pidfd, pid_t pid, const struct ptree_clone_options *options, struct ptree_op **ret)
{
	struct ptree_config config = { 0 };
	int r;

	r = ptree_op_new(pid, pidfd, ret);
	if (r >= 0)
		r = ptree_config_read(&config, NULL, NULL, &(*ret)->error);
	if (r < 0)
		return r;
	(*ret)->policies = config.policies;
	if (config.max_pause_usec)
		(*ret)->max_pause_usec = config.max_pause_usec;
	return ptree_op_set_options(*ret, options);
}

static int direct_clone(struct ptree *p, int pidfd, pid_t pid, const struct ptree_clone_options *options,
			struct ptree_clone **ret)
{
	_cleanup_op_ struct ptree_op *op = NULL;
	int r;

	r = op_new(pidfd, pid, options, &op);
	if (r >= 0)
		r = ptree_op_run(op);
	if (op)
		p->error = op->error;
	if (r >= 0)
		*ret = TAKE_PTR(op->clone);
	return r;
}

int ptree_direct_clone_asker(int pidfd, const struct ptree_clone_options *options, uint64_t *ret_id, struct ptree_error *e)
{
	_cleanup_op_ struct ptree_op *op = NULL;
	int r;

	r = op_new(pidfd, 0, options, &op);
	if (!op)
		return ptree_error_oom(e, "fork");
	op->fork = true;
	if (r >= 0)
		r = ptree_op_run(op);
	/* A success may have had to wait for its turn, of which the op keeps a sentence. */
	if (r < 0)
		*e = op->error;
	else
		*ret_id = op->id;
	return r;
}

static int direct_inspect(struct ptree *p, int pidfd, pid_t pid, const struct ptree_clone_options *options,
			  struct ptree_report **ret)
{
	_cleanup_op_ struct ptree_op *op = NULL;
	int r;

	r = op_new(pidfd, pid, options, &op);
	if (r >= 0)
		r = ptree_op_inspect(op, ret);
	if (op)
		p->error = op->error;
	return r;
}

static int direct_list(struct ptree *p, struct ptree_clone ***ret)
{
	int n, nr_alive = 0;

	ptree_registry_collect(p->backend);
	n = ptree_registry_list(p->backend, ret);
	if (n < 0)
		return ptree_error_set(&p->error, n, 0, "list: cannot read the registry of clones: %m");
	for (int i = 0; i < n; i++) {
		if ((*ret)[i]->state == PTREE_STATE_DEAD)
			ptree_clone_unref((*ret)[i]);
		else
			(*ret)[nr_alive++] = (*ret)[i];
	}
	return nr_alive;
}

static int find(struct ptree *p, bool (*is_it)(const struct ptree_clone *c, const void *key), const void *key,
		struct ptree_clone **ret)
{
	struct ptree_clone **clones = NULL, *found = NULL;
	int n;

	n = direct_list(p, &clones);
	if (n < 0)
		return n;
	for (int i = 0; i < n && !found; i++)
		if (is_it(clones[i], key))
			found = ptree_clone_ref(clones[i]);
	ptree_clone_free_all(clones, (size_t)n);
	if (!found)
		return -ENOENT;
	*ret = found;
	return 0;
}

static bool has_name(const struct ptree_clone *c, const void *key)
{
	return strcmp(ptree_clone_name(c), key) == 0;
}

static bool has_id(const struct ptree_clone *c, const void *key)
{
	return strcmp(ptree_clone_id(c), key) == 0;
}

static bool has_pid(const struct ptree_clone *c, const void *key)
{
	return ptree_proc_in_pidns(*(const pid_t *)key, c->init_pid) == 1;
}

static int direct_get_by_pid(struct ptree *p, pid_t pid, struct ptree_clone **ret)
{
	int r = find(p, has_pid, &pid, ret);

	if (r == -ENOENT)
		return ptree_error_set(&p->error, r, pid, "pid %d belongs to no clone; see ptreectl list", pid);
	return r;
}

static int direct_get(struct ptree *p, const char *key, struct ptree_clone **ret)
{
	pid_t pid;
	int r;

	r = find(p, has_id, key, ret);
	if (r == -ENOENT)
		r = find(p, has_name, key, ret);
	if (r == -ENOENT && ptree_pid_parse(key, &pid) == 0)
		r = find(p, has_pid, &pid, ret);
	if (r == -ENOENT)
		return ptree_error_set(&p->error, r, 0, "there is no clone %.64s; see ptreectl list", key);
	return r;
}

static int is_gone(struct ptree *p, const struct ptree_clone *c)
{
	return ptree_error_set(&p->error, -ESRCH, 0, "clone %s has ended", ptree_clone_id(c));
}

static int set_frozen(struct ptree *p, struct ptree_clone *c, bool freeze)
{
	_cleanup_close_ int dir = -1;
	int r;

	if (ptree_registry_state(c) == PTREE_STATE_DEAD)
		return is_gone(p, c);
	r = dir = ptree_cgroup_open(c->cgroup);
	if (r >= 0)
		r = ptree_cgroup_freeze(dir, freeze, FREEZE_TIMEOUT_USEC);
	if (r < 0)
		return ptree_error_set(&p->error, r, 0, "cannot %s clone %s by its cgroup %s: %m", freeze ? "freeze" : "thaw",
				       c->id, c->cgroup);
	c->state = ptree_registry_state(c);
	return 0;
}

static int direct_freeze(struct ptree *p, struct ptree_clone *c)
{
	return set_frozen(p, c, true);
}

static int direct_thaw(struct ptree *p, struct ptree_clone *c)
{
	return set_frozen(p, c, false);
}

struct killing {
	const struct ptree_clone *clone;
	int signal;
	int nr;
};

/* The cgroup may hold strangers (somebody's shell, another clone); the pid namespace tells. Containers have one inside. */
static int kill_one(pid_t pid, void *userdata)
{
	struct killing *k = userdata;
	_cleanup_close_ int pidfd = ptree_proc_pidfd_open(pid, 0);

	if (pidfd < 0 || pid == k->clone->init_pid || ptree_proc_in_pidns(pid, k->clone->init_pid) != 1)
		return 0;
	if (ptree_proc_pidfd_kill(pidfd, k->signal) == 0)
		k->nr++;
	return 0;
}

static int kill_root(const struct ptree_clone *c, int signal)
{
	_cleanup_close_ int pidfd = ptree_proc_pidfd_open(c->root_pid, 0);

	if (pidfd < 0)
		return pidfd;
	if (ptree_proc_in_pidns(c->root_pid, c->init_pid) != 1) /* its number has another bearer */
		return -ESRCH;
	return ptree_proc_pidfd_kill(pidfd, signal);
}

static int direct_kill(struct ptree *p, struct ptree_clone *c, enum ptree_whom whom, int signal)
{
	struct killing k = { .clone = c, .signal = signal };
	int r;

	if (ptree_registry_state(c) == PTREE_STATE_DEAD)
		return is_gone(p, c);
	r = whom == PTREE_WHOM_ROOT ? kill_root(c, signal) : ptree_cgroup_each_pid(c->cgroup, true, kill_one, &k);
	if (r < 0)
		return ptree_error_set(&p->error, r, whom == PTREE_WHOM_ROOT ? c->root_pid : 0,
				       "cannot send signal %d to clone %s: %m", signal, c->id);
	return 0;
}

/* The pidfd of a pid namespace's init becomes readable when everybody in the namespace is gone. */
static int init_wait(int pidfd, uint64_t timeout_usec)
{
	struct pollfd pollfd = { .fd = pidfd, .events = POLLIN };
	struct timespec timeout = {
		.tv_sec = (time_t)(timeout_usec / USEC_PER_SEC),
		.tv_nsec = (long)(timeout_usec % USEC_PER_SEC * 1000),
	};
	int r;

	r = ppoll(&pollfd, 1, timeout_usec == UINT64_MAX ? NULL : &timeout, NULL);
	return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

static int direct_terminate(struct ptree *p, struct ptree_clone *c)
{
	_cleanup_close_ int pidfd = ptree_proc_pidfd_open(c->init_pid, c->init_start);
	int r = 0;

	if (pidfd >= 0) {
		ptree_proc_pidfd_kill(pidfd, SIGKILL);
		r = init_wait(pidfd, KILL_TIMEOUT_USEC);
	}
	if (r < 0)
		return ptree_error_set(&p->error, r, c->init_pid, "clone %s does not end within 30 s of SIGKILL: %m", c->id);
	c->state = PTREE_STATE_DEAD;
	ptree_registry_collect(p->backend);
	return 0;
}

static int direct_wait(struct ptree *p, struct ptree_clone *c, uint64_t timeout_usec, int *ret_status)
{
	_cleanup_close_ int pidfd = ptree_proc_pidfd_open(c->init_pid, c->init_start);
	int r = pidfd < 0 ? 0 : init_wait(pidfd, timeout_usec);

	if (r == -ETIMEDOUT)
		return ptree_error_set(&p->error, r, 0, "clone %s still runs", c->id);
	if (r < 0)
		return ptree_error_set(&p->error, r, 0, "the wait for clone %s was interrupted: %m", c->id);
	c->state = PTREE_STATE_DEAD;
	*ret_status = ptree_registry_status_read(p->backend, c->id);
	return 0;
}

static int direct_attach(struct ptree *p, struct ptree_clone *c)
{
	int fd = ptree_attach_open(c->init_pid, c->init_start);

	if (fd == -ESRCH)
		return is_gone(p, c);
	if (fd == -ENOTTY)
		return ptree_error_set(&p->error, fd, 0, "attach: clone %s has no terminal of its own; clone with --tty=new",
				       c->id);
	if (fd < 0)
		return ptree_error_set(&p->error, fd, c->init_pid, "attach: cannot get the terminal of clone %s: %m", c->id);
	return fd;
}

static int direct_check(struct ptree *p, struct ptree_check_list *list)
{
	struct ptree_kernel_features features;
	struct ptree_error error = { 0 };
	struct ptree_kernel *kernel = NULL;
	int r;

	(void)p;
	r = ptree_kernel_open(&kernel, &error);
	if (r >= 0)
		r = ptree_kernel_features(kernel, &features, &error);
	ptree_kernel_close(kernel);
	if (r < 0)
		return ptree_check_add(list, "kernel module", r, true, "%s", error.message);
	return ptree_check_add(list, "kernel module", 0, true, "ptree %s, up to %u processes and %u threads, %u ops under way",
			       features.version, features.max_members, features.max_threads, features.nr_ops);
}

const struct ptree_backend_ops ptree_backend_direct = {
	.name		= "direct",
	.open		= direct_open,
	.close		= direct_close,
	.clone		= direct_clone,
	.fork		= ptree_direct_fork,
	.inspect	= direct_inspect,
	.list		= direct_list,
	.get		= direct_get,
	.get_by_pid	= direct_get_by_pid,
	.freeze		= direct_freeze,
	.thaw		= direct_thaw,
	.kill		= direct_kill,
	.terminate	= direct_terminate,
	.wait		= direct_wait,
	.attach		= direct_attach,
	.check		= direct_check,
};
