/* SPDX-License-Identifier: GPL-2.0-only */
/* Rings of io_uring: what FILES tells of one, and what makes another one its double. */
#ifndef PTREE_URING_H
#define PTREE_URING_H

#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

struct ptree_op;
struct ptree_uring;

/* ptree_uring_is() - whether a file is a ring. Any context. */
bool ptree_uring_is(const struct file *file);

/* ptree_uring_tell() - the text of a ring: how it was made, or why it cannot be cloned. */
void ptree_uring_tell(struct seq_file *text, const struct file *file);

/* ptree_uring_vet() - NULL, or what is in the way of a thread's clone: @ret_error is -EAGAIN if it may pass. May sleep. */
const char *ptree_uring_vet(struct task_struct *source, int *ret_error);

/*
 * ptree_uring_get() - a copy of what is in a ring's queues; the ring must not be in use
 * To be freed by kvfree(). Errors: -ENOMEM; -EAGAIN its sizes are just being changed.
 */
struct ptree_uring *ptree_uring_get(const struct file *file);

/*
 * ptree_uring_resemble() - give a ring that was never used what another has in its queues, and its place in them
 * @saved: of the other one; nothing happens if it is NULL, or the two were not made alike
 */
void ptree_uring_resemble(struct ptree_op *op, struct file *new, struct file *old, const struct ptree_uring *saved);

/*
 * ptree_uring_map() - mmap() with MAP_FIXED of a ring, which the ring itself does not allow
 * @args: of the system call
 * -ENODEV: the file is no ring.
 */
long ptree_uring_map(const unsigned long args[6]);

#endif
