/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between the supported kernels, 6.1 up to and including 7.2: one neutral name each. */
#ifndef PTREE_COMPAT_H
#define PTREE_COMPAT_H

#include <linux/eventfd.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/posix-timers.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>
#include <linux/version.h>
#include <asm/fpu/types.h>
#include <asm/processor.h>
#include <net/genetlink.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0) || LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
#error "ptree supports Linux 6.1 up to and including 7.2"
#endif

/* 6.18: clone flags became u64 everywhere; before, create_new_namespaces() took an unsigned long. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
typedef u64 compat_clone_flags_t;
#else
typedef unsigned long compat_clone_flags_t;
#endif

/*
 * 6.15: change_pid() hands pids that nobody uses any more back, to be freed without tasklist_lock held. ptree only ever leaves groups and sessions that others are still in, so nothing is handed back.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define COMPAT_CHANGE_PID_ARGS \
	struct pid **unused, struct task_struct *task, enum pid_type type, struct pid *pid
#define compat_change_pid(task, type, pid) do { \
	struct pid *unused_[PIDTYPE_MAX] = { }; \
	borrowed(change_pid)(unused_, task, type, pid); \
} while (0)
#else
#define COMPAT_CHANGE_PID_ARGS	struct task_struct *task, enum pid_type type, struct pid *pid
#define compat_change_pid(task, type, pid) borrowed(change_pid)(task, type, pid)
#endif

/*
 * 6.19: namespaces are counted once more while tasks use them (active references), and a dying nsproxy is deactivated
 * first. 6.8: nsproxy.count became a refcount_t.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#define COMPAT_BORROWED_NSPROXY(X) \
	X(void, nsproxy_ns_active_get, struct nsproxy *ns) \
	X(void, deactivate_nsproxy, struct nsproxy *ns) \
	X(void, __ns_ref_active_get, struct ns_common *ns) \
	X(void, __ns_ref_active_put, struct ns_common *ns)
#define compat_nsproxy_activate(nsproxy)	borrowed(nsproxy_ns_active_get)(nsproxy)
#define compat_nsproxy_free(nsproxy)		borrowed(deactivate_nsproxy)(nsproxy)
#define compat_user_ns_activate(user_ns)	borrowed(__ns_ref_active_get)(&(user_ns)->ns)
#define compat_pid_ns_activate(pid_ns)		borrowed(__ns_ref_active_get)(&(pid_ns)->ns)
#define compat_pid_ns_deactivate(pid_ns)	borrowed(__ns_ref_active_put)(&(pid_ns)->ns)
#else
#define COMPAT_BORROWED_NSPROXY(X) \
	X(void, free_nsproxy, struct nsproxy *ns)
#define compat_nsproxy_activate(nsproxy)	do { } while (0)
#define compat_nsproxy_free(nsproxy)		borrowed(free_nsproxy)(nsproxy)
#define compat_user_ns_activate(user_ns)	do { } while (0)
#define compat_pid_ns_activate(pid_ns)		do { } while (0)
#define compat_pid_ns_deactivate(pid_ns)	do { } while (0)
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define compat_nsproxy_drop(nsproxy)	refcount_dec_and_test(&(nsproxy)->count)
#else
#define compat_nsproxy_drop(nsproxy)	atomic_dec_and_test(&(nsproxy)->count)
#endif

/* 6.17: the lock of struct fs_struct went into its seqlock. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
#define compat_fs_lock(fs)	read_seqlock_excl(&(fs)->seq)
#define compat_fs_unlock(fs)	read_sequnlock_excl(&(fs)->seq)
#else
#define compat_fs_lock(fs)	spin_lock(&(fs)->lock)
#define compat_fs_unlock(fs)	spin_unlock(&(fs)->lock)
#endif

/* 6.12: the owner of a file (F_SETOWN) is allocated when there is one. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define compat_file_owner(file)		file_f_owner(file)
#else
#define compat_file_owner(file)		(&(file)->f_owner)
#endif

/* 6.3: file locks got a header and a way to ask whether an inode has any. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#include <linux/filelock.h>
#define compat_lock_context(inode)	locks_inode_context(inode)
#else
#define compat_lock_context(inode)	smp_load_acquire(&(inode)->i_flctx)
#endif

/*
 * 6.5: the fdinfo of an eventfd tells whether it is a semaphore. Before, only fs/eventfd.c knows; what it keeps is read in
 * v6.1.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
static inline void compat_eventfd_tell(struct seq_file *text, const struct file *file)
{
}
#else
static inline void compat_eventfd_tell(struct seq_file *text, const struct file *file)
{
	const struct {
		struct kref kref;
		wait_queue_head_t wqh;
		__u64 count;
		unsigned int flags;
	} *event = file->private_data;

	seq_printf(text, "eventfd-semaphore: %d\n", !!(event->flags & EFD_SEMAPHORE));
}
#endif

/* 6.7: the attributes of a dump request moved into its struct genl_info. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define compat_dump_attrs(cb)		(genl_dumpit_info(cb)->info.attrs)
#else
#define compat_dump_attrs(cb)		(genl_dumpit_info(cb)->attrs)
#endif

/* 6.2: genetlink callbacks get the command that is run, and not the struct that it came from. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
typedef struct genl_split_ops compat_genl_ops_t;
#else
typedef struct genl_ops compat_genl_ops_t;
#endif

/* 6.16: the FPU moved out of thread_struct, behind task_struct; x86_task_fpu() is a debug build's function. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define compat_task_fpu(task)	((struct fpu *)((void *)(task) + sizeof(*(task))))
#else
#define compat_task_fpu(task)	(&(task)->thread.fpu)
#endif

/*
 * 7.0: lock_task_sighand() became a function of its own; before, it was an inline one around __lock_task_sighand(). Read
 * in 7.2.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define COMPAT_BORROWED_SIGHAND(X) \
	X(struct sighand_struct *, lock_task_sighand, struct task_struct *task, unsigned long *flags)
#define compat_lock_task_sighand(task, flags)	borrowed(lock_task_sighand)(task, flags)
#else
#define COMPAT_BORROWED_SIGHAND(X) \
	X(struct sighand_struct *, __lock_task_sighand, struct task_struct *task, unsigned long *flags)
#define compat_lock_task_sighand(task, flags)	borrowed(__lock_task_sighand)(task, flags)
#endif

/* 7.2: the futex state of a task became one struct. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
static inline void compat_copy_robust_lists(struct task_struct *twin, const struct task_struct *source)
{
	twin->futex.robust_list = source->futex.robust_list;
#ifdef CONFIG_COMPAT
	twin->futex.compat_robust_list = source->futex.compat_robust_list;
#endif
}
#else
static inline void compat_copy_robust_lists(struct task_struct *twin, const struct task_struct *source)
{
	twin->robust_list = source->robust_list;
#ifdef CONFIG_COMPAT
	twin->compat_robust_list = source->compat_robust_list;
#endif
}
#endif

/*
 * Restartable sequences, as rseq_fork() copies them. 6.3 added rseq_len; 6.19 put everything into struct rseq_data.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
static inline void compat_copy_rseq(struct task_struct *twin, const struct task_struct *source)
{
	twin->rseq = source->rseq;
}
#else
static inline void compat_copy_rseq(struct task_struct *twin, const struct task_struct *source)
{
	twin->rseq = source->rseq;
	twin->rseq_sig = source->rseq_sig;
	twin->rseq_event_mask = source->rseq_event_mask;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	twin->rseq_len = source->rseq_len;
#endif
}
#endif

/* 6.3: the flags of a mapping are written by functions, which lock it. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define compat_vm_flags_clear(vma, which)	vm_flags_clear(vma, which)
#else
#define compat_vm_flags_clear(vma, which)	((vma)->vm_flags &= ~(which))
#endif

/* 6.12: the POSIX timers of a process became an hlist. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define compat_for_each_timer(timer, signal)	hlist_for_each_entry(timer, &(signal)->posix_timers, list)
#else
#define compat_for_each_timer(timer, signal)	list_for_each_entry(timer, &(signal)->posix_timers, list)
#endif

/* 6.15: ids of POSIX timers are counted without a lock, and PR_TIMER_CREATE_RESTORE_IDS lets a program choose them. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define compat_next_timer_id(signal)		atomic_read(&(signal)->next_posix_timer_id)
#define compat_next_timer_id_set(signal, id)	atomic_set(&(signal)->next_posix_timer_id, id)
#define compat_timer_restore_ids(signal)	((signal)->timer_create_restore_ids)
#define compat_timer_restore_ids_set(signal, on) ((signal)->timer_create_restore_ids = (on))
#else
#define compat_next_timer_id(signal)		((signal)->next_posix_timer_id)
#define compat_next_timer_id_set(signal, id)	((signal)->next_posix_timer_id = (id))
#define compat_timer_restore_ids(signal)	false
#define compat_timer_restore_ids_set(signal, on) ((void)(on))
#endif

/* 6.11: posix_timer_event() became posix_timer_queue_signal(), which also counts. 6.13: it returns nothing. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define COMPAT_BORROWED_TIMER(X)	X(void, posix_timer_queue_signal, struct k_itimer *timer)
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define COMPAT_BORROWED_TIMER(X)	X(int, posix_timer_queue_signal, struct k_itimer *timer)
#else
#define COMPAT_BORROWED_TIMER(X)	X(int, posix_timer_event, struct k_itimer *timer, int si_private)
#endif

/*
 * 6.13: a POSIX timer has one status, and its signal inside of it; before, that was in two words, odd numbers of the second
 * saying that it goes on when the signal is delivered. compat_timer_go_off() is a macro because it borrows.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
/* enum in kernel/time/posix-timers.h: POSIX_TIMER_DISARMED, _ARMED, _REQUEUE_PENDING */
#define compat_timer_armed(timer)	((timer)->it_status == 1)
#define compat_timer_gone_off(timer)	((timer)->it_interval && (timer)->it_status == 2)
#define compat_timer_sigq(timer)	(&(timer)->sigq)
#define compat_timer_queued(timer) \
	(!list_empty(&(timer)->sigq.list) && (timer)->it_signal_seq == (timer)->it_sigqueue_seq)
