/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libptree: clone running process trees. The one public header.
 *
 * Functions return 0 (or a count) on success and a negative errno on failure, and leave errno alone. After a failure
 * ptree_error_message() gives the sentence that belongs to it: step, pid, object, way out. A context and what was got
 * from it belong to one thread at a time. Handles are opaque; option structs begin with their size, so that they can
 * grow; all times are microseconds; a pid is in the caller's pid namespace unless said otherwise.
 */
#ifndef PTREE_H
#define PTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ptree;			/* a context: one backend, the last error */
struct ptree_clone;		/* a clone, as it was when it was looked up */
struct ptree_report;		/* objects of a tree, and what becomes of each in a clone */

enum ptree_backend {
	PTREE_BACKEND_AUTO,	/* direct for root, bus for everybody else; the other where that does not work */
	PTREE_BACKEND_DIRECT,	/* the engine runs in the caller; needs root and the kernel module */
	PTREE_BACKEND_BUS,	/* asks ptreed over D-Bus; for everybody */
	PTREE_BACKEND_NOOP,	/* does everything but touch processes: for tests of programs that use libptree */
};

/**
 * ptree_open() - open a context
 * @ret: the context; free it with ptree_close()
 * @backend: which way to take; the environment variable PTREE_BACKEND (direct, bus, noop) decides for AUTO
 *
 * Errors: -ENOMEM; -ENXIO no kernel module; -EPERM not root and no ptreed; -ENOTCONN no bus. The context is returned
 * in @ret even on failure if there was memory, so that ptree_error_message() can be asked; close it as usual.
 */
int ptree_open(struct ptree **ret, enum ptree_backend backend);

/* ptree_close() - free a context. Takes NULL. Clones that were made live on. Returns NULL. */
struct ptree *ptree_close(struct ptree *p);

/* ptree_error_message() - the sentence of the last failure; "" if there was none. Valid until the next call on @p. */
const char *ptree_error_message(const struct ptree *p);

/* ptree_error_pid() - the process that the last failure is about; 0 if it is about none. */
pid_t ptree_error_pid(const struct ptree *p);

/* ptree_backend_name() - "direct", "bus" or "noop": the way that was taken. */
const char *ptree_backend_name(const struct ptree *p);

/* The steps of a clone, in order; the same words everywhere. */
enum ptree_step {
	PTREE_STEP_PREPARE,	/* a cgroup, a pid namespace and its init for the clone */
	PTREE_STEP_WALK,
	PTREE_STEP_FREEZE,
	PTREE_STEP_DUPLICATE,
	PTREE_STEP_CAPTURE,
	PTREE_STEP_THAW,
	PTREE_STEP_SETTLE,
	PTREE_STEP_START,
	_PTREE_STEP_MAX,
};

/* ptree_step_name() - "walk", "freeze" …; NULL for a number that is no step. */
const char *ptree_step_name(enum ptree_step step);

#define PTREE_CLONE_HOLD	(UINT64_C(1) << 0)	/* leave the clone frozen; ptree_clone_thaw() starts it */

#define PTREE_MAX_PAUSE_DEFAULT_USEC	(UINT64_C(2) * 1000 * 1000)

/* What a clone gets of an object of its source. */
enum ptree_policy {
	PTREE_POLICY_EXACT = 1,		/* the same in the clone as in the source, by its nature */
	PTREE_POLICY_PRIVATE,		/* a new object, shared by the clone's processes as the source's share theirs */
	PTREE_POLICY_SHARE,		/* one object, seen by both: fork semantics */
	PTREE_POLICY_SEVER,		/* the clone sees what it would see had the peer gone away */
	PTREE_POLICY_REFUSE,		/* no clone is made */
};

/* ptree_policy_name() - "exact", "private", "share", "sever", "refuse"; NULL for a number that is no policy. */
const char *ptree_policy_name(enum ptree_policy policy);

