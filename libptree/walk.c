// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * walk: who belongs to the source. Depth-first, as often as asked; what is known of a member is kept from pass to pass
 * (member.c finds it out once). The lists of children are complete only for processes that stand still: the last pass,
 * the one that counts, is made by freeze.c with everybody frozen.
 */
#include "walk.h"

#include <string.h>

#include "children.h"

#define TURN_WAIT_USEC (10 * USEC_PER_SEC)
#define TURN_LOOK_USEC 2000

/* Members by pid: open addressing, a power of two of slots, at most half of them taken. */
struct ptree_walk_index {
	size_t size;
	size_t used;
	struct ptree_member *slots[];
};

/* One pass: whom it has yet to visit, last first, and whom it found. */
struct walk_todo {
	pid_t pid;
	pid_t parent;
	unsigned depth;
};

struct walk_pass {
	struct walk_todo *todo;
	size_t nr_todo, size_todo;
	struct ptree_member **members;
	size_t nr_members, size_members;
	struct ptree_walk_index *index;
	struct ptree_pids children;
	int nr_new;
};

static struct ptree_member **slot_find(struct ptree_walk_index *index, pid_t pid)
{
	size_t i = (size_t)pid * 2654435761u & (index->size - 1);

	while (index->slots[i] && index->slots[i]->pid != pid)
		i = (i + 1) & (index->size - 1);
	return &index->slots[i];
}

/* Twice as large, or a first one. */
static int index_grow(struct ptree_walk_index **index)
{
	size_t size = *index ? 2 * (*index)->size : 128;
	struct ptree_walk_index *grown = calloc(1, sizeof(*grown) + size * sizeof(grown->slots[0]));

	if (!grown)
		return -ENOMEM;
	grown->size = size;
	for (size_t i = 0; *index && i < (*index)->size; i++) {
		struct ptree_member *m = (*index)->slots[i];

		if (m) {
			*slot_find(grown, m->pid) = m;
			grown->used++;
		}
	}
	free(*index);
	*index = grown;
	return 0;
}

struct ptree_member *ptree_walk_find(const struct ptree_op *op, pid_t pid)
{
	return op->index ? *slot_find(op->index, pid) : NULL;
}

void ptree_walk_done(struct ptree_op *op)
{
	for (size_t i = 0; i < op->nr_members; i++)
		ptree_member_free(op->members[i]);
	free(op->members);
	op->members = NULL;
	op->nr_members = 0;
	free(op->index);
	op->index = NULL;
}

static int pass_add(struct walk_pass *pass, struct ptree_member *m)
{
	if (pass->nr_members == pass->size_members) {
		size_t size = pass->size_members ? 2 * pass->size_members : 64;
		struct ptree_member **grown = realloc(pass->members, size * sizeof(struct ptree_member *));

		if (!grown)
			return -ENOMEM;
		pass->members = grown;
		pass->size_members = size;
	}
	if (!pass->index || 2 * (pass->index->used + 1) > pass->index->size)
		if (index_grow(&pass->index) < 0)
			return -ENOMEM;
	pass->members[pass->nr_members++] = m;
	*slot_find(pass->index, m->pid) = m;
	pass->index->used++;
	return 0;
}

