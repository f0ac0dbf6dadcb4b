// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What freezes the source. A cgroup that holds the whole tree and nobody else is frozen as it is. Otherwise a child is
 * made *below* each cgroup that members are in: unit, limits and accounting stay the same, nothing is written to what
 * systemd owns, and a cgroup that holds processes may always have a child (it has no controllers below it).
 */
#include "freezer.h"

#include <fcntl.h>
#include <string.h>

static int journal_failed(struct ptree_op *op, int r)
{
	return ptree_error_set(&op->error, r, 0, "freeze: cannot write the journal: %m");
}

/* Opens what is needed of a freezer's cgroup and takes it into the op. */
static int freezer_add(struct ptree_op *op, const char *home, const char *path, bool made)
{
	struct ptree_freezer f = { .made = made, .dir_fd = -1, .freeze_fd = -1, .events_fd = -1, .procs_fd = -1 };
	struct ptree_freezer *grown;

	if (op->nr_freezers == PTREE_MAX_FREEZE)
		return ptree_error_set(&op->error, -EAGAIN, op->pid,
				       "freeze: the tree of pid %d is spread over more than %d cgroups; clone a smaller tree",
				       op->pid, PTREE_MAX_FREEZE);
	grown = realloc(op->freezers, (op->nr_freezers + 1) * sizeof(*grown));
	if (!grown)
		return ptree_error_oom(&op->error, "freeze");
	op->freezers = grown;
	f.home = strdup(home);
	f.path = strdup(path);
	op->freezers[op->nr_freezers++] = f;
	grown = &op->freezers[op->nr_freezers - 1];
	if (!f.home || !f.path)
		return ptree_error_oom(&op->error, "freeze");

	grown->dir_fd = made ? ptree_cgroup_make(path, true) : ptree_cgroup_open(path);
	if (grown->dir_fd < 0)
		return ptree_error_set(&op->error, grown->dir_fd, op->pid, "freeze: cannot make the cgroup %s: %m", path);
	grown->freeze_fd = openat(grown->dir_fd, "cgroup.freeze", O_WRONLY | O_CLOEXEC);
	if (grown->freeze_fd >= 0)
		grown->events_fd = openat(grown->dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (grown->events_fd >= 0 && made)
		grown->procs_fd = openat(grown->dir_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (grown->freeze_fd < 0 || grown->events_fd < 0 || (made && grown->procs_fd < 0))
		return ptree_error_set(&op->error, -errno, op->pid, "freeze: cannot open the freezer of the cgroup %s: %m", path);
	return 0;
}

/* The cgroup of which all members are in or below, malloc'ed. */
static char *common_cgroup(const struct ptree_op *op)
{
	char *common = NULL;

	for (size_t i = 0; i < op->nr_members; i++) {
		const char *path = op->members[i]->cgroup;

		if (op->members[i]->zombie)
			continue;
		if (!common) {
			common = strdup(path);
			if (!common)
				return NULL;
		}
		while (!ptree_cgroup_contains(common, path)) {
			char *slash = strrchr(common, '/');

			slash[slash == common ? 1 : 0] = '\0';
		}
	}
	return common;
}

struct census {
	struct ptree_op *op;
	size_t nr;
};

static int census_take(pid_t pid, void *userdata)
{
	struct census *census = userdata;

	if (!ptree_walk_find(census->op, pid))
		return -EEXIST; /* a stranger */
	census->nr++;
	return 0;
}

static bool reads(int dir_fd, const char *file, const char *value)
{
	char buffer[64];

	return ptree_cgroup_read(dir_fd, file, buffer, sizeof(buffer)) >= 0 && strcmp(buffer, value) == 0;
}

/* Somebody who is frozen already (a held clone, a frozen unit) must be so afterwards: then this cgroup is not ours. */
static bool is_filled(struct ptree_op *op, const char *path)
{
	struct census census = { .op = op };
	_cleanup_close_ int dir = -1, events = -1;
	size_t nr_alive = 0;

	if (strcmp(path, "/") == 0)
		return false;
	dir = ptree_cgroup_open(path);
	if (dir < 0 || !reads(dir, "cgroup.type", "domain") || !reads(dir, "cgroup.freeze", "0"))
		return false;
	events = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (events < 0 || ptree_cgroup_event(events, "frozen") != 0)
		return false;
	for (size_t i = 0; i < op->nr_members; i++)
		nr_alive += !op->members[i]->zombie;
	return ptree_cgroup_each_pid(path, true, census_take, &census) == 0 && census.nr == nr_alive;
}

int ptree_freezer_plan(struct ptree_op *op)
{
	_cleanup_free_ char *common = common_cgroup(op);
	int r;

	if (!common || !is_filled(op, common))
		return 0;
	r = ptree_journal_write(&op->journal, "FREEZE", "%s", common);
	return r < 0 ? journal_failed(op, r) : freezer_add(op, common, common, false);
}

/* Threads of one process may be in several cgroups there; moving it would bring them together. */
static int refuse_threaded(struct ptree_op *op, const struct ptree_member *m, int dir_fd)
{
	char type[64];

	if (ptree_cgroup_read(dir_fd, "cgroup.type", type, sizeof(type)) < 0 || strcmp(type, "domain") == 0)
		return 0; /* the root cgroup has no type */
	return ptree_error_set(&op->error, -EOPNOTSUPP, m->pid,
			       "freeze: pid %d (%s) is in the cgroup %s of type %s, which cannot be cloned yet; move it to another",
			       m->pid, m->comm, m->cgroup, type);
}

/* The freezer below the cgroup that @m is in, made if it must be. */
static int freezer_for(struct ptree_op *op, const struct ptree_member *m, struct ptree_freezer **ret)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int home_fd = -1;
	int r;

	for (size_t i = 0; i < op->nr_freezers; i++) {
		if (op->freezers[i].made && strcmp(op->freezers[i].home, m->cgroup) == 0) {
			*ret = &op->freezers[i];
			return 0;
		}
	}
	home_fd = ptree_cgroup_open(m->cgroup);
	if (home_fd < 0)
		return ptree_error_set(&op->error, home_fd, m->pid, "freeze: cannot open the cgroup %s of pid %d (%s): %m",
				       m->cgroup, m->pid, m->comm);
	r = refuse_threaded(op, m, home_fd);
	if (r < 0)
		return r;
	if (asprintf(&path, "%s/" PTREE_CGROUP_FREEZE_PREFIX "%llu", strcmp(m->cgroup, "/") == 0 ? "" : m->cgroup,
		     (unsigned long long)op->id) < 0)
		return ptree_error_oom(&op->error, "freeze");
	r = ptree_journal_write(&op->journal, "FREEZE", "%s", path);
	if (r >= 0)
		r = ptree_journal_write(&op->journal, "CHILD", "%s", path);
	if (r < 0)
		return journal_failed(op, r);
	r = freezer_add(op, m->cgroup, path, true);
	if (r < 0)
		return r;
	*ret = &op->freezers[op->nr_freezers - 1];

	/* Found only now that the others are frozen already. */
	if (op->pause_start_usec && pwrite((*ret)->freeze_fd, "1", 1, 0) < 0)
		return ptree_error_set(&op->error, -errno, m->pid, "freeze: cannot freeze the cgroup %s: %m", path);
	return 0;
}

static bool is_covered(const struct ptree_op *op, const struct ptree_member *m)
{
	for (size_t i = 0; i < op->nr_freezers; i++)
		if (ptree_cgroup_contains(op->freezers[i].path, m->cgroup))
			return true;
	return false;
}

static int cover_one(struct ptree_op *op, struct ptree_member *m)
{
	struct ptree_freezer *f = NULL;
	char text[16];
	int n, r;

	if (is_covered(op, m))
		return 0;
	r = freezer_for(op, m, &f);
	if (r < 0)
		return r;
	n = snprintf(text, sizeof(text), "%d", m->pid);
	if (pwrite(f->procs_fd, text, (size_t)n, 0) < 0 && errno != ESRCH)
		return ptree_error_set(&op->error, -errno, m->pid, "freeze: cannot move pid %d (%s) to the cgroup %s: %m", m->pid,
				       m->comm, f->path);
	return 1;
}

int ptree_freezer_cover(struct ptree_op *op)
{
	int r, nr_moved = 0;

	for (size_t i = 0; i < op->nr_members; i++) {
		struct ptree_member *m = op->members[i];

		if (m->zombie || m->covered)
			continue;
		r = cover_one(op, m);
		if (r < 0)
			return r;
		m->covered = true;
		nr_moved += r;
	}
	return nr_moved;
}

int ptree_freezer_write(struct ptree_op *op, bool freeze)
{
	int error = 0;

	for (size_t i = 0; i < op->nr_freezers; i++) {
		struct ptree_freezer *f = &op->freezers[i];

		/* -ENODEV: it was removed, so nobody is in it. */
		if (f->freeze_fd < 0 || pwrite(f->freeze_fd, freeze ? "1" : "0", 1, 0) >= 0 || errno == ENODEV)
			continue;
		error = ptree_error_set(&op->error, -errno, op->pid, "%s: cannot write cgroup.freeze of the cgroup %s: %m",
					freeze ? "freeze" : "thaw", f->path);
		if (freeze)
			break;
	}
	return error;
}

int ptree_freezer_wait(struct ptree_op *op, uint64_t timeout_usec)
{
	int fds[PTREE_MAX_FREEZE];
	int r;

	for (size_t i = 0; i < op->nr_freezers; i++)
		fds[i] = op->freezers[i].events_fd;
	r = ptree_cgroup_wait_events(fds, op->nr_freezers, "frozen", 1, timeout_usec);
	if (r < 0 && r != -ETIMEDOUT)
		return ptree_error_set(&op->error, r, op->pid, "freeze: cannot read cgroup.events of the tree of pid %d: %m",
				       op->pid);
	return r;
}

void ptree_freezer_done(struct ptree_op *op)
{
	for (size_t i = 0; i < op->nr_freezers; i++) {
		struct ptree_freezer *f = &op->freezers[i];

		if (f->made && f->dir_fd >= 0) {
			ptree_cgroup_move_all(f->path, f->home);
			ptree_cgroup_remove(f->path);
		}
		ptree_close_fd(f->dir_fd);
		ptree_close_fd(f->freeze_fd);
		ptree_close_fd(f->events_fd);
		ptree_close_fd(f->procs_fd);
		free(f->home);
		free(f->path);
	}
	free(op->freezers);
	op->freezers = NULL;
	op->nr_freezers = 0;
}
