// SPDX-License-Identifier: GPL-2.0-only
/* INSTALL: files of the twins' own, in place of those that they share with the source. */
#include <linux/fdtable.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include "files.h"
#include "job.h"
#include "symbols.h"
#include "tty.h"
#include "uring.h"

static int failed(struct ptree_job *job, u32 file, int error, const char *message)
{
	job->file = file;
	job->error = error;
	job->message = message;
	return error;
}

/*
 * Opened with the flags and the credentials that it was opened with: no permission is asked for again, and nothing is
 * created or cut off (do_dentry_open() in fs/open.c drops those flags, read in v6.1, v6.12, v7.2). A file system may keep
 * a position of its own (directories): it is told by its llseek, where it has one.
 */
static struct file *open_anew(const struct ptree_view_file *f)
{
	struct file *old = f->file, *new;

	new = dentry_open(&old->f_path, old->f_flags & ~(unsigned int)FASYNC, old->f_cred);
	if (!IS_ERR(new) && f->info.pos && vfs_llseek(new, f->info.pos, SEEK_SET) != f->info.pos)
		new->f_pos = f->info.pos;
	return new;
}

static int files_open(struct ptree_job *job)
{
	struct ptree_view *view = job->op->view;
	unsigned int i;

	for (i = 0; i < job->nr; i++) {
		u32 number = job->list[i].file;
		struct ptree_view_file *f;

		if (number >= view->nr_files || !view->files[number].file)
			return failed(job, number, -ERANGE, "the file has no such number, or has been replaced already");
		f = &view->files[number];
		if (job->files[i])
			continue;
		if (!S_ISREG(f->info.mode) && !S_ISDIR(f->info.mode))
			return failed(job, number, -EINVAL, "only regular files and directories can be opened anew");
		job->files[i] = open_anew(f);
		if (IS_ERR(job->files[i])) {
			int r = PTR_ERR(job->files[i]);

			job->files[i] = NULL;
			return failed(job, number, r, "the file cannot be opened anew");
		}
	}
	return 0;
}

/* @new: by number of the old file. The view's references keep the old ones alive: no fput() here is the last. */
static void table_replace(struct files_struct *files, const struct ptree_view *view, struct file **new)
{
	struct fdtable *table;
	unsigned int fd;

	spin_lock(&files->file_lock);
	table = files_fdtable(files);
	for (fd = 0; fd < table->max_fds; fd++) {
		struct file *old = rcu_dereference_protected(table->fd[fd], lockdep_is_held(&files->file_lock));
		u32 number;

		if (!old)
			continue;
		number = ptree_view_find(view, old);
		if (number == U32_MAX || !new[number])
			continue;
		rcu_assign_pointer(table->fd[fd], get_file(new[number]));
		fput(old);
	}
	spin_unlock(&files->file_lock);
}

static void twin_replace(struct task_struct *twin, const struct ptree_view *view, struct file **new)
{
	struct files_struct *files;

	task_lock(twin);
	files = twin->files;
	if (files)
		atomic_inc(&files->count);
	task_unlock(twin);
	if (!files)
		return;
	table_replace(files, view, new);
	borrowed(put_files_struct)(files);
}

/* ptree_install_run() - do what an INSTALL asks for; the result is in the job. In the sender's context; may sleep. */
void ptree_install_run(struct ptree_job *job)
{
	struct ptree_op *op = job->op;
	struct ptree_view *view = op->view;
	struct file **new;
	unsigned int i;

	new = kvcalloc(view->nr_files + 1, sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new) {
		failed(job, U32_MAX, -ENOMEM, "no memory");
		return;
	}
	if (files_open(job) < 0)
		goto out;
	for (i = 0; i < job->nr; i++) {
		u32 number = job->list[i].file;

		new[number] = job->files[i];
		ptree_socket_resemble(op, new[number], view->files[number].file);
		ptree_uring_resemble(op, new[number], view->files[number].file, view->files[number].uring);
		ptree_tty_resemble(op, new[number], view->files[number].file, view->files[number].input);
	}
	for (i = 0; i < op->nr_members; i++)
		if (!op->members[i].zombie)
			twin_replace(member_twin(&op->members[i]), view, new);
	for (i = 0; i < job->nr; i++) {
		struct ptree_view_file *f = &view->files[job->list[i].file];

		if (f->file)
			fput(f->file);
		f->file = NULL;
	}
out:
	kvfree(new);
}
