// SPDX-License-Identifier: GPL-2.0-only
/* x86-64: registers, segments, FPU and what else of a thread lies in the processor. */
#include <linux/sched/task_stack.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/processor.h>
#include <asm/ptrace.h>
#include <asm/thread_info.h>
#include "../compat.h"
#include "../state.h"

/* Thread flags that prctl() sets per thread and that reach the processor at a context switch. */
static const int sticky_flags[] = { TIF_NOTSC, TIF_NOCPUID, TIF_SSBD, TIF_SPEC_IB, TIF_SPEC_FORCE_UPDATE,
				    TIF_SPEC_L1D_FLUSH };

/**
 * ptree_arch_vet() - whether a thread's processor state can be cloned
 * @source: the thread
 * @threaded: it is not the leader: its twin does not come out of its own fork
 * @ret_why: the object, for the sentence
 */
int ptree_arch_vet(struct task_struct *source, bool threaded, const char **ret_why)
{
	if (test_tsk_thread_flag(source, TIF_IO_BITMAP)) {
		*ret_why = "I/O port permissions (ioperm)";
		return -EOPNOTSUPP;
	}
	if (!threaded)
		return 0;
#ifdef CONFIG_X86_USER_SHADOW_STACK
	if (source->thread.features) {
		*ret_why = "a user shadow stack in a thread";
		return -EOPNOTSUPP;
	}
#endif
	if (compat_task_fpu(source)->fpstate->is_valloc) {
		*ret_why = "dynamically enabled processor state (AMX) in a thread";
		return -EOPNOTSUPP;
	}
	return 0;
}

/*
 * ptree_arch_copy_leader() - current's registers for the twin that copy_process() has just made of it
 * copy_thread() has copied everything but the return value of an interrupted system call.
 */
void ptree_arch_copy_leader(struct task_struct *twin)
{
	*task_pt_regs(twin) = *task_pt_regs(current);
}

/* ptree_arch_return() - the system call that a twin is in has come to its end. */
void ptree_arch_return(struct task_struct *twin, long value)
{
	struct pt_regs *regs = task_pt_regs(twin);

	regs->ax = value;
	/* Not to be made once more when a signal comes. */
	regs->orig_ax = -1;
}

/**
 * ptree_arch_copy_thread() - the processor state of @source, which is switched out, for @twin, which has never run
 * @twin: the twin
 * @source: the thread it is to be like
 *
 * Mirrors copy_thread() (arch/x86/kernel/process.c) and fpu_clone() (arch/x86/kernel/fpu/core.c), read in v6.1, v6.12,
 * v7.2: copy_process() has filled @twin from its own leader, with TIF_NEED_FPU_LOAD set, so its image in memory counts.
 */
int ptree_arch_copy_thread(struct task_struct *twin, struct task_struct *source)
{
	struct fpstate *from = compat_task_fpu(source)->fpstate;
	struct fpstate *to = compat_task_fpu(twin)->fpstate;
	unsigned int i;

	if (from->size != to->size || from->xfeatures != to->xfeatures)
		return -EOPNOTSUPP;
	memcpy(&to->regs, &from->regs, from->size);
	to->user_xfeatures = from->user_xfeatures;

	*task_pt_regs(twin) = *task_pt_regs(source);
	twin->thread_info.status = source->thread_info.status;
	memcpy(twin->thread.tls_array, source->thread.tls_array, sizeof(twin->thread.tls_array));
	twin->thread.es = source->thread.es;
	twin->thread.ds = source->thread.ds;
	twin->thread.fsindex = source->thread.fsindex;
	twin->thread.gsindex = source->thread.gsindex;
	twin->thread.fsbase = source->thread.fsbase;
	twin->thread.gsbase = source->thread.gsbase;
	twin->thread.pkru = source->thread.pkru;
	twin->thread.iopl_emul = source->thread.iopl_emul;

	for (i = 0; i < ARRAY_SIZE(sticky_flags); i++)
		update_tsk_thread_flag(twin, sticky_flags[i], test_tsk_thread_flag(source, sticky_flags[i]));
	return 0;
}