/* The list is taken from its end, so the first-born goes on top. */
static int pass_push(struct walk_pass *pass, const struct ptree_pids *children, pid_t parent, unsigned depth)
{
	if (pass->nr_todo + children->nr > pass->size_todo) {
		size_t size = 2 * (pass->nr_todo + children->nr) + 64;
		struct walk_todo *grown = realloc(pass->todo, size * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		pass->todo = grown;
		pass->size_todo = size;
	}
	for (size_t i = children->nr; i-- > 0;)
		pass->todo[pass->nr_todo++] = (struct walk_todo){ children->pids[i], parent, depth };
	return 0;
}

/* The member of that number, known or new, with its children read. 0: there is none. */
static int pass_find(struct ptree_op *op, struct walk_pass *pass, const struct walk_todo *todo, struct ptree_member **ret)
{
	struct ptree_member *m = ptree_walk_find(op, todo->pid);
	int r;

	pass->children.nr = 0;
	if (m) {
		r = ptree_children_read(m->task_fd, &pass->children);
		if (r > 0) {
			m->nr_threads = (unsigned)r;
			*ret = m;
			return 1;
		}
		if (r < 0)
			return ptree_error_set(&op->error, r, m->pid, "walk: cannot read the children of pid %d (%s): %m",
					       m->pid, m->comm);
		/* It died. Should its number have a new bearer, then that is a new member. */
	}
	r = ptree_member_new(op, todo->pid, todo->parent, &m);
	if (r <= 0)
		return r;
	r = ptree_children_read(m->task_fd, &pass->children);
	if (r > 0) {
		pass->nr_new++;
		*ret = m;
		return 1;
	}
	if (r < 0)
		ptree_error_set(&op->error, r, m->pid, "walk: cannot read the children of pid %d (%s): %m", m->pid, m->comm);
	ptree_member_free(m);
	return r;
}

static int pass_visit(struct ptree_op *op, struct walk_pass *pass, const struct walk_todo *todo)
{
	struct ptree_member *m = NULL;
	int r;

	/* Seen twice: it was given to another parent while we looked. */
	if (pass->index && *slot_find(pass->index, todo->pid))
		return 0;
	r = pass_find(op, pass, todo, &m);
	if (r <= 0)
		return r;
	m->depth = todo->depth;
	m->pass = op->pass;
	if (pass_add(pass, m) < 0) {
		if (ptree_walk_find(op, m->pid) != m)
			ptree_member_free(m);
		return ptree_error_oom(&op->error, "walk");
	}
	if (pass->nr_members > PTREE_MAX_MEMBERS)
		return ptree_error_set(&op->error, -EAGAIN, op->pid,
				       "walk: the tree below pid %d has more than %d processes; clone a smaller tree", op->pid,
				       PTREE_MAX_MEMBERS);
	if (pass_push(pass, &pass->children, m->pid, m->depth + 1) < 0)
		return ptree_error_oom(&op->error, "walk");
	return 0;
}

/* What the pass found becomes what is known; those it did not see are gone. */
static void pass_commit(struct ptree_op *op, struct walk_pass *pass)
{
	for (size_t i = 0; i < op->nr_members; i++)
		if (op->members[i]->pass != op->pass)
			ptree_member_free(op->members[i]);
	free(op->members);
	free(op->index);
	op->members = TAKE_PTR(pass->members);
	op->nr_members = pass->nr_members;
	op->index = TAKE_PTR(pass->index);
}

static void pass_drop(struct ptree_op *op, struct walk_pass *pass)
{
	for (size_t i = 0; i < pass->nr_members; i++)
		if (ptree_walk_find(op, pass->members[i]->pid) != pass->members[i])
			ptree_member_free(pass->members[i]);
}

int ptree_walk_again(struct ptree_op *op)
{
	struct walk_pass pass = { 0 };
	int r;

	op->pass++;
	r = pass_push(&pass, &(struct ptree_pids){ .pids = &op->pid, .nr = 1 }, 0, 0);
	if (r < 0)
		ptree_error_oom(&op->error, "walk");
	while (r == 0 && pass.nr_todo > 0) {
		struct walk_todo todo = pass.todo[--pass.nr_todo];

		r = pass_visit(op, &pass, &todo);
	}
	if (r == 0 && pass.nr_members == 0)
		r = ptree_error_set(&op->error, -ESRCH, op->pid, "walk: there is no process %d any more", op->pid);
	if (r == 0) {
		pass_commit(op, &pass);
		r = pass.nr_new;
	} else {
		pass_drop(op, &pass);
	}
	free(pass.todo);
	free(pass.members);
	free(pass.index);
	free(pass.children.pids);
	return r;
}

/* Is @pid an ancestor of @of, or the same? */
static bool is_above(pid_t pid, pid_t of)
{
	for (int i = 0; of > 0 && i < 100000; i++) {
		_cleanup_close_ int fd = -1;
		struct ptree_proc_stat stat;

		if (of == pid)
			return true;
		fd = ptree_proc_open(of);
		if (fd < 0 || ptree_proc_stat(fd, &stat) < 0)
			return false;
		of = stat.ppid;
	}
	return false;
}

int ptree_walk_refuse_root(struct ptree_op *op, struct ptree_proc_stat *ret)
{
	struct ptree_proc_status status;
	unsigned level;
	_cleanup_close_ int fd = -1;
	int r;

	if (op->pid == 1)
		return ptree_error_set(&op->error, -EINVAL, 1, "walk: pid 1 is the system's init and cannot be cloned");
	fd = ptree_proc_open(op->pid);
	r = fd;
	if (r >= 0)
		r = ptree_proc_stat(fd, ret);
	if (r >= 0)
		r = ptree_proc_status(fd, &status);
	if (r == -ESRCH || (r >= 0 && ret->state == 'X'))
		return ptree_error_set(&op->error, -ESRCH, op->pid, "walk: there is no process %d", op->pid);
	if (r < 0)
		return ptree_error_set(&op->error, r, op->pid, "walk: cannot look at pid %d: %m", op->pid);
	if (ret->state == 'Z' && ret->nr_threads <= 1)
		return ptree_error_set(&op->error, -ESRCH, op->pid, "walk: pid %d (%s) has exited already", op->pid, ret->comm);
	if (ret->flags & PTREE_PF_KTHREAD)
		return ptree_error_set(&op->error, -EINVAL, op->pid, "walk: pid %d (%s) is a kernel thread and cannot be cloned",
				       op->pid, ret->comm);
	if (is_above(op->pid, getpid()))
		return ptree_error_set(&op->error, -EDEADLK, op->pid,
				       "walk: pid %d (%s) is the caller or an ancestor of it, which would freeze itself; clone it from outside of its tree",
				       op->pid, ret->comm);
	for (size_t i = 0; i < op->nr_protect; i++)
		if (is_above(op->pid, op->protect[i]))
			return ptree_error_set(&op->error, -EDEADLK, op->pid,
					       "walk: pid %d (%s) is or holds pid %d, which the clone is made with or for; choose a smaller tree",
					       op->pid, ret->comm, op->protect[i]);

	/* Of a pid 1 it is the number one level up that ptree-init knows it by. */
	level = status.nr_numbers - 1;
	if (status.numbers[level] == 1 && level > 0)
		level--;
	op->root_number = status.numbers[level];
	return 0;
}

/* Two trees have members in common just if one's root is in the other. */
static int overlaps(uint64_t id, pid_t source, uint64_t start, void *userdata)
{
	struct ptree_op *op = userdata;
	const struct ptree_member *m = ptree_walk_find(op, source);

	(void)id;
	return (m && m->start == start) || (ptree_proc_start(source) == start && is_above(source, op->pid));
}

/* Ops on one tree take turns in the order of their ids. 1: another went first; look again. 0: our turn. */
static int turn_wait(struct ptree_op *op, uint64_t *waited_usec)
{
	struct timespec pause = { .tv_nsec = TURN_LOOK_USEC * 1000 };

	if (ptree_journal_each_source(&op->registry, op->id, overlaps, op) <= 0)
		return 0;
	if (*waited_usec >= TURN_WAIT_USEC)
		return ptree_error_set(&op->error, -EBUSY, op->pid,
				       "walk: another op on the tree of pid %d is under way; try again when it is over", op->pid);
	nanosleep(&pause, NULL);
	*waited_usec += TURN_LOOK_USEC;
	return 1;
}

int ptree_walk(struct ptree_op *op)
{
	pid_t bus = ptree_member_bus_pid();
	uint64_t waited_usec = 0;
	int r;

	if (bus > 1 && ptree_op_protect(op, bus) < 0)
		return ptree_error_oom(&op->error, "walk");
	do {
		/* From scratch: those that another op has just moved about are elsewhere now. */
		ptree_walk_done(op);
		r = ptree_walk_again(op);
		if (r >= 0)
			r = turn_wait(op, &waited_usec);
		else if (r == -EBUSY && waited_usec < TURN_WAIT_USEC && turn_wait(op, &waited_usec) == 1)
			r = 1; /* a member is in the other op's hands */
	} while (r > 0);
	return r < 0 ? r : 0;
}
