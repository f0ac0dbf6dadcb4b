// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * prepare: all that a clone needs and that takes time, before anything is asked of the source: the module, a number and
 * a name, a place (place.c), a pid namespace with its init (keeper.c), other namespaces (namespaces.c), room for copies (copies.c). The place is frozen
 * at the end, so that the twins are born frozen.
 */
#include <fcntl.h>
#include <string.h>

#include "config.h"
#include "op.h"
#include "place.h"
#include "proc.h"
#include "walk.h"

#define FREEZE_INIT_USEC (5 * USEC_PER_SEC)

/* COMM-ID, with what a name may not hold replaced. */
static int name_default(struct ptree_op *op, const char *comm)
{
	char *c;

	if (asprintf(&op->name, "%s-%llu", *comm ? comm : "clone", (unsigned long long)op->id) < 0) {
		op->name = NULL;
		return ptree_error_oom(&op->error, "prepare");
	}
	for (c = op->name; *c; c++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-", *c))
			*c = '-';
	return 0;
}

/* A number, a name and a journal, under the registry's lock: nobody else can have got either of them. */
static int register_op(struct ptree_op *op, const struct ptree_proc_stat *root)
{
	_cleanup_close_ int lock = -1;
	int r;

	lock = ptree_registry_lock(&op->registry);
	r = lock;
	if (r >= 0)
		r = ptree_registry_next_id(&op->registry, &op->id);
	if (r < 0)
		return ptree_error_set(&op->error, r, 0, "prepare: cannot get a number for the clone: %m");
	if (!op->name) {
		r = name_default(op, root->comm);
		if (r < 0)
			return r;
	}
	r = ptree_registry_name_taken(&op->registry, op->name);
	if (r > 0)
		return ptree_error_set(&op->error, -EEXIST, 0, "prepare: the name %s is taken by another clone; choose another",
				       op->name);
	if (r >= 0)
		r = ptree_journal_create(&op->journal, &op->registry, op->id);
	if (r >= 0)
		r = ptree_journal_write(&op->journal, "NAME", "%s", op->name);
	if (r >= 0)
		r = ptree_journal_write(&op->journal, "SOURCE", "%d %llu", op->pid, (unsigned long long)root->start);
	if (r < 0)
		return ptree_error_set(&op->error, r, 0, "prepare: cannot write the journal of clone %llu: %m",
				       (unsigned long long)op->id);
	return 0;
}

static int registry_open(struct ptree_op *op)
{
	int r;

	r = ptree_registry_open(&op->registry, true);
	if (r < 0)
		return ptree_error_set(&op->error, r, 0, "prepare: cannot open the registry %s: %m; is the caller root?",
				       PTREE_RUNTIME_DIR);
	/* What others left behind as they were killed; a failure here need not be one of ours. */
	ptree_journal_recover(&op->registry);
	ptree_registry_collect(&op->registry);
	return 0;
}

int ptree_prepare(struct ptree_op *op)
{
	struct ptree_proc_stat root;
	const char *mount;
	char id[24];
	int r;

	/* Whoever asks would be frozen, and cloned with its question open. */
	if (op->requester_pidfd >= 0 && !op->fork && ptree_op_protect(op, ptree_proc_pidfd_pid(op->requester_pidfd)) < 0)
		return ptree_error_oom(&op->error, "prepare");
	r = ptree_policies_check(&op->policies, &op->error);
	if (r >= 0 && op->fork)
		r = ptree_policies_forkable(&op->policies, &op->error);
	if (r < 0)
		return r;
	r = ptree_walk_refuse_root(op, &root);
	if (r < 0)
		return r;
	r = ptree_cgroup_mount(&mount);
	if (r < 0)
		return ptree_error_set(&op->error, -ENOSYS, 0,
				       "prepare: cgroup v2 is mounted nowhere; mount -t cgroup2 none DIRECTORY");
	r = ptree_kernel_open(&op->kernel, &op->error);
	if (r < 0)
		return r;
	r = registry_open(op);
	if (r < 0)
		return r;
	r = register_op(op, &root);
	if (r < 0)
		return r;

	snprintf(id, sizeof(id), "%llu", (unsigned long long)op->id);
	op->status_fd = ptree_registry_status_create(&op->registry, id);
	if (op->status_fd < 0)
		return ptree_error_set(&op->error, op->status_fd, 0, "prepare: cannot make the status file of clone %s: %m", id);
	r = ptree_place_make(op);
	if (r < 0)
		return r;
	r = ptree_keeper_arm(&op->keeper, op->root_number, &op->error);
	if (r < 0)
		return r;
	r = ptree_namespaces_prepare(op);
	if (r < 0)
		return r;
	r = ptree_copies_prepare(op);
	if (r < 0)
		return r;
	r = ptree_cgroup_freeze(op->cgroup_fd, true, FREEZE_INIT_USEC);
	if (r < 0)
		return ptree_error_set(&op->error, r, op->keeper.init_pid, "prepare: cannot freeze the clone's cgroup %s: %m",
				       op->cgroup_path);
	return 0;
}