/**
 * struct ptree_clone_options - how to clone
 * @size: sizeof(struct ptree_clone_options)
 * @flags: PTREE_CLONE_*; unknown bits are -EINVAL
 * @name: name of the clone, unique on the host, [A-Za-z0-9_.-]{1,64}; NULL: COMM-ID of the root
 * @max_pause_usec: the source is thawed after this time at the latest, and the op fails; 0: the host's default (2 s,
 *	unless ptreed.conf(5) says otherwise)
 * @cgroup: existing cgroup directory (absolute path, or path below the cgroup root) to bear the clone in; only for the
 *	direct backend and for root; NULL: a scope under systemd, else a cgroup below ptree.slice
 * @progress: called at the beginning of each step, never while the source is frozen; may be NULL
 * @userdata: passed to @progress
 * @share_list: what the clone shares with the source: words separated by commas, of files, pipes, unix, listen, tcp,
 *	udp, shm, events, mqueue, tty, devices, other, mnt, ipc, net, uts; NULL: nothing beside the defaults
 * @sever_list: what the clone finds cut off, of pipes, unix, listen, tcp, udp, tty; NULL: nothing beside the defaults
 * @private_list: namespaces that the clone gets of its own, of mnt, ipc, net, uts; NULL: the defaults
 * @files: contents of files that are open for writing: "share", or "copy": copied while the source is paused; NULL:
 *	the default
 * @tty: the terminal: "new", "null" or "keep"; NULL: the default
 * @copy_paths: directories that the clone gets copies of with all that is below them, absolute paths as the root of the
 *	tree sees them, NULL at the end; asks for files "copy" too; NULL: none
 * @stdio_fds: three descriptors of the caller's that take the place of the root's 0, 1 and 2 in the whole clone, -1
 *	for each that is not to be replaced; NULL: none. They stay the caller's
 *
 * What is not said here, ptreed.conf(5) says, and else the table in ptreectl(1).
 */
struct ptree_clone_options {
	size_t size;
	uint64_t flags;
	const char *name;
	uint64_t max_pause_usec;
	const char *cgroup;
	void (*progress)(enum ptree_step step, void *userdata);
	void *userdata;
	const char *share_list;
	const char *sever_list;
	const char *private_list;
	const char *files;
	const char *tty;
	const int *stdio_fds;
	const char *const *copy_paths;
};

/**
 * ptree_clone() - clone a process and everything below it
 * @p: context
 * @pid: the root of the tree
 * @options: NULL for the defaults
 * @ret: the clone; free it with ptree_clone_unref(); may be NULL
 *
 * Blocks until the clone runs (or is held). The source is paused for ptree_clone_pause_usec() of that time.
 *
 * Errors: -ESRCH no such process; -EINVAL a kernel thread, pid 1, a bad option; -EPERM not the caller's process;
 * -EDEADLK the caller, one of its ancestors, ptreed or the bus is in the tree; -ENXIO no kernel module; -ENOSYS no
 * cgroup v2; -EBUSY a member cannot be frozen or cannot run work (D state, traced), or an op is under way on the
 * tree; -ETIMEDOUT @max_pause_usec passed; -EEXIST the name is taken; -EOPNOTSUPP a member has state that cannot be
 * cloned; -ENOMEM; -EAGAIN a limit.
 */
int ptree_clone(struct ptree *p, pid_t pid, const struct ptree_clone_options *options, struct ptree_clone **ret);

/* ptree_clone_pidfd() - the same, for a process that cannot be mistaken. @pidfd stays the caller's. */
int ptree_clone_pidfd(struct ptree *p, int pidfd, const struct ptree_clone_options *options, struct ptree_clone **ret);

/**
 * ptree_fork() - clone the caller: its process, all threads of it, and everything below it
 * @p: context
 * @options: as for ptree_clone(), but that unix may not be in @share_list; NULL for the defaults
 *
 * Returns in both, as fork() does: in the source the id of the clone, a positive number, which ptree_get() takes as text;
 * in the clone 0. With PTREE_CLONE_HOLD the clone returns when it is thawed. Hooks (ptree_at_clone()) have run in the clone
 * when this returns. Every thread of it that was in a ptree_fork() returns 0, also where another one, or somebody outside,
 * made that clone. In the clone @p is as good as new: its connection is made again at its next use.
 *
 * The clone is made by a process outside of the tree: ptreed, or with the direct backend one that is started for it. It
 * blocks until the clone runs; signal handlers run meanwhile. No cancellation point. @options->progress is not called.
 *
 * Errors: those of ptree_clone(), except that the caller may be in the tree; -EINVAL unix is to be shared; -EOPNOTSUPP with the
 * direct backend, the caller is a child subreaper, or in a pid namespace of its own (a clone, a container): that is for
 * PTREE_BACKEND_BUS; -ENOSYS this system has no MADV_WIPEONFORK; -ECONNRESET, -EIO who made the clone died, and all was
 * undone.
 */
int64_t ptree_fork(struct ptree *p, const struct ptree_clone_options *options);

