// SPDX-License-Identifier: GPL-2.0-only
/* The loan under which current calls copy_process() although it is frozen: what is hidden, lent, and given back. */
#include <linux/cgroup.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include "state.h"
#include "uapi/ptree.h"
#include "symbols.h"

/*
 * The fork path gives up with -ERESTARTNOINTR when recalc_sigpending() finds the freezer's trap bit, the frozen state,
 * or an unblocked pending signal. The trap bit is dropped and the frozen state left and re-entered properly, so that
 * the counters of the cgroup stay right even if somebody migrates the task meanwhile. Signals are blocked, except
 * SIGKILL, which must end the op.
 */
static void signals_hide(struct ptree_borrow *loan)
{
	spin_lock_irq(&current->sighand->siglock);
	current->jobctl &= ~JOBCTL_TRAP_FREEZE;
	loan->blocked = current->blocked;
	siginitsetinv(&current->blocked, sigmask(SIGKILL));
	recalc_sigpending();
	spin_unlock_irq(&current->sighand->siglock);
	if (cgroup_task_frozen(current))
		borrowed(cgroup_leave_frozen)(true);
}

/*
 * The trap bit is not set again: get_signal() finds the frozen state and sets the bit itself if, and only if, the
 * cgroup is still freezing (cgroup_leave_frozen(false)). A thaw that came meanwhile is so not undone.
 */
static void signals_show(struct ptree_borrow *loan)
{
	borrowed(cgroup_enter_frozen)();
	spin_lock_irq(&current->sighand->siglock);
	current->blocked = loan->blocked;
	recalc_sigpending();
	spin_unlock_irq(&current->sighand->siglock);
}

static void nsproxy_set(struct nsproxy *nsproxy)
{
	task_lock(current);
	current->nsproxy = nsproxy;
	task_unlock(current);
}

/* ptree_nsproxy_put() - give a counted set of namespaces back. */
void ptree_nsproxy_put(struct nsproxy *nsproxy)
{
	if (compat_nsproxy_drop(nsproxy))
		compat_nsproxy_free(nsproxy);
}

/*
 * What the clone does not share with the source comes from a donor. Taken out of a copy of the donor's set, which gets the
 * source's in exchange and is freed with them: no namespace is counted by hand. The copy is made of current's set, and so
 * that is the donor's for a moment.
 */
static int nsproxy_privatize(struct nsproxy *nsproxy, struct ptree_op *op)
{
	struct nsproxy *own = current->nsproxy, *copy;

	nsproxy_set(op->donor);
	copy = borrowed(create_new_namespaces)(0, current, current_user_ns(), current->fs);
	nsproxy_set(own);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	if (op->flags & PTREE_CLONE_NET && nsproxy->net_ns == op->root_net)
		swap(nsproxy->net_ns, copy->net_ns);
	if (op->flags & PTREE_CLONE_IPC && nsproxy->ipc_ns == op->root_ipc)
		swap(nsproxy->ipc_ns, copy->ipc_ns);
	if (op->flags & PTREE_CLONE_UTS && nsproxy->uts_ns == op->root_uts)
		swap(nsproxy->uts_ns, copy->uts_ns);
	if (op->flags & PTREE_CLONE_MNT && nsproxy->mnt_ns == op->root_mnt)
		swap(nsproxy->mnt_ns, copy->mnt_ns);
	compat_nsproxy_activate(copy);
	ptree_nsproxy_put(copy);
	return 0;
}

/* A copy of a task's set. It is made of current's, and so that is the task's for a moment. */
static struct nsproxy *nsproxy_copy(struct task_struct *task)
{
	struct nsproxy *own = current->nsproxy, *its, *copy;

	task_lock(task);
	its = task->nsproxy;
	if (its)
		get_nsproxy(its);
	task_unlock(task);
	if (!its)
		return ERR_PTR(-ESRCH);
	nsproxy_set(its);
	copy = borrowed(create_new_namespaces)(0, current, current_user_ns(), current->fs);
	nsproxy_set(own);
	ptree_nsproxy_put(its);
	return copy;
}

/*
 * The twin's namespaces: the source's, but children are born in the clone's pid namespace. While the loan lasts the
 * cgroup namespace is the clone init's, because cgroup_css_set_fork() refuses a destination outside current's.
 */
static int nsproxy_borrow(struct ptree_borrow *loan, struct ptree_op *op, struct task_struct *source,
			  struct pid_namespace *ns)
{
	struct nsproxy *nsproxy;
	int r = 0;

	nsproxy = nsproxy_copy(source);
	if (IS_ERR(nsproxy))
		return PTR_ERR(nsproxy);
	put_pid_ns(nsproxy->pid_ns_for_children);
	nsproxy->pid_ns_for_children = get_pid_ns(ns);
	if (op->donor)
		r = nsproxy_privatize(nsproxy, op);
	compat_nsproxy_activate(nsproxy);
	if (r < 0) {
		ptree_nsproxy_put(nsproxy);
		return r;
	}

	loan->cgroup_ns = nsproxy->cgroup_ns;
	task_lock(op->init);
	if (op->init->nsproxy)
		nsproxy->cgroup_ns = op->init->nsproxy->cgroup_ns;
	task_unlock(op->init);

	loan->twin_nsproxy = nsproxy;
	loan->nsproxy = current->nsproxy;
	nsproxy_set(nsproxy);
	return 0;
}

/**
 * ptree_borrow_begin() - make current fit to call copy_process()
 * @loan: the loan, for ptree_borrow_end()
 * @op: the op, for the clone's namespaces and its memory cgroup
 * @exact: the credentials that the twin will have
 * @source: whose namespaces the twin is to have
 * @into: the pid namespace that the twin is born in; NULL: current is a twin itself, and makes it where it is
 *
 * Errors: -ENOMEM; -ESRCH @source has exited.
 */
int ptree_borrow_begin(struct ptree_borrow *loan, struct ptree_op *op, const struct cred *exact, struct task_struct *source,
		       struct pid_namespace *into)
{
	int r;

	*loan = (struct ptree_borrow){ .cred = current->cred };
	loan->raised = ptree_cred_raise(exact);
	if (!loan->raised)
		return -ENOMEM;
	if (into) {
		r = nsproxy_borrow(loan, op, source, into);
		if (r < 0) {
			put_cred(loan->raised);
			return r;
		}
	}
	rcu_assign_pointer(current->cred, loan->raised);
	/* Page tables and kernel memory of the twin are the clone's to pay for. */
	loan->memcg = set_active_memcg(op->memcg);
	signals_hide(loan);
	return 0;
}

void ptree_borrow_end(struct ptree_borrow *loan)
{
	signals_show(loan);
	set_active_memcg(loan->memcg);
	rcu_assign_pointer(current->cred, loan->cred);
	if (loan->nsproxy) {
		loan->twin_nsproxy->cgroup_ns = loan->cgroup_ns;
		nsproxy_set(loan->nsproxy);
		ptree_nsproxy_put(loan->twin_nsproxy);
	}
	put_cred(loan->raised);
}
