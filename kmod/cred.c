// SPDX-License-Identifier: GPL-2.0-only
/* Credentials: those under which a twin is made, and those that it ends up with, which are its source's. */
#include "state.h"
#include "symbols.h"

/**
 * ptree_cred_raise() - a copy of credentials that may also choose pids and cgroups
 * @exact: the credentials to copy
 *
 * copy_process() asks current for two rights that a source need not have: alloc_pid() wants CAP_CHECKPOINT_RESTORE in
 * the pid namespace's owner to choose a pid, cgroup_css_set_fork() wants to write cgroup.procs of the clone's cgroup
 * and of the common ancestor. The copy has both: the capability counts in the initial user namespace, and the cgroup
 * files are root's or anybody's (fsuid 0 and CAP_DAC_OVERRIDE). User, limits, LSM labels and keyrings are @exact's, so
 * that RLIMIT_NPROC and accounting are what the source's own fork() would meet.
 *
 * Never installed as real_cred of a task that can run. Mirrors copy_creds() (kernel/cred.c) and alloc_pid()
 * (kernel/pid.c), read in v6.1, v6.12, v7.2. May sleep. Returns NULL if there is no memory.
 */
struct cred *ptree_cred_raise(const struct cred *exact)
{
	const struct cred *own = current->cred;
	struct cred *raised;

	/* prepare_creds() copies current->cred, which nobody but current reads. */
	rcu_assign_pointer(current->cred, exact);
	raised = prepare_creds();
	rcu_assign_pointer(current->cred, own);
	if (!raised)
		return NULL;

	raised->fsuid = GLOBAL_ROOT_UID;
	cap_raise(raised->cap_effective, CAP_DAC_OVERRIDE);
	cap_raise(raised->cap_effective, CAP_CHECKPOINT_RESTORE);
	if (raised->user_ns != &init_user_ns) {
		put_user_ns(raised->user_ns);
		raised->user_ns = get_user_ns(&init_user_ns);
	}
	return raised;
}

/* Undoes ptree_cred_raise() in place. Nobody can have acted under @raised: its task has not run. */
static void cred_lower(struct cred *raised, const struct cred *exact)
{
	raised->fsuid = exact->fsuid;
	raised->cap_effective = exact->cap_effective;
	if (raised->user_ns != exact->user_ns) {
		put_user_ns(raised->user_ns);
		raised->user_ns = get_user_ns(exact->user_ns);
	}
}

/**
 * ptree_cred_settle() - give a twin that has never run its source's credentials
 * @twin: the twin
 * @raised: what copy_process() was called under; the caller keeps its reference
 * @exact: the source's
 * @shared: for a thread whose source shares its leader's credentials: the twin leader's, to be shared as well; or NULL
 *
 * copy_creds() gives a process, and a thread with a thread keyring, a copy of @raised; other threads share @raised.
 */
void ptree_cred_settle(struct task_struct *twin, const struct cred *raised, const struct cred *exact,
		       const struct cred *shared)
{
	const struct cred *made = twin->real_cred;

	if (made == raised && shared) {
		rcu_assign_pointer(twin->real_cred, get_cred(shared));
		rcu_assign_pointer(twin->cred, get_cred(shared));
		put_cred(made);
		put_cred(made);
	} else {
		cred_lower((struct cred *)made, exact);
	}
	/* copy_creds() counted the initial user namespace, which is always active. */
	if (exact->user_ns != &init_user_ns)
		compat_user_ns_activate(exact->user_ns);
}
