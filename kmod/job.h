/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A job: a request that may sleep, done by the task that sent it, on its way back to user mode: after the request was
 * acknowledged, with no lock of netlink's held, and killable.
 */
#ifndef PTREE_JOB_H
#define PTREE_JOB_H

#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/task_work.h>
#include "op.h"
#include "uapi/ptree.h"

struct ptree_job {
	struct callback_head work;
	struct kref kref;
	struct ptree_op *op;		/* counted, and marked busy */
	u8 command;
	/* The result. */
	int error;
	const char *message;		/* with an error; static */
	u32 file;			/* U32_MAX: the error is about none */

	/* INSTALL */
	struct ptree_install *list;	/* kvmalloc'ed */
	unsigned int nr;		/* of files to install, or of calls */

	/* INSTALL: [nr], NULL is to be opened anew; CALL: [6 * nr], one for each argument, NULL is none. */
	struct file **files;		/* kvmalloc'ed, each counted */
	unsigned int nr_files;

	/* CALL */
	struct task_struct *task;	/* counted: in whose context */
	struct callback_head call_work;
	struct completion done;
	const struct cred *cred;	/* counted: the sender's; NULL: the task's own */
	struct ptree_call *calls;	/* kmalloc'ed: [nr] */
	s64 *results;			/* kmalloc'ed: [nr] */
	unsigned int nr_results;
	unsigned char *data;		/* kvmalloc'ed */
	size_t size;
	int stop_signal;		/* by which the task is stopped; 0: it is not */
	bool all;			/* go on after a call that fails */
};

struct ptree_job *ptree_job_new(struct ptree_op *op, u8 command);
void ptree_job_put(struct ptree_job *job);

/* ptree_job_start() - have current do it; takes over the reference. Cannot fail: current is not exiting. */
void ptree_job_start(struct ptree_job *job);

/* ptree_jobs_wait() - until no job is left. For the end of the module: no new ones can come. */
void ptree_jobs_wait(void);

/* install.c, call.c: the work itself, in the sender's context. They set the result. */
void ptree_install_run(struct ptree_job *job);
void ptree_call_run(struct ptree_job *job);

/* netlink.c */
void ptree_netlink_job_result(struct ptree_job *job);

#endif
