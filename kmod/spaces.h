/* SPDX-License-Identifier: GPL-2.0-only */
/* A pid namespace of the source's, and its counterpart in the clone. */
#ifndef PTREE_SPACES_H
#define PTREE_SPACES_H

#include <linux/pid_namespace.h>

struct ptree_op;
struct ptree_member;

#define PTREE_MAX_SPACES 64

struct ptree_space {
	struct pid_namespace *source;	/* counted */
	struct pid_namespace *twin;	/* counted; NULL until made */
	struct ptree_space *parent;	/* NULL: the source's own, whose counterpart is the clone's */
	struct ptree_member *reaper;	/* pid 1 of it; NULL for the source's own */
	unsigned int depth;
};

int ptree_spaces_init(struct ptree_op *op);
int ptree_spaces_resolve(struct ptree_op *op);
int ptree_spaces_make(struct ptree_op *op, const struct ptree_space *above);
unsigned int ptree_space_numbers(const struct ptree_space *space, struct task_struct *task, pid_t *numbers);
unsigned int ptree_space_round(const struct ptree_member *member);
void ptree_space_link(struct ptree_member *member);
void ptree_spaces_count_on(struct ptree_op *op);
void ptree_spaces_done(struct ptree_op *op);

#endif