/**
 * ptree_generation() - a number that is another one in every copy of the process
 *
 * Random, never 0, and the same for as long as the process is not copied; another one in the clone and in a child of
 * fork(), for they have the same random state, nonces and identifiers: a program that remembers the number with such state
 * and compares it before each use knows when to seed anew. Two reads of memory unless it has changed. For any thread at any
 * time, but not for signal handlers. The first call is to be made before the clone is. 0: this system cannot tell.
 */
uint64_t ptree_generation(void);

/**
 * ptree_at_clone() - have a function called in each clone of the process, as pthread_atfork(3) does for fork()
 * @function: called with @userdata, once per clone, in the order of registration
 *
 * Called by the first thread that comes to ptree_generation(), ptree_fork() or any function with a context in the clone,
 * before that function does anything; other threads that come there wait. Not called in children of fork(), which
 * inherit the hooks for their own clones. In a hook everything of this library may be used but this function and
 * ptree_at_clone_remove().
 *
 * Errors: -EINVAL no function; -EBUSY in a hook; -ENOMEM; -ENOSYS this system has no MADV_WIPEONFORK.
 */
int ptree_at_clone(void (*function)(void *userdata), void *userdata);

/* ptree_at_clone_remove() - the last such registration is undone. -ENOENT there is none; -EBUSY in a hook. */
int ptree_at_clone_remove(void (*function)(void *userdata), void *userdata);

/* ptree_clone_ref(), ptree_clone_unref() - counted handles. unref takes NULL and returns NULL. */
struct ptree_clone *ptree_clone_ref(struct ptree_clone *c);
struct ptree_clone *ptree_clone_unref(struct ptree_clone *c);

enum ptree_state {
	PTREE_STATE_RUNNING,
	PTREE_STATE_FROZEN,	/* held, or frozen by ptree_clone_freeze() */
	PTREE_STATE_DEAD,	/* its last process is gone */
};

const char *ptree_state_name(enum ptree_state state);

/* One member and its counterpart. */
struct ptree_pair {
	pid_t source;		/* pid of the member when it was cloned */
	pid_t twin;		/* pid of its counterpart as the host sees it */
	unsigned nr_threads;	/* 0: a zombie */
};

/* What a clone is, as it was when the handle was made. Strings and arrays belong to the handle. */
const char *ptree_clone_id(const struct ptree_clone *c);	/* decimal, unique since boot */
const char *ptree_clone_name(const struct ptree_clone *c);
enum ptree_state ptree_clone_state(const struct ptree_clone *c);
pid_t ptree_clone_source_pid(const struct ptree_clone *c);
pid_t ptree_clone_root_pid(const struct ptree_clone *c);	/* host pid of the root's twin */
pid_t ptree_clone_init_pid(const struct ptree_clone *c);	/* host pid of the clone's ptree-init */
uid_t ptree_clone_uid(const struct ptree_clone *c);		/* who asked for it */
const char *ptree_clone_cgroup(const struct ptree_clone *c);	/* below the cgroup root: "/ptree.slice/ptree-7.scope" */
uint64_t ptree_clone_created_usec(const struct ptree_clone *c);	/* CLOCK_REALTIME */
uint64_t ptree_clone_pause_usec(const struct ptree_clone *c);	/* freeze to thaw */
uint64_t ptree_clone_total_usec(const struct ptree_clone *c);	/* request to start */
uint64_t ptree_clone_step_usec(const struct ptree_clone *c, enum ptree_step step); /* time spent in one step */
unsigned ptree_clone_nr_processes(const struct ptree_clone *c);
unsigned ptree_clone_nr_threads(const struct ptree_clone *c);
size_t ptree_clone_pairs(const struct ptree_clone *c, const struct ptree_pair **ret); /* root first; returns how many */

/* Whatever the clone shares with its source, or found cut off: all that is neither exact nor private. Never NULL. */
const struct ptree_report *ptree_clone_report(const struct ptree_clone *c);

/* A descriptor by which a process of the source has an object. */
struct ptree_user {
	pid_t pid;
	int fd;			/* -1: the process has it without a descriptor: a mapping, a namespace, the process itself */
};

/* One object of the source: a file, a connection, a piece of memory, a namespace, a process. */
struct ptree_object {
	enum ptree_policy policy;
	const char *kind;		/* "pipe", "regular file", "namespace" … */
	const char *description;	/* which one: "fd 5 of pid 12 (bash), pipe:[1234]" */
	const char *note;		/* why, or what to expect; "" */
	const char *option;		/* what allows it or changes its policy: "--sever=pipes"; "": nothing */
	const struct ptree_user *users;
	size_t nr_users;
};