#define compat_timer_go_off(timer)	borrowed(posix_timer_queue_signal)(timer)
/* The signal is ignored, and the timer among those that wait for the end of that. */
#define compat_timer_lose_signal(timer)	borrowed(posix_timer_queue_signal)(timer)
#else
#define compat_timer_armed(timer)	((timer)->it_active)
#define compat_timer_gone_off(timer)	((timer)->it_interval && (timer)->it_requeue_pending & REQUEUE_PENDING)
#define compat_timer_sigq(timer)	((timer)->sigq)
#define compat_timer_queued(timer)	(!list_empty(&(timer)->sigq->list))
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define compat_timer_go_off(timer)	((void)borrowed(posix_timer_queue_signal)(timer))
#else
#define compat_timer_go_off(timer) do { \
	(timer)->it_active = 0; \
	borrowed(posix_timer_event)(timer, (timer)->it_interval ? ++(timer)->it_requeue_pending : 0); \
} while (0)
#endif
#define compat_timer_lose_signal(timer) do { \
	(timer)->it_active = 0; \
	(timer)->it_requeue_pending |= REQUEUE_PENDING; \
} while (0)
#endif

/* 6.7: CONFIG_LRU_GEN_WALKS_MMU split off CONFIG_LRU_GEN. kernel_clone() enters a new mm into its list. */
#if defined(CONFIG_LRU_GEN_WALKS_MMU) || \
	(defined(CONFIG_LRU_GEN) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0))
