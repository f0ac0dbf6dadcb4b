/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An op: one clone under way. Made with ptree_op_new(), filled by its maker, run once with ptree_op_run(), freed.
 * The steps are declared here in their order; each is one file, and ptree_op_run() in op.c is the way through them.
 *
 * A worker of ptreed does: ptree_op_new(); set the fields of the first block; ptree_op_run(); on success exit 0 (the
 * daemon reads the registry entry of ptree_clone_id(op->clone)); on failure send op->error to the daemon. Whatever
 * happens to the worker, the op's keeper (keeper.h), the module's dead man's switch and ptree_journal_recover() undo it.
 */
#ifndef PTREE_OP_H
#define PTREE_OP_H

#include <sys/resource.h>

#include "cgroup.h"
#include "copies.h"
#include "files.h"
#include "internal.h"
#include "journal.h"
#include "keeper.h"
#include "kernel.h"
#include "namespaces.h"
#include "policy.h"
#include "redirect.h"
#include "registry.h"
#include "report.h"

/* One process of the source. */
struct ptree_member {
	pid_t pid;
	pid_t living;			/* a thread of it that has not ended; mostly @pid. What /proc is to be asked about */
	int pidfd;
	int task_fd;			/* /proc/PID/task: stays with this process, whoever gets its number */
	uint64_t start;			/* starttime of /proc/PID/stat */
	unsigned depth;			/* 0: the root */
	unsigned nr_threads;
	unsigned pass;			/* the walk's pass that saw it last */
	bool zombie;
	bool covered;			/* under one of op->freezers */
	char comm[16];
	char *cgroup;			/* path below the cgroup root; NULL: a zombie */
	uint32_t number;		/* which of CLONE's members */
	pid_t twin;			/* 0: none yet */
	unsigned twin_nr_threads;
};

/* What is frozen: a cgroup that the tree fills, or a child that was made below a cgroup with members. */
struct ptree_freezer {
	char *home;			/* the cgroup that the members are in when nobody clones them */
	char *path;			/* the cgroup that is frozen: @home, or @home/ptree.freeze-ID */
	bool made;			/* @path is ours: members are moved in and out, and it is removed */
	int dir_fd;
	int freeze_fd;			/* cgroup.freeze, for the module as well */
	int events_fd;			/* cgroup.events */
	int procs_fd;			/* cgroup.procs, if @made */
};

struct ptree_op {
	/* Given by the maker, before ptree_op_run(). */
	pid_t pid;			/* the root of the source */
	int pidfd;			/* the same; the op's own */
	uint64_t flags;			/* PTREE_CLONE_* */
	char *name;			/* malloc'ed; NULL: COMM-ID */
	char *cgroup_option;		/* malloc'ed; see struct ptree_clone_options */
	uint64_t max_pause_usec;
	struct ptree_policies policies;	/* what was asked for, by the host's configuration and over it by the options */
	char **copy_paths;		/* malloc'ed, each and all: directories that are copied as a whole */
	size_t nr_copy_paths;
	int stdio_fds[PTREE_NR_STDIO];	/* the op's own, to take the place of the root's 0, 1 and 2; -1: not to be replaced */
	int requester_pidfd;		/* the op's own; whose rights over the members count; -1: the caller's */
	bool fork;			/* the root asked for it, by ptree_fork(): it may be frozen, and its question is cut off */
	uid_t uid;			/* who asked for it */
	pid_t *protect;			/* malloc'ed: never freeze these (ptreed's own processes …) */
	size_t nr_protect;
	bool no_systemd;		/* make plain cgroups even where systemd runs */
	void (*progress)(enum ptree_step step, void *userdata);
	void *userdata;

	/* The result. */
	struct ptree_clone *clone;
	struct ptree_error error;
	struct ptree_report *report;	/* what becomes of what; of a clone until the clone has it */
	bool inspecting;		/* look only: what would end a clone goes into the report */

	/* prepare */
	struct ptree_kernel *kernel;
	struct ptree_registry registry;
	struct ptree_journal journal;
	struct ptree_keeper keeper;
	uint64_t id;
	bool cgroup_made;		/* the clone's cgroup is the op's to remove */
	bool cgroup_scope;		/* it is a scope, and systemd's to remove */
	char *cgroup_path;
	int cgroup_fd;
	int status_fd;
	pid_t root_number;		/* the root's pid in its own pid namespace, or if that is 1 in the one above */
	struct ptree_namespaces namespaces;	/* of the clone's own */
	struct ptree_copies copies;	/* files of the clone's own */

