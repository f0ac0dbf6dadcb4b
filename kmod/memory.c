// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that fork() treats otherwise than the rest: what is marked MADV_DONTFORK is copied all the same, what is locked
 * stays so. By the calls by which a program itself would do it, so that mappings are split, joined and counted as ever.
 */
#define pr_fmt(fmt) "ptree: " fmt

#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <asm/unistd.h>
#include "op.h"
#include "state.h"
#include "symbols.h"

/**
 * ptree_memory_note() - remember a mapping of a source's, if fork() would not give the twin the same
 * @member: current is its leader
 * @vma: the mapping
 *
 * Errors: -ENOMEM. Without a sentence. With the mmap lock held.
 */
int ptree_memory_note(struct ptree_member *member, const struct vm_area_struct *vma)
{
	unsigned long flags = vma->vm_flags & (VM_DONTCOPY | VM_LOCKED | VM_LOCKONFAULT);
	unsigned int nr = member->nr_ranges;
	struct ptree_range *ranges;

	if (likely(!flags))
		return 0;
	/* Room is made at every power of two. */
	if (!(nr & (nr - 1))) {
		ranges = kvmalloc_array(nr ? 2 * nr : 1, sizeof(*ranges), GFP_KERNEL_ACCOUNT);
		if (!ranges)
			return -ENOMEM;
		if (nr)
			memcpy(ranges, member->ranges, nr * sizeof(*ranges));
		kvfree(member->ranges);
		member->ranges = ranges;
	}
	member->ranges[nr] = (struct ptree_range){ vma->vm_start, vma->vm_end - vma->vm_start, flags };
	member->nr_ranges = nr + 1;
	return 0;
}

static long call(u32 nr, unsigned long a, unsigned long b, unsigned long c)
{
	return ptree_system_call(nr, (unsigned long[6]){ a, b, c });
}

static void close_first(const struct ptree_member *member, unsigned int nr)
{
	unsigned int i;
	long r;

	for (i = 0; i < nr; i++) {
		if (!(member->ranges[i].flags & VM_DONTCOPY))
			continue;
		r = call(__NR_madvise, member->ranges[i].start, member->ranges[i].size, MADV_DONTFORK);
		/* Without memory for it, or killed. */
		if (r < 0 && !fatal_signal_pending(current))
			pr_warn("memory of pid %d at %#lx is not MADV_DONTFORK any more (%ld)\n", current->tgid,
				member->ranges[i].start, r);
	}
}

/**
 * ptree_memory_open() - let copy_process() see all memory of current, the leader of a source
 * @member: whose ranges were noted
 *
 * The process is frozen: nobody makes mappings, or forks, before ptree_memory_close(). Who looks at /proc/PID/smaps
 * may see the mark missing for some microseconds.
 *
 * Errors: -EINTR it was killed; -ENOMEM. Nothing is left open then.
 */
int ptree_memory_open(const struct ptree_member *member)
{
	unsigned int i;
	long r;

	for (i = 0; i < member->nr_ranges; i++) {
		if (!(member->ranges[i].flags & VM_DONTCOPY))
			continue;
		r = call(__NR_madvise, member->ranges[i].start, member->ranges[i].size, MADV_DOFORK);
		if (r < 0) {
			close_first(member, i);
			return (int)r;
		}
	}
	return 0;
}

void ptree_memory_close(const struct ptree_member *member)
{
	close_first(member, member->nr_ranges);
}

/* Locked, but not filled: what was in memory is still there, shared until one side writes; no page is copied now. */
static int range_lock(const struct ptree_range *range)
{
	struct vm_area_struct *vma;
	int r;

	r = (int)call(__NR_mlock2, range->start, range->size, MLOCK_ONFAULT);
	if (r < 0 || range->flags & VM_LOCKONFAULT)
		return r;

	if (mmap_write_lock_killable(current->mm))
		return -EINTR;
	VMA_ITERATOR(iterator, current->mm, range->start);
	for_each_vma_range(iterator, vma, range->start + range->size)
		compat_vm_flags_clear(vma, VM_LOCKONFAULT);
	mmap_write_unlock(current->mm);
	return 0;
}

static int ranges_give(const struct ptree_member *member)
{
	const struct ptree_range *range;
	int r = 0, pass;

	/* What is locked on fault comes last: until then no mapping with that flag may lie beside one that must lose it. */
	for (pass = 0; pass < 2; pass++) {
		for (range = member->ranges; range < member->ranges + member->nr_ranges && r == 0; range++)
			if (range->flags & VM_LOCKED && !!(range->flags & VM_LOCKONFAULT) == pass)
				r = range_lock(range);
	}
	for (range = member->ranges; range < member->ranges + member->nr_ranges && r == 0; range++)
		if (range->flags & VM_DONTCOPY)
			r = (int)call(__NR_madvise, range->start, range->size, MADV_DONTFORK);
	return r;
}

/**
 * ptree_memory_give() - mark the memory of current, a twin, as that of its source was
 * @member: current is its twin's leader
 *
 * Errors: -ENOMEM, -EINTR; the sentence is noted.
 */
int ptree_memory_give(struct ptree_member *member)
{
	const struct cred *own;
	struct cred *raised;
	int r;

	if (!member->nr_ranges)
		return 0;
	raised = ptree_cred_raise(current_cred());
	if (!raised)
		return ptree_op_fail(member->op, member_source(member), -ENOMEM, "cannot be duplicated: out of memory");
	/* The source may have lowered its RLIMIT_MEMLOCK, or lost the right to exceed it, since it locked its memory. */
	cap_raise(raised->cap_effective, CAP_IPC_LOCK);
	own = override_creds(raised);
	r = ranges_give(member);
	revert_creds(own);
	put_cred(raised);
	if (r < 0)
		return ptree_op_fail(member->op, member_source(member), r,
				     "has locked or MADV_DONTFORK memory that the clone cannot have: error %d", r);
	return 0;
}

/*
 * ptree_memory_release() - mlockall(MCL_FUTURE) for the twins of those who have called it
 * Before they may run, and not earlier: what is mapped into them for a while, and in place of what was shared, is not of
 * that future.
 */
void ptree_memory_release(struct ptree_op *op)
{
	unsigned int i;

	for (i = 0; i < op->nr_members; i++) {
		struct ptree_member *member = &op->members[i];
		struct mm_struct *mm;

		if (!member->lock_future || !member_twin(member))
			continue;
		mm = get_task_mm(member_twin(member));
		if (!mm)
			continue;
		mmap_write_lock(mm);
		mm->def_flags |= member->lock_future;
		mmap_write_unlock(mm);
		mmput(mm);
	}
}
