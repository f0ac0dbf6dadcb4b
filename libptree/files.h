/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The open files and shared mappings of a tree: what the module's FILES says, in a form to work with. A *file* is an open
 * file description (man 2 open): one offset, one set of status flags, any number of descriptors and mappings.
 */
#ifndef PTREE_FILES_H
#define PTREE_FILES_H

#include "internal.h"
#include "kernel.h"
#include "policy.h"

struct ptree_kind;
struct ptree_member;
struct ptree_op;

/* One descriptor of one member. */
struct ptree_fd {
	struct ptree_member *member;
	struct ptree_file *file;
	int fd;
	bool cloexec;
};

/* One shared or device mapping of one member. */
struct ptree_mapping {
	struct ptree_member *member;
	struct ptree_file *file;
	struct ptree_mapping_info info;
};

struct ptree_file {
	struct ptree_file_info info;
	unsigned index;			/* its number in FILES */
	struct ptree_fd *fds;		/* who has it: [nr_fds] of ptree_files.fds */
	size_t nr_fds;
	struct ptree_mapping *mappings;	/* [nr_mappings] of ptree_files.mappings */
	size_t nr_mappings;
	char *fdinfo;			/* event files: as in /proc/PID/fdinfo, without pos, flags and mnt_id; or NULL */
	struct ptree_file *next;	/* another description of the same inode, or NULL */
	struct ptree_file *first;	/* the first description of the same inode; itself if it is that */

	/* What becomes of it: settle.c, and its kind. */
	const struct ptree_kind *kind;
	enum ptree_policy policy;
	char *note;			/* malloc'ed: why, or what to expect; for reports; or NULL */
	void *state;			/* the kind's own, until its release() */
	int twin_fd;			/* the clone's, to be installed; -1: none. Closed by the framework */
	bool reopen;			/* the module opens it anew for the clone */

	/* Standard input and output that are given for the clone: redirect.c. */
	bool redirected;		/* the root has it as 0, 1 or 2, and one of these is given */
	int replaced_by;		/* the op's descriptor that takes its place under every number; -1: none does */
	bool gone;			/* nothing in the clone will refer to it */
};

struct ptree_files {
	struct ptree_file *files;
	size_t nr_files;
	struct ptree_fd *fds;		/* sorted by file, member, number */
	size_t nr_fds;
	struct ptree_mapping *mappings;	/* sorted by file, member, start */
	size_t nr_mappings;
	struct ptree_file **by_inode;	/* first descriptions only, sorted by device and inode */
	size_t nr_by_inode;
	struct ptree_file **by_cookie;	/* sockets, sorted */
	size_t nr_by_cookie;
};

/*
 * ptree_files_read() - what the members of an op have open
 * @op_number: the module's op, whose CLONE has succeeded and whose members are frozen; 0: of @members as they are
 * @members: in the order in which FILES numbers them: that of CLONE
 * @requester_pidfd: with @op_number 0: whose rights over the members count; -1: the caller's
 * -ENOMEM; what the module says; a sentence beginning with @step. To be freed with ptree_files_done() in any case.
 */
int ptree_files_read(struct ptree_files *files, struct ptree_kernel *k, uint32_t op_number,
		     struct ptree_member **members, size_t nr_members, int requester_pidfd, const char *step,
		     struct ptree_error *e);
void ptree_files_done(struct ptree_files *files);

/* The first description of an inode; any socket by its cookie (SO_COOKIE). NULL: the tree has none. */
struct ptree_file *ptree_files_by_inode(const struct ptree_files *files, uint64_t dev, uint64_t ino);
struct ptree_file *ptree_files_by_cookie(const struct ptree_files *files, uint64_t cookie);

/*
 * ptree_file_borrow() - a descriptor of ours that refers to the source's own description
 * To be closed before the source is thawed: while it is open nobody sees the source close the file. What is only mapped
 * comes as another description of the same inode (/proc/PID/map_files). -EBADF; -ESRCH; -EPERM; no sentence.
 */
int ptree_file_borrow(const struct ptree_file *f);

/* The same of what the clone has in its place by now: after INSTALL its own. The clone must not run yet. */
int ptree_file_borrow_twin(const struct ptree_file *f);

/* "fd 5 of pid 4312 (bash), pipe:[…]" for sentences. Returns @buffer. */
const char *ptree_file_describe(const struct ptree_file *f, char *buffer, size_t size);

/* Access mode of the description. */
static inline bool ptree_file_reads(const struct ptree_file *f)
{
	return (f->info.flags & 3) == 0 || (f->info.flags & 3) == 2;
}

static inline bool ptree_file_writes(const struct ptree_file *f)
{
	return (f->info.flags & 3) == 1 || (f->info.flags & 3) == 2;
}

#endif
