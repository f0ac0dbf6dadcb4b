// SPDX-License-Identifier: GPL-2.0-only
/*
 * CALL: system calls in the context of a frozen process. Its own interrupted call is restarted afterwards as if nothing
 * had been: the calls have registers of their own, and its restart block is put back.
 */
#include <linux/cgroup.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/uaccess.h>
#include <asm/ptrace.h>
#include <asm/unistd.h>
#include "job.h"
#include "state.h"
#include "symbols.h"
#include "uring.h"

/* For a process that does not come to it; what it does then, each call by itself, cannot sleep for long. */
#define PATIENCE_MSEC 5000

/* Those that need the registers of a real system call, or do not come back. */
static bool is_callable(u32 nr)
{
	switch (nr) {
	case __NR_rt_sigreturn:
	case __NR_clone:
	case __NR_clone3:
	case __NR_fork:
	case __NR_vfork:
	case __NR_execve:
	case __NR_execveat:
	case __NR_exit:
	case __NR_exit_group:
	case __NR_iopl:
	case __NR_modify_ldt:
		return false;
	default:
		return true;
	}
}

/* The caller's files, as descriptors that current has for the time of the job. */
static int files_lend(struct ptree_job *job, int *lent)
{
	unsigned int i;

	for (i = 0; i < 6 * job->nr; i++)
		lent[i] = -1;
	for (i = 0; i < 6 * job->nr; i++) {
		if (!job->files[i])
			continue;
		lent[i] = borrowed(__get_unused_fd_flags)(O_CLOEXEC, INT_MAX);
		if (lent[i] < 0)
			return lent[i];
		fd_install(lent[i], get_file(job->files[i]));
	}
	return 0;
}

static void files_return(struct ptree_job *job, const int *lent)
{
	unsigned int i;

	for (i = 0; i < 6 * job->nr; i++)
		if (lent[i] >= 0)
			close_fd(lent[i]);
}

/*
 * ptree_system_call() - a system call of current's, as if the program had made it
 * Not seen by its seccomp filters. @nr must be callable so.
 */
long ptree_system_call(u32 nr, const unsigned long args[6])
{
	struct pt_regs regs = { };

	regs.orig_ax = nr;
	regs.ax = -ENOSYS;
	regs.di = args[0];
	regs.si = args[1];
	regs.dx = args[2];
	regs.r10 = args[3];
	regs.r8 = args[4];
	regs.r9 = args[5];
	regs.cs = __USER_CS;
	regs.ss = __USER_DS;
	regs.flags = X86_EFLAGS_IF;
	return borrowed(x64_sys_call)(&regs, nr);
}

static s64 call_one(const struct ptree_call *call, const int *lent, unsigned long data)
{
	unsigned long args[6];
	unsigned int i;

	for (i = 0; i < 6; i++) {
		args[i] = call->args[i];
		if (call->data & (1 << i))
			args[i] += data;
		if (call->files & (1 << i))
			args[i] = lent[i];
	}
	/* Whatever would sleep interruptibly comes back at once. */
	set_thread_flag(TIF_SIGPENDING);
	if (call->nr == __NR_mmap && args[3] & MAP_FIXED && !(args[3] & MAP_ANONYMOUS)) {
		long r = ptree_uring_map(args);

		if (r != -ENODEV)
			return r;
	}
	return ptree_system_call(call->nr, args);
}

static void calls_make(struct ptree_job *job, const int *lent, unsigned long data)
{
	struct restart_block restart = current->restart_block;
	const struct cred *cred = job->cred ? override_creds(job->cred) : NULL;
	unsigned int i;

	for (i = 0; i < job->nr; i++) {
		job->results[i] = call_one(&job->calls[i], lent + 6 * i, data);
		job->nr_results = i + 1;
		if (job->results[i] < 0 && job->results[i] >= -MAX_ERRNO && !job->all)
			break;
	}
	if (cred)
		revert_creds(cred);
	current->restart_block = restart;
}

static int calls_do(struct ptree_job *job)
{
	unsigned long data = 0;
	int *lent;
	int r;

	lent = kmalloc_array(6 * job->nr, sizeof(*lent), GFP_KERNEL_ACCOUNT);
	if (!lent)
		return -ENOMEM;
	r = files_lend(job, lent);
	if (r < 0)
		goto out;
	if (job->size) {
		data = vm_mmap(NULL, 0, job->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
		if (IS_ERR_VALUE(data)) {
			r = (int)data;
			goto out;
		}
		if (copy_to_user((void __user *)data, job->data, job->size)) {
			r = -EFAULT;
			goto unmap;
		}
	}
	calls_make(job, lent, data);
	if (job->size && copy_from_user(job->data, (void __user *)data, job->size))
		r = -EFAULT;
unmap:
	if (job->size)
		vm_munmap(data, job->size);
out:
	files_return(job, lent);
	kfree(lent);
	return r;
}

/* In the process's own context: in the freezer's trap, or on its way to it. At its exit if it is killed. */
static void call_callback(struct callback_head *work)
{
	struct ptree_job *job = container_of(work, struct ptree_job, call_work);

	if (current->flags & PF_EXITING) {
		job->error = -ESRCH;
		job->message = "the process was killed";
	} else if (!cgroup_task_frozen(current) && !(current->jobctl & JOBCTL_TRAP_FREEZE)) {
		job->error = -EAGAIN;
		job->message = "the process is not frozen";
	} else if (!user_64bit_mode(task_pt_regs(current))) {
		job->error = -EOPNOTSUPP;
		job->message = "the process runs 32-bit code";
	} else {
		job->error = calls_do(job);
		job->message = "no memory or descriptors for the call in the process";
	}
	ptree_stop_again(current, job->stop_signal);
	complete(&job->done);
	ptree_job_put(job);
}

static bool is_work(struct callback_head *work, void *data)
{
	return work == data;
}

/*
 * ptree_call_run() - have a frozen process make system calls; the result is in the job
 * In the sender's context, which waits for it: killably, and not for longer than PATIENCE_MSEC before they begin.
 */
void ptree_call_run(struct ptree_job *job)
{
	unsigned int i;
	long left;

	for (i = 0; i < job->nr; i++) {
		if (!is_callable(job->calls[i].nr)) {
			job->error = -EINVAL;
			job->message = "a system call that cannot be made on behalf of another";
			return;
		}
	}
	init_task_work(&job->call_work, call_callback);
	kref_get(&job->kref);
	job->stop_signal = ptree_stop_signal(job->task);
	if (borrowed(task_work_add)(job->task, &job->call_work, TWA_SIGNAL)) {
		ptree_job_put(job);
		job->error = -ESRCH;
		job->message = "the process is exiting";
		return;
	}
	if (job->stop_signal)
		ptree_stop_suspend(job->task);
	left = wait_for_completion_killable_timeout(&job->done, msecs_to_jiffies(PATIENCE_MSEC));
	if (left > 0)
		return;
	if (borrowed(task_work_cancel_match)(job->task, is_work, &job->call_work)) {
		ptree_stop_again(job->task, job->stop_signal);
		ptree_job_put(job);
		job->error = left < 0 ? -EINTR : -ETIMEDOUT;
		job->message = "the process does not come to it";
		return;
	}
	/* It is at it. Its memory and files are the job's: neither goes before it is done. */
	wait_for_completion(&job->done);
}
