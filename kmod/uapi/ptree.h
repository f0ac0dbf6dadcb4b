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
 *            or a zombie, and none may be a kernel thread or traced. Members may share memory, files, directories and
 *            signal handlers with each other (CLONE_VM and so on): their twins do. One that sleeps in vfork() is cloned if
 *            its child is a member that shares its memory, or if it has other threads.
 *            request: PTREE_A_OP, PTREE_A_MEMBERS, PTREE_A_INIT, PTREE_A_CGROUP, PTREE_A_FREEZE,
 *            PTREE_A_DEADLINE_USEC; optional PTREE_A_REQUESTER, PTREE_A_FLAGS, PTREE_A_NAMESPACES.
 *            result: PTREE_A_TWINS, PTREE_A_NR_THREADS, PTREE_A_DUPLICATE_USEC.
 *            The twins exist then, frozen if PTREE_A_CGROUP is frozen (it should be), children of each other as their
 *            sources are; the root's parent is PTREE_A_INIT's process, which gets SIGCHLD from it whatever the source
 *            root's own exit signal was. An op whose CLONE has failed is over: DISCARD says -ENOENT. Where it has made nothing
 *            (all of -EAGAIN but a limit that was reached) PTREE_A_INIT's process lives on, for another CLONE.
 *            errors: -EAGAIN a member is not (or no longer) frozen, or in the middle of its end, a stop, or a vfork() as above;
 *            -EBUSY a member is traced or cannot run work (D state);
 *            -EPERM the requester may not trace a member; -ESRCH a member died; -EOPNOTSUPP state that cannot be
 *            cloned; -ENOMEM; -EEXIST a pid is taken in the clone's pid namespace; -ETIMEDOUT; -ECANCELED.
 *
 * RELEASE    request: PTREE_A_OP. Ends the op: the clone belongs to itself from now on and may be thawed by whoever
 *            may write to its cgroup. Answered by the acknowledgement alone. Twins of leaders that had exited exit then,
 *            and threads whose sources sleep in vfork() go to sleep there; the module is in use as long as they do.
 *            errors: -ENOENT no such op on this socket; -EBUSY its CLONE has not succeeded; -ENOMEM.
 *
 * DISCARD    request: PTREE_A_OP. Kills the twins and PTREE_A_INIT's process, waits until they are gone, writes 0 to
 *            the source's cgroup.freeze files and ends the op. A CLONE still running fails with -ECANCELED first.
 *            result: PTREE_A_ERRNO; -ETIMEDOUT: a twin hangs in the kernel and will end later.
 *            errors: -ENOENT no such op on this socket.
 *
 * FILES      Lists what a set of processes has open or mapped shared. A dump (NLM_F_DUMP), made in one pass before its
 *            first message is sent.
 *            request: either PTREE_A_OP: the members of an op whose CLONE has succeeded, which must still be frozen; the
 *            op remembers the list, for INSTALL. Or PTREE_A_MEMBERS: any processes, running or not; those that have
 *            exited have no files; optional PTREE_A_REQUESTER.
 *            messages: PTREE_A_FILES: each open file description once, numbered from 0 in the order sent; PTREE_A_FDS:
 *            the descriptors that refer to them; PTREE_A_MAPPINGS: shared and device mappings; PTREE_A_FDINFO: text.
 *            Each as often as it takes; FILES come first. Where processes have one table of files in common, its
 *            descriptors are told of each; where they have one memory, its mappings are told of the first.
 *            errors: -ENOENT no such op on this socket; -EBUSY its CLONE has not succeeded; -EINVAL both or neither;
 *            -EPERM the requester may not trace a member; -ENOMEM; -EINTR.
 *
 * INSTALL    Gives the twins files of their own. In every twin, every descriptor that refers to the n-th file of the
 *            op's last FILES refers to the given one afterwards; numbers and close-on-exec stay.
 *            request: PTREE_A_OP, PTREE_A_INSTALL.
 *            A file of the caller's is installed as it is; where old and new are UNIX sockets, the new one gets the
 *            old one's address (its name, not its place in the file system or the abstract namespace) and the
 *            credentials of its peer, pids translated into the clone's. With fd -1 the file itself is opened anew: same
 *            inode, flags, credentials, and the position of the time of FILES; regular files and directories only.
 *            Where old and new are terminals, and the new one is no session's outside the clone, it gets the input that
 *            nobody had read from the old one at the time of FILES (for a master: what was written to its slaves), if
 *            it has not received any; and it becomes the controlling terminal of the twins whose sources had the old
 *            one (for a master: its slave) when they were cloned, with the twin of its foreground process group.
 *            Termios, size and packet mode are the caller's to set, before INSTALL.
 *            result: PTREE_A_ERRNO; PTREE_A_FILE where a file could not be opened anew. What came before it is
 *            installed.
 *            Where old and new are rings of io_uring, made alike, and the new one was never used, it gets what was in the
 *            queues of the old one at the time of FILES, and its place in them.
 *            errors: -ENOENT no such op, or it had no FILES; -EBUSY; -EBADF the caller has no such file; -ERANGE the
 *            number of a file is too large.
 *
 * CALL       Runs system calls in the context of one frozen process: a twin, or with PTREE_CALL_SOURCE a member, or with
 *            PTREE_CALL_INIT the clone's init, and then PTREE_A_MEMBER is not needed. They are not seen by its seccomp
 *            filters. A call that would sleep returns -EINTR or one of the kernel's restart codes (512 to 516) instead:
 *            the process is being frozen. After RELEASE or thaw: -EAGAIN.
 *            request: PTREE_A_OP, PTREE_A_MEMBER, PTREE_A_CALLS; optional PTREE_A_FLAGS, PTREE_A_DATA.
 *            PTREE_A_DATA is copied to memory that the process has for the time of the request, and its contents come
 *            back with the result. The calls run in order until one fails, or all with PTREE_CALL_ALL. mmap() with
 *            MAP_FIXED works for rings of io_uring too.
 *            result: PTREE_A_RESULTS, one for each call that ran; PTREE_A_DATA.
 *            errors: -ENOENT; -EBUSY; -ERANGE no such member; -EBADF no such file; -EOPNOTSUPP a process of another
 *            architecture (32 bit); -EAGAIN not frozen; -ESRCH it died; -ENOMEM no room for the data; -ETIMEDOUT it
 *            did not come to it in time.
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
	PTREE_A_FLAGS,		/* u32: CALL: PTREE_CALL_*; CLONE: PTREE_CLONE_*; absent: 0 */
	PTREE_A_ERRNO,		/* s32: 0 or a negative errno */
	PTREE_A_MESSAGE,	/* string: one sentence */
	PTREE_A_PID,		/* u32: the member a failure is about, in the pid namespace of the op's owner */
	PTREE_A_TWINS,		/* binary, struct ptree_twin[]: in the order of PTREE_A_MEMBERS; more than
				 * PTREE_TWINS_CHUNK come in several attributes, in order */
	PTREE_A_NR_THREADS,	/* u32: threads of the clone, leaders included */
	PTREE_A_DUPLICATE_USEC,	/* u64: time the duplication took, inside the module */
	PTREE_A_FILES,		/* binary, struct ptree_file_info[] */
	PTREE_A_FDS,		/* binary, struct ptree_fd_info[] */
	PTREE_A_MAPPINGS,	/* binary, struct ptree_mapping_info[] */
	PTREE_A_FDINFO,		/* binary, struct ptree_fdinfo and a part of the text */
	PTREE_A_INSTALL,	/* binary, struct ptree_install[] */
	PTREE_A_FILE,		/* u32: number of a file in the op's FILES */
	PTREE_A_MEMBER,		/* u32: which of PTREE_A_MEMBERS, from 0 */
	PTREE_A_CALLS,		/* binary, struct ptree_call[], at most PTREE_MAX_CALLS */
	PTREE_A_DATA,		/* binary, at most PTREE_MAX_DATA bytes */
	PTREE_A_RESULTS,	/* binary, s64[]: what each call returned */
	PTREE_A_NAMESPACES,	/* s32: pidfd of a process whose namespaces the PTREE_CLONE_* flags take; not absent with them */
	__PTREE_A_MAX,
};
#define PTREE_A_MAX (__PTREE_A_MAX - 1)

