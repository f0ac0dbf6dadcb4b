/* SPDX-License-Identifier: GPL-2.0-only */
/* An op: one clone under way, from the request until RELEASE or DISCARD. */
#ifndef PTREE_OP_H
#define PTREE_OP_H

#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/memcontrol.h>
#include <linux/pid_namespace.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/workqueue.h>

struct ptree_op;
struct ptree_member;
struct ptree_space;
struct ptree_view;

/* One thread of a member. The leader is the first. */
struct ptree_thread {
	struct task_struct *source;	/* counted */
	pid_t nr;			/* in op->source_ns, and so in the clone's */
	struct task_struct *twin;	/* counted; NULL until made */
	struct ptree_member *awaits;	/* the child that it sleeps in vfork() for; NULL: it does not */
};

/* A part of a source's memory that fork() treats otherwise than the rest. */
struct ptree_range {
	unsigned long start, size;
	unsigned long flags;		/* VM_DONTCOPY, VM_LOCKED, VM_LOCKONFAULT */
};

/* A twin's process group or session: named by a member's twin, or by a pid that is known beforehand. */
struct ptree_group {
	struct ptree_member *member;
	struct pid *pid;		/* counted */
};

/* One process of the source, and its twin. */
struct ptree_member {
	struct ptree_op *op;
	struct ptree_thread *threads;	/* [nr_threads], leader first; a zombie has its leader only */
	unsigned int nr_threads;
	unsigned int carrier;		/* the thread in whose context the twin is made: the leader if it can */
	bool zombie;
	bool headless;			/* its leader had exited while other threads run on */
	bool shares_handlers;		/* with its maker */
	/* Who has the same memory, files or directories, and a twin before this one; NULL: nobody. See share.c. */
	struct ptree_member *maker, *files_of, *fs_of;
	bool session_leader;
	struct ptree_space *space;		/* its pid namespace */
	struct ptree_space *children_space;	/* that of the children that it will make */
	int stop_signal;		/* it is stopped by this one; 0: it is not */
	int stop_code;			/* what its parent has not yet been told of that; 0: it has */
	struct tty_struct *tty;		/* counted: the source's controlling terminal when it was cloned; NULL: none */
	pid_t tty_pgrp;			/* its foreground process group, in the source's pid namespace; 0: none */
	struct ptree_range *ranges;	/* kvmalloc'ed */
	unsigned int nr_ranges;
	unsigned long lock_future;	/* mlockall(MCL_FUTURE): VM_LOCKED, VM_LOCKONFAULT */
	struct ptree_group pgrp, session;
	struct ptree_member *parent;	/* NULL for the root */
	unsigned int parent_thread;	/* which of the parent's threads made this member */
	int cgroup_fd;			/* while the twin is made: the clone's cgroup, in the source's table */
	struct callback_head source_work;	/* runs in the worker: makes the twin's leader */
	struct completion worker_done;		/* the worker has nothing more to do for the op */
	struct callback_head twin_work;		/* runs in the twin's leader: makes the other threads */
};

static inline struct task_struct *member_source(const struct ptree_member *member)
{
	return member->threads[0].source;
}

/* A thread of the source that has not exited: it has what the process has. */
static inline struct task_struct *member_carrier(const struct ptree_member *member)
{
	return member->threads[member->carrier].source;
}

/* Which task makes the twin: one of the source, or a twin that exists, whose memory it is to share. */
static inline struct task_struct *member_worker(const struct ptree_member *member)
{
	return member->maker ? member->maker->threads[0].twin : member_carrier(member);
}

static inline pid_t member_nr(const struct ptree_member *member)
{
	return member->threads[0].nr;
}

static inline struct task_struct *member_twin(const struct ptree_member *member)
{
	return member->threads[0].twin;
}

/* A process id in the clone's namespace that only names a group or session: its process is outside or gone. */
struct ptree_extra_pid {
	struct list_head link;
	struct pid *pid;		/* counted, and allocated: free_pid() unless a twin uses it */
	pid_t nr;
};

enum ptree_op_state {
	PTREE_OP_CLONING,
	PTREE_OP_CLONED,	/* waits for RELEASE or DISCARD */
	PTREE_OP_ENDED,
};

struct ptree_op {
	struct kref kref;
	struct list_head link;		/* in the list of ops, under its mutex */
	u32 number;			/* the owner's name for it */
	u32 portid;			/* the owner's socket */
	enum ptree_op_state state;	/* under the mutex of the list */
	bool discard_asked;		/* DISCARD came: its result is due. Under the mutex of the list */
	bool busy;			/* FILES, INSTALL or CALL is under way. Under the mutex of the list */

