// SPDX-License-Identifier: GPL-2.0-only
/* One open file, as FILES tells of it. Finding the files is files.c's task; sockets and terminals have files of their own. */
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/seq_file.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include "files.h"
#include "symbols.h"
#include "tty.h"
#include "uring.h"

/* ptree_file_is_internal() - on a mount of the kernel's own: memfd, shared memory, pipe, socket. */
bool ptree_file_is_internal(const struct file *file)
{
	return file_inode(file)->i_sb->s_flags & (SB_KERNMOUNT | SB_NOUSER);
}

static void owner_describe(struct ptree_file_info *info, struct file *file)
{
	struct fown_struct *owner = compat_file_owner(file);

	if (!owner)
		return;
	read_lock_irq(&owner->lock);
	if (owner->pid) {
		info->owner = pid_vnr(owner->pid);
		info->owner_type = owner->pid_type == PIDTYPE_PID ? F_OWNER_TID :
				   owner->pid_type == PIDTYPE_PGID ? F_OWNER_PGRP : F_OWNER_PID;
	}
	info->owner_signal = owner->signum;
	read_unlock_irq(&owner->lock);
}

static void locks_describe(struct ptree_file_info *info, struct inode *inode)
{
	struct file_lock_context *context = compat_lock_context(inode);

	if (!context)
		return;
	if (!list_empty_careful(&context->flc_lease))
		info->is |= PTREE_FILE_LEASED;
	if (!list_empty_careful(&context->flc_flock) || !list_empty_careful(&context->flc_posix))
		info->is |= PTREE_FILE_LOCKED;
}

static void name_describe(struct ptree_file_info *info, struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;

	spin_lock(&dentry->d_lock);
	strscpy(info->name, dentry->d_name.name, sizeof(info->name));
	spin_unlock(&dentry->d_lock);
}

/**
 * ptree_file_describe() - fill in what FILES tells of a file
 * @f: the file, with its references counted
 * @controlling: the root's terminal, or NULL
 */
void ptree_file_describe(struct ptree_view_file *f, const struct tty_struct *controlling)
{
	struct file *file = f->file;
	struct inode *inode = file_inode(file);
	struct ptree_file_info *info = &f->info;

	info->ino = inode->i_ino;
	info->dev = new_encode_dev(inode->i_sb->s_dev);
	info->rdev = new_encode_dev(inode->i_rdev);
	info->pos = file->f_pos;
	info->fs_magic = inode->i_sb->s_magic;
	info->mode = inode->i_mode;
	info->flags = file->f_flags;
	info->nr_outside = (u32)(file_count(file) - f->nr_found - f->nr_held);
	if (ptree_file_is_internal(file))
		info->is |= PTREE_FILE_INTERNAL;
	if (d_unlinked(file->f_path.dentry))
		info->is |= PTREE_FILE_UNLINKED;
	if (file->f_flags & FASYNC)
		info->is |= PTREE_FILE_WATCHED;
	if (ptree_tty_is(file))
		ptree_tty_describe(info, file, controlling);
	if (shmem_mapping(file->f_mapping) || info->fs_magic == HUGETLBFS_MAGIC)
		info->is |= PTREE_FILE_SHARED_MEMORY;
	name_describe(info, file);
	owner_describe(info, file);
	locks_describe(info, inode);
	if (inode->i_pipe && S_ISFIFO(inode->i_mode)) {
		info->readers = READ_ONCE(inode->i_pipe->readers);
		info->writers = READ_ONCE(inode->i_pipe->writers);
	} else if (S_ISSOCK(inode->i_mode) && !(file->f_flags & O_PATH)) {
		ptree_socket_describe(info, file);
	}
}

/* Those whose show_fdinfo() needs no more of the seq_file than its buffer, and whose state user space cannot ask for. */
bool ptree_file_has_text(const struct file *file)
{
	static const char *const names[] = {
		"[eventpoll]", "[eventfd]", "[timerfd]", "[signalfd]", "inotify", "[fanotify]",
	};
	const char *name = file->f_path.dentry->d_name.name;
	unsigned int i;

	if (ptree_uring_is(file))
		return true;
	if (file_inode(file)->i_sb->s_magic != ANON_INODE_FS_MAGIC || !file->f_op->show_fdinfo)
		return false;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* ptree_file_text() - what /proc/PID/fdinfo says of an event file. May sleep. -ENOMEM. */
int ptree_file_text(struct ptree_view_file *f)
{
	size_t size = 512;

	while (size <= KMALLOC_MAX_SIZE) {
		struct seq_file text = { .size = size };

		text.buf = kvmalloc(size, GFP_KERNEL_ACCOUNT);
		if (!text.buf)
			return -ENOMEM;
		mutex_init(&text.lock);
		if (ptree_uring_is(f->file)) {
			ptree_uring_tell(&text, f->file);
		} else {
			f->file->f_op->show_fdinfo(&text, f->file);
			ptree_event_tell(&text, f->file);
		}
		if (!seq_has_overflowed(&text)) {
			f->text = text.buf;
			f->text_size = text.count;
			return 0;
		}
		kvfree(text.buf);
		size *= 8;
	}
	return -ENOMEM;
}
