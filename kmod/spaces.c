// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested pid namespaces: each that members live in has a counterpart below the clone's, with the same numbers at every
 * level.
 *
 * A namespace is made in the context of a task of the one above it (copy_pid_ns(), kernel/pid_namespace.c, read in v6.1,
 * v6.12, v7.2): of the clone's init, and further down of the twin that is pid 1 there. And nobody can be born in it before
 * its pid 1 is. So the pid 1s are cloned first, level by level (clone.c), and everybody else after them, all at once.
 */
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include "op.h"
#include "spaces.h"
#include "symbols.h"

static struct ptree_space *space_find(struct ptree_op *op, const struct pid_namespace *ns)
{
	unsigned int i;

	for (i = 0; i < op->nr_spaces; i++)
		if (op->spaces[i].source == ns)
			return &op->spaces[i];
	return NULL;
}

/* Where a task has its number; counted. NULL: it was killed and waited for, and has none any more. */
static struct pid_namespace *namespace_get(struct task_struct *task)
{
	struct pid_namespace *ns;

	/* Its pid, which keeps the namespace, is there until then. */
	rcu_read_lock();
	ns = task_active_pid_ns(task);
	if (ns)
		get_pid_ns(ns);
	rcu_read_unlock();
	return ns;
}

/* The namespace's entry, and those of all between it and the source's. ERR_PTR: -EXDEV it is not below that. */
static struct ptree_space *space_enter(struct ptree_op *op, struct pid_namespace *ns)
{
	struct ptree_space *space = space_find(op, ns), *parent;

	if (space)
		return space;
	if (ns->level <= op->source_ns->level)
		return ERR_PTR(-EXDEV);
	parent = space_enter(op, ns->parent);
	if (IS_ERR(parent))
		return parent;
	if (op->nr_spaces == PTREE_MAX_SPACES)
		return ERR_PTR(-E2BIG);
	space = &op->spaces[op->nr_spaces++];
	*space = (struct ptree_space){
		.source = get_pid_ns(ns),
		.parent = parent,
		.depth = parent->depth + 1,
	};
	op->max_depth = max(op->max_depth, space->depth);
	return space;
}

/**
 * ptree_spaces_init() - the source's own pid namespace, in which every member has a number
 * @op: the op, its members counted
 *
 * That of the root; where the root is pid 1 of it, as in a container, the one above. Errors: -EINVAL the system's init;
 * -ENOMEM.
 */
int ptree_spaces_init(struct ptree_op *op)
{
	struct task_struct *root = member_source(&op->members[op->nr_members - 1]);
	struct pid_namespace *own = namespace_get(root), *ns = own;

	if (!own)
		return ptree_op_fail(op, root, -ESRCH, "has exited, and is the root");
	if (task_tgid_nr_ns(root, ns) == 1)
		ns = ns->parent;
	if (ns)
		op->source_ns = get_pid_ns(ns);
	put_pid_ns(own);
	if (!ns)
		return ptree_op_fail(op, root, -EINVAL, "is the system's init");
	op->spaces = kcalloc(PTREE_MAX_SPACES, sizeof(*op->spaces), GFP_KERNEL_ACCOUNT);
	if (!op->spaces)
		return ptree_op_fail(op, NULL, -ENOMEM, "no memory for pid namespaces");
	op->spaces[0] = (struct ptree_space){ .source = get_pid_ns(ns), .twin = get_pid_ns(op->ns) };
	op->nr_spaces = 1;
	return 0;
}

/* A zombie is born of its parent's twin, and so where that is; in a namespace of its own it was alone and is dead. */
static int member_place(struct ptree_member *member)
{
	struct ptree_op *op = member->op;
	struct task_struct *source = member_source(member);
	struct pid_namespace *ns;
	struct ptree_space *space;

	if (member->zombie) {
		member->space = member->parent ? member->parent->space : &op->spaces[0];
		return 0;
	}
	ns = namespace_get(source);
	if (!ns)
		return ptree_op_fail(op, source, -ESRCH, "was killed");
	space = space_enter(op, ns);
	put_pid_ns(ns);
	if (space == ERR_PTR(-E2BIG))
		return ptree_op_fail(op, source, -E2BIG, "is in one pid namespace too many: %u can be cloned",
				     PTREE_MAX_SPACES - 1);
	if (IS_ERR(space))
		return ptree_op_fail(op, source, PTR_ERR(space), "is in a pid namespace that is not below the root's");
	member->space = space;
	if (READ_ONCE(space->source->child_reaper) == source && space != &op->spaces[0])
		space->reaper = member;
	return 0;
}

