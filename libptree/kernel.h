/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel module, as the engine sees it: one netlink socket, which owns the op. The contract is kmod/uapi/ptree.h. */
#ifndef PTREE_KERNEL_H
#define PTREE_KERNEL_H

#include "../kmod/uapi/ptree.h"
#include "error.h"

struct ptree_kernel;

struct ptree_kernel_features {
	uint32_t abi;
	char version[32];
	uint64_t features;
	uint32_t max_members;
	uint32_t max_threads;
	uint32_t nr_ops;
};

struct ptree_kernel_clone {
	/* request */
	uint32_t op;
	const int *members;		/* pidfds, post-order */
	size_t nr_members;
	int init_pidfd;
	int cgroup_fd;
	const int *freeze_fds;
	size_t nr_freeze_fds;
	uint64_t deadline_usec;
	int requester_pidfd;		/* -1: the sender */
	uint32_t flags;			/* PTREE_CLONE_* */
	int namespaces_pidfd;		/* whose they take; only with flags */
	/* result */
	struct ptree_twin *twins;	/* the caller's, nr_members of them */
	uint32_t nr_threads;
	uint64_t duplicate_usec;
};

/* -ENXIO no module; -EPERM; -EPROTO another ABI. */
int ptree_kernel_open(struct ptree_kernel **ret, struct ptree_error *e);

/* Closing the socket ends what it owns: the module discards and thaws. Takes NULL, returns NULL. */
struct ptree_kernel *ptree_kernel_close(struct ptree_kernel *k);

int ptree_kernel_features(struct ptree_kernel *k, struct ptree_kernel_features *ret, struct ptree_error *e);
int ptree_kernel_clone(struct ptree_kernel *k, struct ptree_kernel_clone *request, struct ptree_error *e);
int ptree_kernel_release(struct ptree_kernel *k, uint32_t op, struct ptree_error *e);
int ptree_kernel_discard(struct ptree_kernel *k, uint32_t op, struct ptree_error *e);

/* What FILES said, as it came. */
struct ptree_kernel_files {
	struct ptree_file_info *files;
	struct ptree_fd_info *fds;
	struct ptree_mapping_info *mappings;
	char **texts;			/* [nr_files], each malloc'ed or NULL; NULL: no file has one */
	size_t nr_files, nr_fds, nr_mappings;
	size_t size_files, size_fds, size_mappings;
};

/* @op 0: of @pidfds, if @requester_pidfd (-1: the sender) may trace them all. To be freed with ptree_kernel_files_done(), whatever this returns. */
int ptree_kernel_files(struct ptree_kernel *k, uint32_t op, const int *pidfds, size_t nr, int requester_pidfd,
		       struct ptree_kernel_files *ret, const char *step, struct ptree_error *e);
void ptree_kernel_files_done(struct ptree_kernel_files *f);

/* @ret_file: the file that a failure is about; UINT32_MAX: none. */
int ptree_kernel_install(struct ptree_kernel *k, uint32_t op, const struct ptree_install *list, size_t nr,
			 uint32_t *ret_file, struct ptree_error *e);

struct ptree_kernel_call {
	/* request */
	uint32_t member;		/* as CLONE numbered it */
	pid_t pid;			/* its pid, for sentences */
	uint32_t flags;			/* PTREE_CALL_* */
	const struct ptree_call *calls;
	size_t nr;
	void *data;			/* in and out; NULL: none */
	size_t size;
	/* result */
	int64_t *results;		/* the caller's, nr of them */
	size_t nr_results;
};

int ptree_kernel_call(struct ptree_kernel *k, uint32_t op, struct ptree_kernel_call *call, const char *step,
		      struct ptree_error *e);

/*
 * What an acknowledgement says: its error code and, from the extended-ack TLVs behind it, message and attribute. libnl
 * does not parse those. @message is bounded by @size and always terminated. Returns the code; -EBADMSG.
 */
struct nlmsghdr;
int ptree_kernel_parse_ack(const struct nlmsghdr *h, char *message, size_t size, uint32_t *ret_offset);

#endif
