/* SPDX-License-Identifier: GPL-2.0-only */
/* What a twin must have beyond what copy_process() gives it, and the loan under which copy_process() is called. */
#ifndef PTREE_STATE_H
#define PTREE_STATE_H

#include <linux/cred.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include "op.h"

/* cred.c */
struct cred *ptree_cred_raise(const struct cred *exact);
void ptree_cred_settle(struct task_struct *twin, const struct cred *raised, const struct cred *exact,
		       const struct cred *shared);

/*
 * A loan: for the time of one copy_process(), current is neither frozen nor signalled in the eyes of the fork path,
 * may put the child into the clone's cgroup, and may choose its pid. ptree_borrow_end() gives everything back.
 */
struct ptree_borrow {
	const struct cred *cred;	/* current's own */
	struct cred *raised;
	struct nsproxy *nsproxy;	/* current's own; NULL: not replaced */
	struct nsproxy *twin_nsproxy;
	struct cgroup_namespace *cgroup_ns;	/* the twin's, while the loan has the clone init's there */
	struct mem_cgroup *memcg;
	sigset_t blocked;
};

int ptree_borrow_begin(struct ptree_borrow *loan, struct ptree_op *op, const struct cred *exact, struct task_struct *source,
		       struct pid_namespace *into);
void ptree_borrow_end(struct ptree_borrow *loan);
void ptree_nsproxy_put(struct nsproxy *nsproxy);

/*
 * lend.c. What copy_process() takes from current and the twin is to have from somebody else: from a twin that it shares it
 * with, or from its source where current is another twin.
 */
struct ptree_lent {
	struct files_struct *files, *own_files;	/* the lent one, counted, and current's; NULL: none is lent */
	struct fs_struct *fs, *own_fs;
	u64 flags;				/* CLONE_*: which of them are to be shared, not copied */
	bool limits;				/* the rest is lent, too */
	struct rlimit own_limits[RLIM_NLIMITS];
	short own_oom_score_adj, own_oom_score_adj_min;
};

int ptree_lend_begin(struct ptree_lent *lent, struct ptree_member *member);
void ptree_lend_end(struct ptree_lent *lent);

/* state.c */
void ptree_state_copy_leader(struct task_struct *twin, const struct ptree_borrow *loan);
int ptree_state_copy_thread(struct task_struct *twin, struct task_struct *source);
void ptree_state_copy_headless(struct task_struct *twin, struct task_struct *source);
int ptree_state_copy_process(struct task_struct *twin, const struct ptree_member *member);

/* thread.c */
struct task_struct *ptree_copy_without_filters(struct kernel_clone_args *args);

/* pending.c */
int ptree_pending_copy(struct ptree_member *member);

/* memory.c */
struct vm_area_struct;
int ptree_memory_note(struct ptree_member *member, const struct vm_area_struct *vma);
int ptree_memory_open(const struct ptree_member *member);
void ptree_memory_close(const struct ptree_member *member);
int ptree_memory_give(struct ptree_member *member);
void ptree_memory_release(struct ptree_op *op);

/* call.c */
long ptree_system_call(u32 nr, const unsigned long args[6]);

/* stop.c */
int ptree_stop_signal(struct task_struct *task);
void ptree_stop_suspend(struct task_struct *task);
void ptree_stop_again(struct task_struct *task, int signal);
void ptree_stop_twins(struct ptree_op *op);

/* restart.c */
void ptree_restart_prepare(struct task_struct *source);

/* arch/x86.c */
int ptree_arch_vet(struct task_struct *source, bool threaded, const char **ret_why);
void ptree_arch_copy_leader(struct task_struct *twin);
void ptree_arch_return(struct task_struct *twin, long value);
int ptree_arch_copy_thread(struct task_struct *twin, struct task_struct *source);

#endif