/* One member's counterpart. */
struct ptree_twin {
	__s32 pid;		/* in the pid namespace of the op's owner */
	__u32 nr_threads;	/* 0: a zombie */
};

/* One open file description. */
struct ptree_file_info {
	__u64 ino;
	__u64 dev;		/* of the file system, as st_dev has it */
	__u64 rdev;		/* of a device, as st_rdev has it */
	__s64 pos;
	__u64 peer;		/* connected UNIX socket: cookie of its peer; else 0 */
	__u64 cookie;		/* socket: as SO_COOKIE has it; terminal: the same for a pty's slaves and its master */
	__u32 fs_magic;		/* of the file system, as statfs() has it */
	__u32 mode;		/* as st_mode has it */
	__u32 flags;		/* as F_GETFL has it */
	__u32 is;		/* PTREE_FILE_* */
	__u32 nr_outside;	/* references that neither the members nor their twins have: another process, a message
				 * under way, the kernel. For regular files with a name it counts mappings too. */
	__u32 readers, writers;	/* pipe: descriptions of its ends, everybody's; terminal (readers): of it, or its slave */
	__u32 queued;		/* socket: buffers (messages, connections) in its receive queue */
	__u32 backlog;		/* listening socket: connections that wait for accept() */
	__u32 owner;		/* F_GETOWN: pid in the pid namespace of the caller; 0: none */
	__u16 owner_type;	/* F_OWNER_TID, _PID, _PGRP */
	__u16 owner_signal;	/* F_GETSIG */
	__u16 family;		/* socket */
	__u16 type;
	__u16 protocol;
	__u16 state;		/* socket: TCP_ESTABLISHED (1), TCP_CLOSE (7), TCP_LISTEN (10), … also for UNIX sockets */
	char name[32];		/* last part of its path; anonymous inode: "[eventfd]" …; cut off where longer */
};

