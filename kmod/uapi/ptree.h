/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The contract between ptree.ko and its user: generic netlink family "ptree", version 1.
 *
 * The module duplicates frozen processes and acts inside them. It knows nothing of names, policy or D-Bus.
 *
 * Permission. Every command, reading ones too, needs CAP_SYS_ADMIN, CAP_SYS_PTRACE and CAP_CHECKPOINT_RESTORE in the
 * initial user namespace, both of the opener of the socket and of the sender of the message; else -EPERM. The family
 * lives in the initial network namespace only.
 *
 * Ops. A clone under way is an *op*. It belongs to the netlink socket that asked for it and carries a number that its
 * owner chose (PTREE_A_OP, unique per socket). Long commands answer twice: the request is acknowledged as soon as it
 * was accepted (-EINVAL, -EPERM, -EBUSY … otherwise, with an extack message and the offending attribute), and the
 * result comes later as a unicast message with the same command and the same PTREE_A_OP. A result carries
 * PTREE_A_ERRNO (0 or a negative errno) and, on failure, PTREE_A_MESSAGE (one sentence: step, pid, object, way out)
 * and where there is one PTREE_A_PID (the member, as the caller's pid namespace numbers it). A result may overtake the
 * acknowledgement.
 *
 * Dead man's switch. CLONE carries the cgroup.freeze files of the source. When the owner's socket closes before
 * RELEASE, the module discards the clone and writes 0 to each of them. When PTREE_A_DEADLINE_USEC passes, it writes 0
 * to each of them too; a CLONE that was still running then fails with -ETIMEDOUT and is discarded, one that had
 * succeeded stays for its owner to judge. A CLONE that fails, for whatever reason, thaws the source itself. A source
 * is never left frozen.
 *
 * FEATURES   request: nothing.
 *            reply (at once): PTREE_A_ABI, PTREE_A_VERSION, PTREE_A_FEATURES, PTREE_A_MAX_MEMBERS,
 *            PTREE_A_MAX_THREADS, PTREE_A_NR_OPS.
 *
 * CLONE      Duplicates a whole tree, all or nothing. Every thread of every member must be frozen (cgroup v2 freezer)
 *            or a zombie, and none may be a kernel thread, traced, group-stopped or inside vfork().
 *            request: PTREE_A_OP, PTREE_A_MEMBERS, PTREE_A_INIT, PTREE_A_CGROUP, PTREE_A_FREEZE,
 *            PTREE_A_DEADLINE_USEC; optional PTREE_A_REQUESTER, PTREE_A_FLAGS.
 *            result: PTREE_A_TWINS, PTREE_A_NR_THREADS, PTREE_A_DUPLICATE_USEC.
 *            The twins exist then, frozen if PTREE_A_CGROUP is frozen (it should be), children of each other as their
 *            sources are; the root's parent is PTREE_A_INIT's process, which gets SIGCHLD from it whatever the source
 *            root's own exit signal was. An op whose CLONE has failed is over: DISCARD says -ENOENT.
 *            errors: -EAGAIN a member is not (or no longer) frozen; -EBUSY a member cannot run work (vfork, D state);
 *            -EPERM the requester may not trace a member; -ESRCH a member died; -EOPNOTSUPP state that cannot be
 *            cloned; -ENOMEM; -EEXIST a pid is taken in the clone's pid namespace; -ETIMEDOUT; -ECANCELED.
 *
 * RELEASE    request: PTREE_A_OP. Ends the op: the clone belongs to itself from now on and may be thawed by whoever
 *            may write to its cgroup. Answered by the acknowledgement alone.
 *            errors: -ENOENT no such op on this socket; -EBUSY its CLONE has not succeeded.
 *
 * DISCARD    request: PTREE_A_OP. Kills the twins and PTREE_A_INIT's process, waits until they are gone, writes 0 to
 *            the source's cgroup.freeze files and ends the op. A CLONE still running fails with -ECANCELED first.
 *            result: PTREE_A_ERRNO; -ETIMEDOUT: a twin hangs in the kernel and will end later.
 *            errors: -ENOENT no such op on this socket.
 *
 * FILES, INSTALL and CALL have their numbers and answer -EOPNOTSUPP until FEATURES announces them.
 *
 * Unknown attributes, unknown flag bits, and attributes that a command does not know are refused with -EINVAL.
 */
#ifndef PTREE_UAPI_H
#define PTREE_UAPI_H

#include <linux/types.h>

#define PTREE_GENL_NAME		"ptree"
#define PTREE_GENL_VERSION	1
#define PTREE_ABI		1

enum ptree_cmd {
	PTREE_CMD_UNSPEC,
	PTREE_CMD_FEATURES,
	PTREE_CMD_CLONE,
	PTREE_CMD_RELEASE,
	PTREE_CMD_DISCARD,
	PTREE_CMD_FILES,
	PTREE_CMD_INSTALL,
	PTREE_CMD_CALL,
	__PTREE_CMD_MAX,
};
#define PTREE_CMD_MAX (__PTREE_CMD_MAX - 1)

enum ptree_attr {
	PTREE_A_UNSPEC,
	PTREE_A_PAD,
	PTREE_A_ABI,		/* u32: PTREE_ABI of the module */
	PTREE_A_VERSION,	/* string: version of the module */
	PTREE_A_FEATURES,	/* u64: enum ptree_feature bits */
	PTREE_A_MAX_MEMBERS,	/* u32: most members of one CLONE */
	PTREE_A_MAX_THREADS,	/* u32: most threads of one CLONE */
	PTREE_A_NR_OPS,		/* u32: ops under way, everybody's */
	PTREE_A_OP,		/* u32: the owner's number for the op, not 0 */
	PTREE_A_MEMBERS,	/* binary, s32[]: pidfds of the members, children before parents (post-order),
				 * siblings in the order of birth, the root last */
	PTREE_A_INIT,		/* s32: pidfd of the process that is pid 1 of the clone's pid namespace */
	PTREE_A_CGROUP,		/* s32: fd of the clone's cgroup v2 directory */
	PTREE_A_FREEZE,		/* binary, s32[]: fds of the source's cgroup.freeze files, open for writing */
	PTREE_A_DEADLINE_USEC,	/* u64: longest time from the request until the source is thawed; not 0 */
	PTREE_A_REQUESTER,	/* s32: pidfd of the process whose rights over the members count; absent: the sender */
	PTREE_A_FLAGS,		/* u32: none are known yet; absent: 0 */
	PTREE_A_ERRNO,		/* s32: 0 or a negative errno */
	PTREE_A_MESSAGE,	/* string: one sentence */
	PTREE_A_PID,		/* u32: the member a failure is about, in the pid namespace of the op's owner */
	PTREE_A_TWINS,		/* binary, struct ptree_twin[]: in the order of PTREE_A_MEMBERS; more than
				 * PTREE_TWINS_CHUNK come in several attributes, in order */
	PTREE_A_NR_THREADS,	/* u32: threads of the clone, leaders included */
	PTREE_A_DUPLICATE_USEC,	/* u64: time the duplication took, inside the module */
	__PTREE_A_MAX,
};
#define PTREE_A_MAX (__PTREE_A_MAX - 1)

/* One member's counterpart. */
struct ptree_twin {
	__s32 pid;		/* in the pid namespace of the op's owner */
	__u32 nr_threads;	/* 0: a zombie */
};

#define PTREE_TWINS_CHUNK	4096
#define PTREE_MAX_MEMBERS	16000
#define PTREE_MAX_FREEZE	1024

enum ptree_feature {
	PTREE_FEATURE_THREADS	= 1 << 0,	/* all threads are duplicated */
	PTREE_FEATURE_ZOMBIES	= 1 << 1,	/* members that were not yet waited for */
	PTREE_FEATURE_STOPPED	= 1 << 2,	/* group-stopped members (SIGSTOP, Ctrl-Z) */
	PTREE_FEATURE_FILES	= 1 << 3,	/* FILES and INSTALL */
	PTREE_FEATURE_CALL	= 1 << 4,	/* CALL */
};

#endif
