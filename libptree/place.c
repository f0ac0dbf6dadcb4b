// SPDX-License-Identifier: LGPL-2.1-or-later
/* The place of a clone: which cgroup, how it is made, and putting ptree-init into it. */
#include "place.h"

#include <fcntl.h>
#include <string.h>

#include "proc.h"
#include "scope.h"

static int spawn(struct ptree_op *op, int cgroup_fd)
{
	char title[64];
	int r;

	snprintf(title, sizeof(title), "ptree-init: clone %llu of %d", (unsigned long long)op->id, op->pid);
	r = ptree_keeper_spawn(&op->keeper, title, cgroup_fd, op->status_fd, &op->journal, &op->error);
	if (r < 0)
		return r;
	r = ptree_journal_write(&op->journal, "INIT", "%d %llu", op->keeper.init_pid,
				(unsigned long long)op->keeper.init_start);
	if (r < 0)
		return ptree_error_set(&op->error, r, 0, "prepare: cannot write the journal: %m");
	return 0;
}

static int made(struct ptree_op *op, const char *path)
{
	int r;

	op->cgroup_path = strdup(path);
	if (!op->cgroup_path)
		return ptree_error_oom(&op->error, "prepare");
	r = ptree_journal_write(&op->journal, "CGROUP", "%s", path);
	if (r < 0)
		return ptree_error_set(&op->error, r, 0, "prepare: cannot write the journal: %m");
	op->cgroup_made = true;
	return 0;
}

/* parent/ptree-ID.scope. -ENOENT without a sentence: there is no parent. */
static int make_below(struct ptree_op *op, const char *parent)
{
	_cleanup_free_ char *path = NULL;
	int r;

	if (asprintf(&path, "%s/" PTREE_CGROUP_CLONE_FORMAT, strcmp(parent, "/") == 0 ? "" : parent,
		     (unsigned long long)op->id) < 0)
		return ptree_error_oom(&op->error, "prepare");
	if (!op->cgroup_made) {
		r = made(op, path);
		if (r < 0)
			return r;
	}
	op->cgroup_fd = ptree_cgroup_make(path, false);
	if (op->cgroup_fd < 0 && op->cgroup_fd != -ENOENT)
		ptree_error_set(&op->error, op->cgroup_fd, 0,
				"prepare: cannot make the cgroup %s: %m; choose another with the option cgroup", path);
	return op->cgroup_fd < 0 ? op->cgroup_fd : 0;
}

static int place_in_slice(struct ptree_op *op)
{
	int r = -ENOENT;

	/* Whoever removes the last clone removes the empty slice: it may go while we are at it. */
	for (int i = 0; i < 10 && r == -ENOENT; i++) {
		_cleanup_close_ int slice = ptree_cgroup_make(PTREE_CGROUP_SLICE, true);

		if (slice < 0 && slice != -ENOENT)
			return ptree_error_set(&op->error, slice, 0,
					       "prepare: cannot make the cgroup " PTREE_CGROUP_SLICE ": %m; may the caller write to the cgroup tree?");
		r = make_below(op, PTREE_CGROUP_SLICE);
	}
	if (r == -ENOENT)
		return ptree_error_set(&op->error, r, 0,
				       "prepare: the cgroup " PTREE_CGROUP_SLICE " is removed as often as it is made: %m");
	return r < 0 ? r : spawn(op, op->cgroup_fd);
}

/* 1: nobody is in the cgroup or below it, and processes may be put into it. */
static int is_vacant(int fd)
{
	_cleanup_close_ int events = -1;
	char controllers[512];
	int r;

	events = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (events < 0)
		return errno == ENOENT ? 0 : -errno; /* only the root cgroup has none */
	r = ptree_cgroup_event(events, "populated");
	if (r != 0)
		return r < 0 ? r : 0;
	r = ptree_cgroup_read(fd, "cgroup.subtree_control", controllers, sizeof(controllers));
	return r < 0 ? r : r == 0;
}

