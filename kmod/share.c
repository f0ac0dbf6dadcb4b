// SPDX-License-Identifier: GPL-2.0-only
/*
 * Members that have something in common without being threads of each other: memory (CLONE_VM), handlers (CLONE_SIGHAND),
 * open files (CLONE_FILES), directories (CLONE_FS). Their twins are to have the twin of it in common, and never anything
 * of the source's.
 *
 * So one of them is made first, as if it were alone, and the others after it, one at a time (clone.c). Who shares its memory
 * is made by its twin, with CLONE_VM, as a process makes one that shares its own; everything else then comes from its source
 * like a thread's does (state.c). Tables and directories are lent to whoever makes a twin (lend.c). Nothing ever has to be
 * exchanged in a twin that exists, and a twin that is discarded lets go of the clone's objects only.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include "op.h"
#include "spaces.h"
#include "state.h"

enum kind { MEMORY, HANDLERS, FILES, DIRECTORIES, NR_KINDS };

struct shared {
	const void *object;
	struct ptree_member *member;
	enum kind kind;
};

/* In which order twins are made: those that are pid 1 of a namespace first, level by level; else as they were given. */
static int order_compare(const struct ptree_member *a, const struct ptree_member *b)
{
	unsigned int x = ptree_space_round(a), y = ptree_space_round(b);

	return x != y ? (x < y ? -1 : 1) : a < b ? -1 : a > b;
}

static int shared_compare(const void *a, const void *b)
{
	const struct shared *x = a, *y = b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return order_compare(x->member, y->member);
}

static void share(struct ptree_member *member, enum kind kind, struct ptree_member *with)
{
	switch (kind) {
	case MEMORY:
		/* Who shares handlers shares memory as well: that one it is then. */
		if (!member->shares_handlers)
			member->maker = with;
		break;
	case HANDLERS:
		member->maker = with;
		member->shares_handlers = true;
		break;
	case FILES:
		member->files_of = with;
		break;
	case DIRECTORIES:
		member->fs_of = with;
		break;
	case NR_KINDS:
		break;
	}
}

static unsigned int objects_list(struct ptree_member *member, struct shared *list)
{
	struct task_struct *source = member_carrier(member);
	unsigned int nr = 0;

	task_lock(source);
	list[nr++] = (struct shared){ source->mm, member, MEMORY };
	list[nr++] = (struct shared){ rcu_access_pointer(source->sighand), member, HANDLERS };
	list[nr++] = (struct shared){ source->files, member, FILES };
	list[nr++] = (struct shared){ source->fs, member, DIRECTORIES };
	task_unlock(source);
	return nr;
}

/**
 * ptree_share_resolve() - find out which members share what with whom
 * @op: the op, its members resolved and their namespaces known
 *
 * Errors: -ENOMEM.
 */
int ptree_share_resolve(struct ptree_op *op)
{
	unsigned int i, first = 0, nr = 0;
	struct shared *list;

	list = kvmalloc_array(op->nr_members, NR_KINDS * sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return ptree_op_fail(op, NULL, -ENOMEM, "no memory for %u members", op->nr_members);
	for (i = 0; i < op->nr_members; i++)
		if (!op->members[i].zombie)
			nr += objects_list(&op->members[i], list + nr);
	sort(list, nr, sizeof(*list), shared_compare, NULL);
	for (i = 1; i < nr; i++) {
		if (list[i].object != list[first].object)
			first = i;
		else if (list[i].object)
			share(list[i].member, list[i].kind, list[first].member);
	}
	kvfree(list);
	return 0;
}