/**
 * ptree_inspect() - what a clone of a process and everything below it would share, sever and refuse
 * @p: context
 * @pid: the root of the tree
 * @options: as for ptree_clone(); NULL for the defaults
 * @ret: every object, those that stand in the way of a clone first; free it with ptree_report_free()
 *
 * Nothing is frozen and nothing is touched: the answer holds for the moment at which it is given. An object with
 * PTREE_POLICY_REFUSE means that ptree_clone() with the same options would fail now.
 *
 * Errors: as for ptree_clone(), but for those that the report tells of.
 */
int ptree_inspect(struct ptree *p, pid_t pid, const struct ptree_clone_options *options, struct ptree_report **ret);

/* ptree_inspect_pidfd() - the same, for a process that cannot be mistaken. @pidfd stays the caller's. */
int ptree_inspect_pidfd(struct ptree *p, int pidfd, const struct ptree_clone_options *options, struct ptree_report **ret);

/* How many objects; how many of them with one policy; one of them, NULL beyond the last. They belong to the report. */
size_t ptree_report_nr(const struct ptree_report *r);
size_t ptree_report_count(const struct ptree_report *r, enum ptree_policy policy);
const struct ptree_object *ptree_report_object(const struct ptree_report *r, size_t i);

/* ptree_report_free() - of a report that ptree_inspect() gave. Takes NULL, returns NULL. */
struct ptree_report *ptree_report_free(struct ptree_report *r);

/**
 * ptree_list() - all clones of this host that the caller may see
 * @ret: array of handles, each to be unref'd, the array to be freed with free(); sorted by id
 * Returns how many.
 */
int ptree_list(struct ptree *p, struct ptree_clone ***ret);

/* ptree_get() - a clone by id, name, or host pid of one of its processes (all as text). -ENOENT if there is none. */
int ptree_get(struct ptree *p, const char *id_name_or_pid, struct ptree_clone **ret);

/* ptree_get_by_pid() - the clone that a process belongs to. -ENOENT if it belongs to none. */
int ptree_get_by_pid(struct ptree *p, pid_t pid, struct ptree_clone **ret);

/* ptree_clone_freeze(), ptree_clone_thaw() - stop and start a whole clone; the return means that it has happened. */
int ptree_clone_freeze(struct ptree *p, struct ptree_clone *c);
int ptree_clone_thaw(struct ptree *p, struct ptree_clone *c);

enum ptree_whom {
	PTREE_WHOM_ROOT,	/* the root's twin only */
	PTREE_WHOM_ALL,		/* every process of the clone */
};

/* ptree_clone_kill() - send a signal. */
int ptree_clone_kill(struct ptree *p, struct ptree_clone *c, enum ptree_whom whom, int signal);

/* ptree_clone_terminate() - kill every process of the clone and wait until nothing is left of it. */
int ptree_clone_terminate(struct ptree *p, struct ptree_clone *c);

/**
 * ptree_clone_wait() - wait until the clone is gone
 * @timeout_usec: UINT64_MAX: as long as it takes
 * @ret_status: the root twin's status as waitpid() gives it; -1 if it is not known any more; may be NULL
 * Errors: -ETIMEDOUT; -EINTR a signal came.
 */
int ptree_clone_wait(struct ptree *p, struct ptree_clone *c, uint64_t timeout_usec, int *ret_status);

/**
 * ptree_clone_attach() - sit down in front of the terminal that a clone has of its own
 *
 * Returns a descriptor, the caller's to close, of the terminal's master (man 7 pty): what is written to it the clone
 * reads, and the other way round; TIOCSWINSZ sets the size. It is non-blocking and close-on-exec, and stays useful for as
 * long as the clone lives: closing it hangs nothing up. Several that are attached at once share input and output.
 *
 * Errors: -ENOTTY the clone has no terminal of its own; -ESRCH it has ended; -EPERM it is somebody else's.
 */
int ptree_clone_attach(struct ptree *p, struct ptree_clone *c);

/* One line of ptree_check(). */
struct ptree_check_item {
	const char *name;	/* "kernel module", "cgroup v2" …: static */
	int result;		/* 0: fine; negative errno: missing */
	bool required;		/* cloning cannot work without it */
	char *detail;		/* a sentence: what is there, or what to do */
};

/* ptree_check() - what this host can do and what is missing. Free with ptree_check_free(). Returns how many items. */
int ptree_check(struct ptree *p, struct ptree_check_item **ret);
void ptree_check_free(struct ptree_check_item *items, size_t n);

#ifdef __cplusplus
}
#endif

#endif
