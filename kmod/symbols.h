/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions and variables that the module borrows from the kernel: what no exported symbol can do.
 *
 * Functions are called through static calls: a patched direct call is right under IBT, CFI and retpolines, where a call
 * through a pointer may fault. Usage: borrowed(copy_process)(NULL, 0, NUMA_NO_NODE, &args).
 */
#ifndef PTREE_SYMBOLS_H
#define PTREE_SYMBOLS_H

#include <linux/fs.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/static_call.h>
#include <linux/task_work.h>
#include "compat.h"

struct files_struct;
struct fs_struct;
struct k_itimer;
struct mempolicy;
struct sock;
struct task_cputime;

/*
 * One line per borrowed function: X(return type, name, parameters), and above it why nothing exported will do.
 * Signatures were read in Debian's 6.1.192, 6.12.107 and 7.2.12; where they differ compat.h names the type.
 */
#define PTREE_BORROWED_FUNCTIONS(X) \
	/* kernel/fork.c: the only whole way to make a process; kernel_clone() wakes it, and takes current's rights */ \
	X(struct task_struct *, copy_process, struct pid *pid, int trace, int node, struct kernel_clone_args *args) \
	/* kernel/fork.c: the end of try_get_task_stack(), which is inline */ \
	X(void, put_task_stack, struct task_struct *task) \
	/* kernel/sched/core.c: the first wake-up of what copy_process made */ \
	X(void, wake_up_new_task, struct task_struct *task) \
	/* kernel/task_work.c: work in another task's context */ \
	X(int, task_work_add, struct task_struct *task, struct callback_head *work, enum task_work_notify_mode mode) \
	X(struct callback_head *, task_work_cancel_match, struct task_struct *task, \
	  bool (*match)(struct callback_head *work, void *data), void *data) \
	/* kernel/cgroup/freezer.c: leave and re-enter the frozen state with the cgroup's counters kept right */ \
	X(void, cgroup_leave_frozen, bool always_leave) \
	X(void, cgroup_enter_frozen, void) \
	/* kernel/pid.c: groups and sessions of the twins; ids of groups whose leader is gone; pidfds */ \
	X(void, change_pid, COMPAT_CHANGE_PID_ARGS) \
	X(struct pid *, alloc_pid, struct pid_namespace *ns, pid_t *set_tid, size_t set_tid_size) \
	X(void, free_pid, struct pid *pid) \
	X(struct pid *, pidfd_get_pid, unsigned int fd, unsigned int *flags) \
	/* kernel/pid_namespace.c: a pid namespace below current's */ \
	X(struct pid_namespace *, copy_pid_ns, compat_clone_flags_t flags, struct user_namespace *user_ns, \
	  struct pid_namespace *old_ns) \
	/* kernel/nsproxy.c: the twin's set of namespaces */ \
	X(struct nsproxy *, create_new_namespaces, compat_clone_flags_t flags, struct task_struct *task, \
	  struct user_namespace *user_ns, struct fs_struct *fs) \
	COMPAT_BORROWED_NSPROXY(X) \
	/* mm/vmscan.c: a new mm is to be known to the multi-generational LRU, as kernel_clone() makes it */ \
	COMPAT_BORROWED_LRU_GEN(X) \
	/* mm/mmap.c, mm/vma.c: mmap() of a ring at an address that is not the ring's choice */ \
	X(unsigned long, mmap_region, struct file *file, unsigned long start, unsigned long length, vm_flags_t flags, \
	  unsigned long offset, struct list_head *unmapped) \
	/* kernel/ptrace.c: the requester's right over a member */ \
	X(bool, ptrace_may_access, struct task_struct *task, unsigned int mode) \
	/* kernel/signal.c: another task's signals, if it has not exited; waking it for them */ \
	COMPAT_BORROWED_SIGHAND(X) \
	X(void, signal_wake_up_state, struct task_struct *task, unsigned int state) \
	/* kernel/signal.c: a signal with all it tells, to a process or to a thread; SEND_SIG_* have no place for that */ \
	X(int, send_signal_locked, int sig, struct kernel_siginfo *info, struct task_struct *task, enum pid_type type) \
	/* kernel/time/posix-timers.c: a timer's signal, as when it goes off */ \
	COMPAT_BORROWED_TIMER(X) \
	/* kernel/sched/cputime.c, core.c, kernel/time/posix-cpu-timers.c: how much of a CPU timer is left; setting one */ \
	X(void, thread_group_cputime, struct task_struct *task, struct task_cputime *times) \
	X(u64, task_sched_runtime, struct task_struct *task) \
	X(void, set_process_cpu_timer, struct task_struct *task, unsigned int clock, u64 *new, u64 *old) \
	/* mm/mempolicy.c: another thread's NUMA policy, for a twin */ \
	COMPAT_BORROWED_NUMA(X) \
	/* kernel/seccomp.c: another thread's filters, counted for a twin */ \
	X(void, get_seccomp_filter, struct task_struct *task) \
	/* fs/file.c: a descriptor above RLIMIT_NOFILE, for the time of one call; the end of looking at another's table */ \
	X(int, __get_unused_fd_flags, unsigned int flags, unsigned long nofile) \
	X(void, put_files_struct, struct files_struct *files) \
	/* fs/fs_struct.c: the end of lending a process's directories */ \
	X(void, free_fs_struct, struct fs_struct *fs) \
	/* net/core/sock_diag.c: what SO_COOKIE says */ \
	X(u64, __sock_gen_cookie, struct sock *sk) \
	/* arch/x86/entry/syscall_64.c: a system call by its number */ \
	X(long, x64_sys_call, const struct pt_regs *regs, unsigned int nr)

#define X(type, name, ...) \
	type ptree_proto_##name(__VA_ARGS__); \
	DECLARE_STATIC_CALL(ptree_##name, ptree_proto_##name);
PTREE_BORROWED_FUNCTIONS(X)
#undef X

#define borrowed(name) static_call(ptree_##name)

/*
 * One line per borrowed variable: X(type, name).
 * kernel/fork.c: guards parents, groups and sessions.
 * drivers/tty/tty_io.c: how a file is known to be a terminal, whatever its device number.
 */
#define PTREE_BORROWED_VARIABLES(X) \
	X(rwlock_t, tasklist_lock) \
	X(const struct file_operations, tty_fops)

#define X(type, name) extern type *ptree_##name;
PTREE_BORROWED_VARIABLES(X)
#undef X

/* ptree_symbols_init() - look everything up. -ENOENT and a line in the log naming the symbol if one is missing. */
int ptree_symbols_init(void);

#endif