#define COMPAT_BORROWED_LRU_GEN(X)	X(void, lru_gen_add_mm, struct mm_struct *mm)
#define compat_lru_gen_add_mm(mm)	borrowed(lru_gen_add_mm)(mm)
#else
#define COMPAT_BORROWED_LRU_GEN(X)
#define compat_lru_gen_add_mm(mm)	do { } while (0)
#endif

/*
 * io_uring. 6.6: queues without an array of indices. 6.13: what is registered is counted in its tables. 6.16: how far the two
 * queues are apart is not counted any more. 7.1: the ring's bits became flags. 6.10: buffer lists below 64 moved into the xarray.
 */
#ifdef IORING_SETUP_NO_SQARRAY
#define compat_uring_has_sq_array(ctx)	(!((ctx)->flags & IORING_SETUP_NO_SQARRAY))
#else
#define compat_uring_has_sq_array(ctx)	true
#endif
#if defined(IORING_SETUP_CQE_MIXED) && defined(IORING_SETUP_SQE_MIXED)
#define COMPAT_URING_FLAGS	(IORING_SETUP_NO_SQARRAY | IORING_SETUP_CQE_MIXED | IORING_SETUP_SQE_MIXED)
#elif defined(IORING_SETUP_NO_SQARRAY)
#define COMPAT_URING_FLAGS	IORING_SETUP_NO_SQARRAY
#else
#define COMPAT_URING_FLAGS	0
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define compat_uring_nr_files(ctx)	((ctx)->file_table.data.nr)
#define compat_uring_nr_buffers(ctx)	((ctx)->buf_table.nr)
#else
#define compat_uring_nr_files(ctx)	((ctx)->nr_user_files)
#define compat_uring_nr_buffers(ctx)	((ctx)->nr_user_bufs)
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define compat_uring_has_buffer_lists(ctx)	false
#else
#define compat_uring_has_buffer_lists(ctx)	((ctx)->io_bl)
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define compat_uring_cq_extra_set(ctx, n)	((void)(n))
#else
#define compat_uring_cq_extra_set(ctx, n)	((ctx)->cq_extra = (n))
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
#define compat_uring_restricted(ctx)	((ctx)->int_flags & (IO_RING_F_OP_RESTRICTED | IO_RING_F_REG_RESTRICTED))
#else
#define compat_uring_restricted(ctx)	((ctx)->restricted)
#endif

/* Only kernels for more than one memory node have policies. mpol_put() is inline, the function that it calls is not ours. */
#ifdef CONFIG_NUMA
#define COMPAT_BORROWED_NUMA(X) \
	X(struct mempolicy *, __mpol_dup, struct mempolicy *policy) \
	X(void, __mpol_put, struct mempolicy *policy)
#define compat_mpol_put(policy)		borrowed(__mpol_put)(policy)
#else
#define COMPAT_BORROWED_NUMA(X)
#endif

/* 6.5: thread groups may have kernel workers that are not io_uring's (vhost). */
#ifdef PF_USER_WORKER
#define COMPAT_PF_WORKER	(PF_IO_WORKER | PF_USER_WORKER)
#else
#define COMPAT_PF_WORKER	PF_IO_WORKER
#endif

#endif
