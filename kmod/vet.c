// SPDX-License-Identifier: GPL-2.0-only
/* Vetting: which members cannot be cloned, and the sentence that says why. */
#include <linux/mm.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>
#include "aio.h"
#include "op.h"
#include "state.h"
#include "uring.h"

static int vet_thread(struct ptree_member *member, unsigned int t)
{
	struct task_struct *source = member->threads[t].source;
	struct ptree_op *op = member->op;
	const char *why;
	int r;

	if (READ_ONCE(source->ptrace))
		return ptree_op_fail(op, source, -EBUSY, "is being traced; detach the tracer first");
	if (READ_ONCE(source->jobctl) & JOBCTL_STOP_PENDING)
		return ptree_op_fail(op, source, -EAGAIN, "is just being stopped; try again");
	if (!source->frozen)
		return ptree_op_fail(op, source, -EAGAIN, "is not frozen (thread %d)",
				     task_pid_nr_ns(source, op->owner_ns));
	why = ptree_uring_vet(source, &r);
	if (why)
		return ptree_op_fail(op, source, r, "%s", why);
	/* sched_fork() refuses it with the same -EAGAIN as a limit that is reached. */
	if (READ_ONCE(source->policy) == SCHED_DEADLINE)
		return ptree_op_fail(op, source, -EOPNOTSUPP, "runs under SCHED_DEADLINE, which cannot be cloned");
	r = ptree_arch_vet(source, t > 0 || member->maker, &why);
	if (r < 0)
		return ptree_op_fail(op, source, r, "has %s, which cannot be cloned", why);
	ptree_restart_prepare(source);
	return 0;
}

/**
 * ptree_vet_member() - whether a member can be cloned, as far as other tasks can tell
 * @member: the member, with its threads gathered
 *
 * Errors: -EBUSY, -EAGAIN, -EOPNOTSUPP, -EINVAL as uapi/ptree.h has them.
 */
int ptree_vet_member(struct ptree_member *member)
{
	struct task_struct *source = member_source(member);
	struct ptree_op *op = member->op;
	unsigned int t;
	int r;

	if (source->flags & PF_KTHREAD)
		return ptree_op_fail(op, source, -EINVAL, "is a kernel thread");
	if (member->zombie && !member->parent)
		return ptree_op_fail(op, source, -ESRCH, "has exited, and is the root");
	if (member->zombie)
		return 0;
	/* A leader that has exited has nothing that could be refused. */
	for (t = member->headless ? 1 : 0; t < member->nr_threads; t++) {
		r = vet_thread(member, t);
		if (r < 0)
			return r;
	}
	member->stop_signal = ptree_stop_signal(member_carrier(member));
	if (member->stop_signal)
		member->stop_code = READ_ONCE(source->signal->group_exit_code);
	return 0;
}

/**
 * ptree_vet_memory() - whether current's memory can be cloned, and what of it fork() would not copy as it is
 * @member: current is one of its threads
 *
 * Errors: -EOPNOTSUPP, -ENOMEM, -EINTR. Takes the mmap lock for reading.
 */
int ptree_vet_memory(struct ptree_member *member)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	unsigned long start = 0;
	const char *why = NULL;
	int r = 0;
	VMA_ITERATOR(iterator, mm, 0);

	why = ptree_aio_vet(&r);
	if (why)
		return ptree_op_fail(member->op, current, r, "%s", why);
	if (mmap_read_lock_killable(mm))
		return ptree_op_fail(member->op, current, -EINTR, "was killed");
	for_each_vma(iterator, vma) {
		/* Mapped anew: see ptree_uring_map(), and for AIO libptree. */
		if (vma->vm_file && vma->vm_flags & VM_DONTCOPY &&
		    (ptree_uring_is(vma->vm_file) || ptree_aio_is(vma->vm_file)))
			continue;
		if (vma->vm_flags & (VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR))
			why = "is watched by userfaultfd";
		else if (vma->vm_flags & VM_DONTCOPY && vma->vm_flags & VM_SPECIAL)
			why = "is marked MADV_DONTFORK and a device's, or of huge pages";
		else
			r = ptree_memory_note(member, vma);
		if (why || r < 0) {
			start = vma->vm_start;
			break;
		}
	}
	member->lock_future = mm->def_flags & (VM_LOCKED | VM_LOCKONFAULT);
	mmap_read_unlock(mm);
	if (r < 0)
		return ptree_op_fail(member->op, current, r, "cannot be duplicated: out of memory");
	if (why)
		return ptree_op_fail(member->op, current, -EOPNOTSUPP, "has memory at %#lx that %s; it cannot be cloned",
				     start, why);
	return 0;
}
