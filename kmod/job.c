// SPDX-License-Identifier: GPL-2.0-only
/* Jobs: how long requests leave netlink's receive path. What they do is install.c's and call.c's. */
#include <linux/cred.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include "job.h"
#include "symbols.h"

static atomic_t nr_jobs;
static DECLARE_WAIT_QUEUE_HEAD(jobs_gone);

struct ptree_job *ptree_job_new(struct ptree_op *op, u8 command)
{
	struct ptree_job *job;

	job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	if (!job)
		return NULL;
	kref_init(&job->kref);
	ptree_op_get(op);
	job->op = op;
	job->command = command;
	job->file = U32_MAX;
	init_completion(&job->done);
	atomic_inc(&nr_jobs);
	return job;
}

static void job_free(struct kref *kref)
{
	struct ptree_job *job = container_of(kref, struct ptree_job, kref);
	unsigned int i;

	for (i = 0; i < job->nr_files; i++)
		if (job->files[i])
			fput(job->files[i]);
	kvfree(job->files);
	kvfree(job->list);
	if (job->task)
		put_task_struct(job->task);
	if (job->cred)
		put_cred(job->cred);
	kfree(job->calls);
	kfree(job->results);
	kvfree(job->data);
	ptree_op_put(job->op);
	kfree(job);
	if (atomic_dec_and_test(&nr_jobs))
		wake_up_all(&jobs_gone);
}

void ptree_job_put(struct ptree_job *job)
{
	kref_put(&job->kref, job_free);
}

static void job_run(struct callback_head *work)
{
	struct ptree_job *job = container_of(work, struct ptree_job, work);

	/* Killed on its way: its socket is closed, and the op undone, by its exit. */
	if (!(current->flags & PF_EXITING)) {
		if (job->command == PTREE_CMD_INSTALL)
			ptree_install_run(job);
		else
			ptree_call_run(job);
		ptree_netlink_job_result(job);
	}
	ptree_owner_idle(job->op);
	ptree_job_put(job);
}

void ptree_job_start(struct ptree_job *job)
{
	init_task_work(&job->work, job_run);
	borrowed(task_work_add)(current, &job->work, TWA_RESUME);
}

void ptree_jobs_wait(void)
{
	wait_event(jobs_gone, !atomic_read(&nr_jobs));
}