/* Where the children that it has yet to make will be born: a namespace with members, or its own. */
static int children_place(struct ptree_member *member)
{
	struct task_struct *source = member_carrier(member);
	struct pid_namespace *ns = NULL;

	task_lock(source);
	if (source->nsproxy)
		ns = source->nsproxy->pid_ns_for_children;
	member->children_space = ns ? space_find(member->op, ns) : member->space;
	task_unlock(source);
	if (!member->children_space)
		return ptree_op_fail(member->op, source, -EOPNOTSUPP,
				     "has a pid namespace for its children (unshare) in which there is nobody yet; try again when there is");
	return 0;
}

/**
 * ptree_spaces_resolve() - find each member's pid namespace, and that of its children
 * @op: the op, its members' parents known
 *
 * Errors: -EXDEV; -E2BIG; -EOPNOTSUPP a namespace whose pid 1 is no member.
 */
int ptree_spaces_resolve(struct ptree_op *op)
{
	unsigned int i;
	int r;

	/* Parents come behind their children, and a zombie asks its parent. */
	for (i = op->nr_members; i-- > 0;) {
		r = member_place(&op->members[i]);
		if (r < 0)
			return r;
	}
	for (i = 1; i < op->nr_spaces; i++)
		if (!op->spaces[i].reaper)
			return ptree_op_fail(op, NULL, -EOPNOTSUPP,
					     "the tree has members in a pid namespace whose pid 1 is not among them; clone from that one up");
	for (i = 0; i < op->nr_members; i++) {
		if (op->members[i].zombie)
			continue;
		r = children_place(&op->members[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/**
 * ptree_spaces_make() - make the counterparts of the namespaces right below one
 * @op: the op
 * @above: the one; current lives in its counterpart
 *
 * Each belongs to the user namespace that its source belongs to. Errors: -ENOMEM; -ENOSPC a limit; noted.
 */
int ptree_spaces_make(struct ptree_op *op, const struct ptree_space *above)
{
	unsigned int i;

	for (i = 1; i < op->nr_spaces; i++) {
		struct ptree_space *space = &op->spaces[i];
		struct pid_namespace *ns;

		if (space->parent != above)
			continue;
		ns = borrowed(copy_pid_ns)(CLONE_NEWPID, space->source->user_ns, task_active_pid_ns(current));
		if (IS_ERR(ns))
			return ptree_op_fail(op, member_source(space->reaper), PTR_ERR(ns),
					     "is pid 1 of a pid namespace that cannot be had once more: error %ld",
					     PTR_ERR(ns));
		space->twin = ns;
	}
	return 0;
}

/**
 * ptree_space_numbers() - the numbers of a task, innermost namespace first, up to the source's
 * @space: where the innermost is
 * @task: a thread of the source
 * @numbers: room for MAX_PID_NS_LEVEL + 1
 *
 * For kernel_clone_args.set_tid. Returns how many.
 */
unsigned int ptree_space_numbers(const struct ptree_space *space, struct task_struct *task, pid_t *numbers)
{
	unsigned int n = 0;

	for (; space; space = space->parent)
		numbers[n++] = task_pid_nr_ns(task, space->source);
	return n;
}

/*
 * ptree_space_round() - in which round of the duplication a member gets its twin
 * The depth of a namespace for its pid 1, in which nobody can be born before; UINT_MAX for everybody else.
 */
unsigned int ptree_space_round(const struct ptree_member *member)
{
	return member->space->reaper == member ? member->space->depth : UINT_MAX;
}

/* ptree_space_link() - where the children of a twin will be born. It has not run, and makes no more threads for us. */
void ptree_space_link(struct ptree_member *member)
{
	struct task_struct *twin = member_twin(member);
	struct pid_namespace *old;

	if (member->zombie || member->children_space == member->space)
		return;
	task_lock(twin);
	if (twin->nsproxy) {
		old = twin->nsproxy->pid_ns_for_children;
		compat_pid_ns_activate(member->children_space->twin);
		twin->nsproxy->pid_ns_for_children = get_pid_ns(member->children_space->twin);
		compat_pid_ns_deactivate(old);
		put_pid_ns(old);
	}
	task_unlock(twin);
}

/*
 * ptree_spaces_count_on() - let numbers go on where they go on in the source
 * Choosing a number does not move the mark behind which the next free one is looked for: a clone would give numbers that
 * have just become free at once to others.
 */
void ptree_spaces_count_on(struct ptree_op *op)
{
	unsigned int i;

	for (i = 0; i < op->nr_spaces; i++)
		idr_set_cursor(&op->spaces[i].twin->idr, idr_get_cursor(&op->spaces[i].source->idr));
}

void ptree_spaces_done(struct ptree_op *op)
{
	unsigned int i;

	for (i = 0; i < op->nr_spaces; i++) {
		put_pid_ns(op->spaces[i].source);
		if (op->spaces[i].twin)
			put_pid_ns(op->spaces[i].twin);
	}
	kfree(op->spaces);
}
