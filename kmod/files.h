/* SPDX-License-Identifier: GPL-2.0-only */
/* A view: what a set of processes has open or mapped shared, at one moment. */
#ifndef PTREE_FILES_H
#define PTREE_FILES_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/sched.h>
#include "uapi/ptree.h"

struct ptree_op;
struct tty_struct;
struct ptree_tty_input;
struct ptree_uring;
struct seq_file;

struct ptree_view_file {
	struct file *file;		/* counted; NULL: INSTALL has replaced it */
	struct ptree_file_info info;
	char *text;			/* kvmalloc'ed: fdinfo; NULL: none */
	u32 text_size;
	struct ptree_uring *uring;	/* kvmalloc'ed: of a ring of io_uring, what is in its queues; NULL: not looked at */
	struct ptree_tty_input *input;	/* kvmalloc'ed: of a terminal, what nobody has read; NULL: not looked at */
	u32 nr_found;			/* references that the looked-at processes have */
	u32 nr_held;			/* references of the view's own */
	u32 next;			/* in the bucket of the hash; U32_MAX: none */
	bool named;			/* a descriptor or a mapping that is told refers to it */
};

struct ptree_view {
	struct kref kref;
	struct ptree_view_file *files;
	struct ptree_fd_info *fds;
	struct ptree_mapping_info *mappings;
	u32 *buckets;			/* by address of the file: numbers of files */
	unsigned int nr_files, nr_fds, nr_mappings, bits;
};

/*
 * ptree_view_new() - look at processes
 * @tasks: members, in the order of their numbers; each counted by the caller. NULL: it is gone; not the last
 * @twins: their twins, whose references are no outsiders'; NULL: there are none
 * May sleep. -ENOMEM; -EINTR the caller is being killed. ERR_PTR.
 */
struct ptree_view *ptree_view_new(struct task_struct **tasks, struct task_struct **twins, unsigned int nr);
void ptree_view_get(struct ptree_view *view);
void ptree_view_put(struct ptree_view *view);

/* ptree_view_find() - number of a file in a view; U32_MAX: it is not in it. Any context; touches nothing of @file. */
u32 ptree_view_find(const struct ptree_view *view, const struct file *file);

/* socket.c: what makes a UNIX socket the other's double: its address and the credentials of its peer. */
void ptree_socket_resemble(struct ptree_op *op, struct file *new, struct file *old);
void ptree_socket_describe(struct ptree_file_info *info, struct file *file);

/* event.c: the lines of ours that a file's fdinfo ends with. */
void ptree_event_tell(struct seq_file *text, const struct file *file);

/* describe.c */
bool ptree_file_is_internal(const struct file *file);
void ptree_file_describe(struct ptree_view_file *f, const struct tty_struct *controlling);
bool ptree_file_has_text(const struct file *file);
int ptree_file_text(struct ptree_view_file *f);

#endif
