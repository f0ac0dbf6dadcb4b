// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An IPC namespace of the clone's own: the settings of the source's, and its System V objects under the same ids and keys.
 * Semaphores and messages are of the moment of the freeze; of shared memory, what the tree has attached is so too
 * (settle/sysv.c fills it), and the rest, which no member can see, of the moment after the thaw.
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>

#include "../settle/memory.h"
#include "kinds.h"
#include "proc-sys.h"

struct ipc_job {
	int source_fd, own_fd;
};

static int settings_copy(void *argument, char *what)
{
	static const char *const names[] = {
		"kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem", "kernel/shmall", "kernel/shmmax",
		"kernel/shmmni", "kernel/shm_rmid_forced", "fs/mqueue",
	};
	_cleanup_(ptree_settings_done) struct ptree_settings settings = { 0 };
	_cleanup_close_ int sys = ptree_proc_sys_open();
	const struct ipc_job *job = argument;
	int r = 0;

	strcpy(what, "opening /proc/sys");
	if (sys < 0)
		return sys;
	strcpy(what, "entering the source's");
	if (setns(job->source_fd, CLONE_NEWIPC) < 0)
		return -errno;
	strcpy(what, "reading the settings of the source's");
	for (size_t i = 0; i < ARRAY_SIZE(names) && r == 0; i++)
		r = ptree_settings_read(&settings, sys, names[i]);
	if (r < 0)
		return r;
	strcpy(what, "entering it");
	if (setns(job->own_fd, CLONE_NEWIPC) < 0)
		return -errno;
	ptree_settings_write(&settings, sys);
	return 0;
}

int ptree_ipc_setup(struct ptree_op *op, int source_fd, pid_t maker)
{
	struct ipc_job job = { .source_fd = source_fd, .own_fd = op->namespaces.fds[PTREE_NAMESPACE_IPC] };
	_cleanup_helper_ struct ptree_helper helper = PTREE_HELPER_INIT;
	char what[PTREE_HELPER_WHAT_MAX];
	int r;

	(void)maker;
	r = ptree_helper_start(&helper, &(struct ptree_helper_job){
		.work = settings_copy,
		.argument = &job,
		.pidns_fd = -1,
		.keep = (int[]){ job.source_fd, job.own_fd },
		.nr_keep = 2,
	}, what);
	if (r < 0)
		return ptree_namespace_error(op, PTREE_NAMESPACE_IPC, r, what);
	op->namespaces.ipc_source_fd = fcntl(source_fd, F_DUPFD_CLOEXEC, 3);
	return op->namespaces.ipc_source_fd < 0 ?
		       ptree_namespace_error(op, PTREE_NAMESPACE_IPC, -errno, "keeping the source's open") : 0;
}

int ptree_ipc_capture(struct ptree_op *op)
{
	struct ptree_ipc_objects *o = &op->namespaces.ipc;
	int r = ptree_ipc_read(o, op->namespaces.ipc_source_fd);

	return r < 0 ? ptree_namespace_error(op, PTREE_NAMESPACE_IPC, r, o->what) : 0;
}

/* What a member has attached is filled from what was captured. */
static bool is_not_captured(const struct ptree_ipc_object *object, void *userdata)
{
	struct ptree_op *op = userdata;

	for (size_t i = 0; i < op->files.nr_files; i++) {
		const struct ptree_file *f = &op->files.files[i];

		if (f->info.is & PTREE_FILE_SHARED_MEMORY && ptree_memory_is_sysv(f) && f->info.ino == (uint64_t)object->id &&
		    f->policy == PTREE_POLICY_PRIVATE && f->nr_mappings > 0 &&
		    ptree_namespaces_has(op, f->mappings[0].member, PTREE_NAMESPACE_IPC))
			return false;
	}
	return true;
}

int ptree_ipc_settle(struct ptree_op *op)
{
	struct ptree_namespaces *n = &op->namespaces;
	int r;

	r = ptree_ipc_copy(&n->ipc, n->ipc_source_fd, n->fds[PTREE_NAMESPACE_IPC], is_not_captured, op);
	return r < 0 ? ptree_namespace_error(op, PTREE_NAMESPACE_IPC, r, n->ipc.what) : 0;
}