enum ptree_file_is {
	PTREE_FILE_INTERNAL	= 1 << 0,	/* on a mount of the kernel's own: memfd, shared memory, pipe, socket */
	PTREE_FILE_UNLINKED	= 1 << 1,	/* its inode has no name any more */
	PTREE_FILE_LEASED	= 1 << 2,	/* somebody has a lease on the inode: opening it anew would break it */
	PTREE_FILE_LOCKED	= 1 << 3,	/* somebody has a lock (flock, POSIX) on the inode */
	PTREE_FILE_TTY		= 1 << 4,	/* a terminal, or the master of one */
	PTREE_FILE_WATCHED	= 1 << 5,	/* O_ASYNC */
	PTREE_FILE_SHARED_MEMORY = 1 << 6,	/* shmem or hugetlb behind a mapping or a memfd */
	PTREE_FILE_SHUT_READ	= 1 << 7,	/* socket: shutdown(SHUT_RD), or the peer's SHUT_WR */
	PTREE_FILE_SHUT_WRITE	= 1 << 8,
	PTREE_FILE_MASTER	= 1 << 9,	/* terminal: the master of a pty */
	PTREE_FILE_HUNG_UP	= 1 << 10,	/* terminal: hung up; master: all its slaves were closed */
	PTREE_FILE_CONTROLLING	= 1 << 11,	/* terminal: that of the last of the members, the root */
};

/* One descriptor. */
struct ptree_fd_info {
	__u32 file;
	__u32 member;		/* which of PTREE_A_MEMBERS */
	__s32 fd;
	__u32 flags;		/* 1: close-on-exec */
};

/* One mapping that is shared, or of a device. */
struct ptree_mapping_info {
	__u64 start;
	__u64 length;		/* bytes */
	__u64 offset;		/* bytes into the file */
	__u32 file;
	__u32 member;
	__u32 is;		/* PTREE_MAPPING_* */
	__u32 pad;
};