	struct pid_namespace *owner_ns;	/* counted: pids in messages are its */
	const struct cred *requester;	/* counted: whose rights count */
	struct task_struct *init;	/* counted: pid 1 of the clone's namespace */
	struct pid *init_pid;		/* counted */
	struct nsproxy *donor;		/* counted: whose namespaces PTREE_CLONE_* take; NULL: nobody's */
	u32 flags;			/* PTREE_CLONE_* */
	const void *root_net, *root_ipc, *root_uts, *root_mnt;	/* the root's namespaces, only to be compared */
	struct pid_namespace *ns;	/* the clone's; lives as long as init's struct pid */
	struct pid_namespace *source_ns;	/* the source's; counted: every member has a number in it */
	struct ptree_space *spaces;	/* [nr_spaces], those above before those below; the first is source_ns */
	unsigned int nr_spaces, max_depth;
	struct callback_head init_work;	/* runs in init: makes the namespaces right below the clone's */
	struct mem_cgroup *memcg;	/* counted: pays for what is made in the sources' context */
	struct file *cgroup;		/* counted: the clone's directory */
	struct file **freeze;		/* counted: cgroup.freeze of the source */
	unsigned int nr_freeze;

	struct ptree_member *members;	/* [nr_members], children before parents, the root last */
	struct ptree_member **by_nr;	/* the same, sorted by number */
	unsigned int nr_members;
	unsigned int nr_threads;
	unsigned int nr_zombies;
	struct list_head extra_pids;
	bool begun;			/* tasks were asked to make twins: there may be some */

	atomic_t pending;		/* callbacks that have not finished, plus one of the op's own */
	struct completion kick;		/* no callback is left, or the op was aborted */
	struct completion idle;		/* no callback is left; nobody touches the op after this */
	bool aborted;			/* nobody wants the clone any more; callbacks that have not begun do nothing */
	spinlock_t error_lock;
	int error;			/* of the first failure; 0: none */
	pid_t error_pid;
	char message[200];

	struct ptree_view *view;	/* counted: of the last FILES; NULL: there was none. It is whose who made the op busy */

	ktime_t deadline;		/* when the source must run again */
	u64 duplicate_usec;
	struct work_struct clone_work;
	struct work_struct discard_work;
	struct delayed_work deadline_work;
};

/* op.c */
struct ptree_op *ptree_op_new(void);
void ptree_op_get(struct ptree_op *op);
void ptree_op_put(struct ptree_op *op);
void ptree_op_thaw_source(struct ptree_op *op);
void ptree_op_clone_work(struct work_struct *work);
void ptree_op_discard_work(struct work_struct *work);
void ptree_op_deadline_work(struct work_struct *work);

/*
 * ptree_op_fail() - note the first failure of an op
 * @member: whom it is about; NULL: nobody
 * Returns @error, a negative errno. Any context that may take a spinlock.
 */
__printf(4, 5)
int ptree_op_fail(struct ptree_op *op, struct task_struct *member, int error, const char *format, ...);

/* ptree_op_aborted() - whether there is no point in going on. */
static inline bool ptree_op_aborted(struct ptree_op *op)
{
	return READ_ONCE(op->aborted) || READ_ONCE(op->error);
}

/* members.c: from pidfds to members with threads, parents, groups and sessions; vet.c: who cannot be cloned, and why */
int ptree_members_init(struct ptree_op *op, const s32 *pidfds, unsigned int nr);
int ptree_members_resolve(struct ptree_op *op);
void ptree_members_done(struct ptree_op *op);
int ptree_requester_check(const struct cred *requester, struct task_struct *task);
struct task_struct *ptree_process_carrier(struct task_struct *leader);
int ptree_vet_member(struct ptree_member *member);
int ptree_vet_memory(struct ptree_member *member);

/* share.c: members that have something in common without being threads of each other */
int ptree_share_resolve(struct ptree_op *op);

/* last.c: vfork(), and leaders that have exited */
int ptree_vfork_resolve(struct ptree_op *op);
void ptree_vfork_return(struct task_struct *twin, const struct ptree_thread *thread);
int ptree_last_do(struct ptree_op *op);

/* clone.c, thread.c, zombie.c, kinship.c: the parts of a duplication */
int ptree_clone_members(struct ptree_op *op);
void ptree_callback_done(struct ptree_op *op);
int ptree_clone_threads(struct ptree_member *member);
int ptree_clone_zombies(struct ptree_member *parent);
int ptree_zombies_settle(struct ptree_op *op);
int ptree_kinship_prepare(struct ptree_op *op);
void ptree_kinship_adopt(struct ptree_op *op, struct task_struct *twin);
void ptree_kinship_link(struct ptree_op *op);
void ptree_kinship_done(struct ptree_op *op);
int ptree_discard_twins(struct ptree_op *op);

/* owner.c: the list of ops, and what happens when an owner goes away */
int ptree_owner_init(void);
void ptree_owner_exit(void);
int ptree_owner_add(struct ptree_op *op);
int ptree_owner_release(u32 portid, u32 number);
int ptree_owner_discard(u32 portid, u32 number);
bool ptree_owner_cloned(struct ptree_op *op);
void ptree_owner_forget(struct ptree_op *op);
struct ptree_op *ptree_owner_busy(u32 portid, u32 number);
void ptree_owner_idle(struct ptree_op *op);
unsigned int ptree_owner_count(void);

/* netlink.c */
int ptree_netlink_init(void);
void ptree_netlink_exit(void);
void ptree_netlink_clone_result(struct ptree_op *op, int error);
void ptree_netlink_discard_result(struct ptree_op *op, int error);

#endif
