/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kinds: what fork() shares and a clone must not. One row per kind in kinds.c, one file per kind in settle/.
 *
 * Every file of the tree (files.h) is of the first kind that says it is; the last row is everybody's and refuses. Then,
 * for each kind in the order of the table and for each of its files:
 *
 *	judge	 the policy for this one file, from who has it and what was asked for. Touches nothing: inspect does it too.
 *	capture	 during the pause, what would drift once the source runs. Short. Not for shared files.
 *	settle	 after the thaw: makes the clone's own file, in f->twin_fd (or says f->reopen). Not for shared files.
 *	-	 (all of them are installed in the clone)
 *	finish	 with the clone's files in place and the clone still frozen: what needs the others (epoll), or a system call
 *		 of the clone's own (call.h).
 *	release	 frees f->state. However far it came; also when the op failed.
 *
 * A function that is NULL has nothing to do. Each returns 0 or a negative errno with op->error written (step, pid, object,
 * way out). Nothing may stay open in the engine but twin_fd and what release() closes.
 */
#ifndef PTREE_SETTLE_H
#define PTREE_SETTLE_H

#include "files.h"
#include "op.h"

struct ptree_kind {
	const char *name;		/* the word in reports: "pipe" */
	enum ptree_group group;
	enum ptree_policy policy;	/* unless judge() or an option says otherwise */
	unsigned may;			/* the policies that an option may choose: MAY(SHARE) | … */
	bool (*is)(const struct ptree_file *f);
	int (*judge)(struct ptree_op *op, struct ptree_file *f);
	int (*capture)(struct ptree_op *op, struct ptree_file *f);
	int (*settle)(struct ptree_op *op, struct ptree_file *f);
	int (*finish)(struct ptree_op *op, struct ptree_file *f);
	void (*release)(struct ptree_file *f);
};

/* In the order in which they are recognised, captured and settled; ends with a row without a name. */
extern const struct ptree_kind ptree_kinds[];

/* What the caller asked for for a group; 0: nothing, the default holds. */
enum ptree_policy ptree_policy_asked(const struct ptree_op *op, enum ptree_group group);

/* ptree_file_note() - why a file gets its policy, in a few words, for reports. Replaces an earlier note. -ENOMEM. */
int ptree_file_note(struct ptree_file *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * ptree_file_refuse() - in judge(): policy REFUSE, and the note says why: "what it is; what to do about it". Judging goes on;
 * after it a clone ends with the first refusal's sentence, inspect lists them all. -ENOMEM.
 */
int ptree_file_refuse(struct ptree_file *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "capture: fd 5 of pid 12 (bash), pipe:[7]: what: %m" for a step that fails for @r. Returns @r. */
int ptree_file_error(struct ptree_op *op, const struct ptree_file *f, int r, const char *what);

/* Steps over kinds.c's table. inspect does the first one: kind, policy and note of every file; what is refused is no error. */
int ptree_settle_judge(struct ptree_op *op);
int ptree_settle_check(struct ptree_op *op);
void ptree_settle_done(struct ptree_op *op);

#endif