enum ptree_mapping_is {
	PTREE_MAPPING_READ	= 1 << 0,
	PTREE_MAPPING_WRITE	= 1 << 1,
	PTREE_MAPPING_EXEC	= 1 << 2,
	PTREE_MAPPING_SHARED	= 1 << 3,	/* else a private one, of a device */
	PTREE_MAPPING_DEVICE	= 1 << 4,	/* memory of a device */
	PTREE_MAPPING_LOCKED	= 1 << 5,	/* mlock() */
	PTREE_MAPPING_LOCKED_ON_FAULT = 1 << 6,	/* mlock2(MLOCK_ONFAULT) */
	PTREE_MAPPING_DONTDUMP	= 1 << 7,	/* MADV_DONTDUMP */
	PTREE_MAPPING_SEQUENTIAL = 1 << 8,	/* MADV_SEQUENTIAL */
	PTREE_MAPPING_RANDOM	= 1 << 9,	/* MADV_RANDOM */
	PTREE_MAPPING_HUGEPAGE	= 1 << 10,	/* MADV_HUGEPAGE */
	PTREE_MAPPING_NOHUGEPAGE = 1 << 11,	/* MADV_NOHUGEPAGE */
	PTREE_MAPPING_SYSV	= 1 << 12,	/* shmat(); the file's inode number is the segment's id */
	PTREE_MAPPING_HUGETLB	= 1 << 13,
	PTREE_MAPPING_DONTFORK	= 1 << 14,	/* MADV_DONTFORK */
};

/*
 * A part of what /proc/PID/fdinfo/FD says of a file beyond position and flags; of event files (epoll, eventfd …) only.
 * After the kernel's own lines come, of a timerfd, all of one moment:
 *
 *	ptree-ticks:	expirations that were counted and not read
 *	ptree-expires:	ns of its clock (a CLOCK_REALTIME timer that was set to a time span: of CLOCK_MONOTONIC), next expiration
 *			if it is armed, else the last
 *	ptree-armed:	1: it runs
 *	ptree-expired:	1: it has expired and waits to be read before it runs on
 *	ptree-canceled:	1: its clock was set (TFD_TIMER_CANCEL_ON_SET), and the next read says so
 *
 * and of an eventfd "eventfd-semaphore:" where the kernel does not tell (before 6.5). Of a ring of io_uring there is instead:
 *
 *	ptree-refused:		why it cannot be cloned, in words; absent if it can
 *	ptree-flags:		hexadecimal: IORING_SETUP_* that its twin is to be made with
 *	ptree-submissions:	entries of its queues
 *	ptree-completions:
 */
struct ptree_fdinfo {
	__u32 file;
	__u32 offset;		/* of this part in the text, bytes */
	char text[];
};

struct ptree_install {
	__u32 file;		/* number in the op's FILES */
	__s32 fd;		/* the caller's; -1: open the file anew */
};

/*
 * A system call. args[i] is passed as it is, unless bit i is set in `data` (an offset into PTREE_A_DATA, passed as its
 * address) or in `files` (a descriptor of the caller's, passed as one that the process has for the time of the request).
 */
struct ptree_call {
	__u64 args[6];
	__u32 nr;		/* x86-64 */
	__u8 data;
	__u8 files;
	__u16 flags;		/* 0 */
};

enum ptree_call_flag {
	PTREE_CALL_SOURCE	= 1 << 0,	/* in the member, which must still be frozen; else in its twin */
	PTREE_CALL_ALL		= 1 << 1,	/* go on after a call that fails */
	PTREE_CALL_PRIVILEGED	= 1 << 2,	/* with the credentials of the sender */
	PTREE_CALL_INIT		= 1 << 3,	/* in the clone's init */
};

#define PTREE_MAX_CALLS		64
#define PTREE_MAX_DATA		32768

#define PTREE_TWINS_CHUNK	4096
#define PTREE_MAX_MEMBERS	16000
#define PTREE_MAX_FREEZE	1024

/*
 * The twins of members that are in the root's namespace of that kind are in that of PTREE_A_NAMESPACES's process instead.
 * With PTREE_CLONE_MNT their root and working directories stay where they were until they are told otherwise (CALL).
 */
enum ptree_clone_flag {
	PTREE_CLONE_NET		= 1 << 0,
	PTREE_CLONE_IPC		= 1 << 1,
	PTREE_CLONE_UTS		= 1 << 2,
	PTREE_CLONE_MNT		= 1 << 3,
};

enum ptree_feature {
	PTREE_FEATURE_THREADS	= 1 << 0,	/* all threads are duplicated */
	PTREE_FEATURE_ZOMBIES	= 1 << 1,	/* members that were not yet waited for */
	PTREE_FEATURE_STOPPED	= 1 << 2,	/* group-stopped members (SIGSTOP, Ctrl-Z) */
	PTREE_FEATURE_FILES	= 1 << 3,	/* FILES and INSTALL */
	PTREE_FEATURE_CALL	= 1 << 4,	/* CALL */
};

#endif
