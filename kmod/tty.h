/* SPDX-License-Identifier: GPL-2.0-only */
/* Terminals: what FILES says of them, what INSTALL hands on to the new one, and whose controlling terminal it becomes. */
#ifndef PTREE_TTY_H
#define PTREE_TTY_H

#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/tty.h>
#include "uapi/ptree.h"

struct ptree_member;
struct ptree_op;
struct ptree_tty_input;

/* ptree_tty_is() - a terminal, or the master of one; also one that was hung up. */
bool ptree_tty_is(const struct file *file);

/* The end of a terminal that a file is of: the slave, the master, or the only one. */
static inline struct tty_struct *ptree_tty_end(const struct file *file)
{
	const struct tty_file_private *private = file->private_data;

	return private->tty;
}

/* ptree_tty_same() - two files of the same end of the same terminal. */
bool ptree_tty_same(const struct file *a, const struct file *b);

/*
 * ptree_tty_describe() - what FILES says of a terminal
 * @controlling: the root's controlling terminal, as ptree_tty_controlling() gave it
 */
void ptree_tty_describe(struct ptree_file_info *info, struct file *file, const struct tty_struct *controlling);

/* ptree_tty_controlling() - a task's controlling terminal, only to be compared; NULL: it has none. */
const struct tty_struct *ptree_tty_controlling(struct task_struct *task);

/* ptree_tty_take() - remember and put away the controlling terminal that copy_process() has given a twin: current's. */
void ptree_tty_take(struct ptree_member *member, struct task_struct *twin);

/*
 * ptree_tty_resemble() - make a new terminal the other's double
 * @input: what the old one had to be read, or NULL
 * Unless a session has it already: it gets the input that nobody had read, and becomes the controlling terminal of those
 * twins whose sources had the old one. May sleep.
 */
void ptree_tty_resemble(struct ptree_op *op, struct file *new, struct file *old, const struct ptree_tty_input *input);

/*
 * ptree_tty_input_get() - a copy of what a terminal has received and nobody has read
 * NULL: nothing. May sleep. -ENOMEM as ERR_PTR.
 */
struct ptree_tty_input *ptree_tty_input_get(struct file *file);

/* ptree_tty_input_put() - the same for a terminal that has never received anything; nothing happens to another. */
void ptree_tty_input_put(struct file *file, const struct ptree_tty_input *input);

#endif