	/* walk */
	struct ptree_member **members;	/* pre-order: the root first, siblings in the order of birth */
	size_t nr_members;
	struct ptree_walk_index *index;	/* members by pid */
	unsigned pass;
	bool nofile_raised;		/* RLIMIT_NOFILE, and what it was */
	struct rlimit nofile_saved;

	/* freeze */
	struct ptree_freezer *freezers;
	size_t nr_freezers;
	uint64_t pause_start_usec;	/* CLOCK_MONOTONIC; 0: not frozen yet, or thawed */
	bool asked_kernel;		/* a CLONE was sent: only DISCARD ends it */
	unsigned clone_nr_threads;
	struct ptree_member **order;	/* members by number: children before parents */

	/* capture, settle */
	struct ptree_files files;
	struct ptree_file *stdio_files[PTREE_NR_STDIO];	/* what the root has as 0, 1 and 2; NULL: closed, or no matter */
	int nowhere_fds[2];		/* network namespaces for what is severed; -1: none was needed */
	int names_fd;			/* the file system in which the clone's UNIX sockets have their paths; likewise */

	/* clock */
	enum ptree_step step;
	uint64_t start_usec;
	uint64_t step_start_usec;
	uint64_t step_usec[_PTREE_STEP_MAX];
	uint64_t pause_usec;
};

/*
 * ptree_op_new() - an op on the process of @pidfd (duplicated), or of number @pid if @pidfd is -1. -ESRCH; -ENOMEM.
 * With @pidfd the number is taken from it and @pid is ignored. @ret is set even on failure if there was memory, so
 * that its error can be asked.
 */
int ptree_op_new(pid_t pid, int pidfd, struct ptree_op **ret);

/* ptree_op_set_options() - public options go into the op, over what it holds. -EINVAL; -EBADF; with a sentence. */
int ptree_op_set_options(struct ptree_op *op, const struct ptree_clone_options *options);

/* ptree_op_copy() - add a directory that is copied as a whole, an absolute path. -EINVAL; -ENOMEM; with a sentence. */
int ptree_op_copy(struct ptree_op *op, const char *path);

/* ptree_op_protect() - add a process that must never be frozen. -ENOMEM. */
int ptree_op_protect(struct ptree_op *op, pid_t pid);

/* ptree_op_run() - clone. On success op->clone is the result, registered; on failure nothing is left, see op->error. */
int ptree_op_run(struct ptree_op *op);

/* Takes NULL, returns NULL. The clone, if there is one, lives on. */
struct ptree_op *ptree_op_free(struct ptree_op *op);

/* What is left of op->max_pause_usec; the whole of it before the pause began. 0: over. */
uint64_t ptree_op_pause_left(const struct ptree_op *op);

/* The steps. Each returns 0 or a negative errno with op->error written. */
int ptree_prepare(struct ptree_op *op);
int ptree_walk(struct ptree_op *op);
int ptree_freeze(struct ptree_op *op);
int ptree_freeze_again(struct ptree_op *op, unsigned attempt);
int ptree_duplicate(struct ptree_op *op);
int ptree_capture(struct ptree_op *op);
int ptree_thaw(struct ptree_op *op);
int ptree_settle(struct ptree_op *op);
int ptree_start(struct ptree_op *op);

/* Undo: from anywhere, as often as one likes, and never failing. */
void ptree_discard(struct ptree_op *op);

/*
 * Between walk and freeze. One more pass over the tree; returns how many members it did not know before. It must be
 * called with *every* member frozen for its answer to be final.
 */
int ptree_walk_again(struct ptree_op *op);

/* The member with this number, or NULL. */
struct ptree_member *ptree_walk_find(const struct ptree_op *op, pid_t pid);
void ptree_walk_done(struct ptree_op *op);

static inline void ptree_cleanup_op(struct ptree_op **op)
{
	*op = ptree_op_free(*op);
}
#define _cleanup_op_ _cleanup_(ptree_cleanup_op)

#endif