static int place_in_option(struct ptree_op *op)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	r = ptree_cgroup_normalize(op->cgroup_option, &path);
	if (r >= 0)
		r = fd = ptree_cgroup_open(path);
	if (r >= 0)
		r = is_vacant(fd);
	if (r < 0)
		return ptree_error_set(&op->error, r, 0, "prepare: the cgroup %s cannot be used: %m; it must exist and be of version 2",
				       op->cgroup_option);
	if (r == 0) {
		r = make_below(op, path);
		if (r == -ENOENT)
			ptree_error_set(&op->error, r, 0, "prepare: the cgroup %s is being removed: %m", path);
		return r < 0 ? r : spawn(op, op->cgroup_fd);
	}
	op->cgroup_fd = TAKE_FD(fd);
	op->cgroup_path = TAKE_PTR(path);
	return spawn(op, op->cgroup_fd);
}

/* systemd takes ptree-init into the scope; until then it is where the engine is. -ENOTCONN: do without systemd. */
static int place_in_scope(struct ptree_op *op)
{
	char expected[64], description[64];
	int r;

	r = spawn(op, -1);
	if (r < 0)
		return r;
	snprintf(expected, sizeof(expected), PTREE_CGROUP_SLICE "/" PTREE_CGROUP_CLONE_FORMAT, (unsigned long long)op->id);
	snprintf(description, sizeof(description), "Clone %llu of process %d", (unsigned long long)op->id, op->pid);
	r = ptree_journal_write(&op->journal, "SCOPE", "%s", expected);
	if (r < 0)
		return ptree_error_set(&op->error, r, 0, "prepare: cannot write the journal: %m");
	op->cgroup_scope = true;
	r = ptree_scope_start(op->id, op->keeper.init_pid, description, &op->error);
	if (r < 0)
		return r;
	r = ptree_cgroup_of_pid(op->keeper.init_pid, &op->cgroup_path);
	if (r < 0)
		return ptree_error_set(&op->error, r, op->keeper.init_pid,
				       "prepare: pid %d, the clone's ptree-init, is in no cgroup of version 2: %m",
				       op->keeper.init_pid);
	op->cgroup_fd = ptree_cgroup_open(op->cgroup_path);
	if (op->cgroup_fd < 0)
		return ptree_error_set(&op->error, op->cgroup_fd, 0, "prepare: cannot open the cgroup %s: %m",
				       op->cgroup_path);
	return 0;
}

int ptree_place_make(struct ptree_op *op)
{
	int r;

	if (op->cgroup_option)
		return place_in_option(op);
	if (op->no_systemd || !ptree_scope_available())
		return place_in_slice(op);
	r = place_in_scope(op);
	if (r != -ENOTCONN)
		return r;
	ptree_keeper_discard(&op->keeper);
	ptree_error_clear(&op->error);
	op->cgroup_scope = false;
	return place_in_slice(op);
}

void ptree_place_remove(struct ptree_op *op)
{
	ptree_keeper_discard(&op->keeper);
	if (op->cgroup_scope) {
		/* The cgroup is systemd's to remove, when it sees that it is empty; it would not see one that is gone. */
		if (op->cgroup_fd >= 0)
			ptree_cgroup_write(op->cgroup_fd, "cgroup.kill", "1");
		ptree_scope_stop(op->id);
		op->cgroup_scope = false;
	} else if (op->cgroup_made) {
		if (op->cgroup_fd >= 0)
			ptree_cgroup_write(op->cgroup_fd, "cgroup.kill", "1");
		ptree_cgroup_remove(op->cgroup_path);
		ptree_cgroup_prune_slice(op->cgroup_path);
		op->cgroup_made = false;
	} else if (op->cgroup_fd >= 0) {
		/* It was there before and was vacant: as it was. */
		ptree_cgroup_write(op->cgroup_fd, "cgroup.freeze", "0");
	}
	op->cgroup_fd = ptree_close_fd(op->cgroup_fd);
}
