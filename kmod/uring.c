// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings of io_uring. One that has no request under way is nothing but two queues in memory and the kernel's place in each:
 * a new ring of the same sizes becomes its double when it gets both. Requests under way cannot be copied; they are waited
 * for, as what passes by itself is (-EAGAIN). What can be registered with a ring is refused.
 */
#include <linux/file.h>
#include <linux/io_uring_types.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/percpu_counter.h>
#include <linux/slab.h>
#include "op.h"
#include "symbols.h"
#include "uring.h"

/* How a ring may have been made: by these, its twin is made alike. What the rest asks for is about the making only. */
#define FLAGS_KEPT (IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | \
		    IORING_SETUP_SQE128 | IORING_SETUP_CQE32 | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | \
		    COMPAT_URING_FLAGS)
#define FLAGS_DROPPED (IORING_SETUP_CLAMP | IORING_SETUP_ATTACH_WQ)

struct ptree_uring {
	size_t rings_size, sqes_size;
	unsigned char data[];	/* the queues, then the submissions */
};

bool ptree_uring_is(const struct file *file)
{
	return file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
	       strcmp(file->f_path.dentry->d_name.name, "[io_uring]") == 0;
}

/* As rings_size() in io_uring/io_uring.c computes them; the same in v6.1, v6.12, v7.2. */
static size_t rings_size(const struct io_ring_ctx *ctx)
{
	size_t size = struct_size(ctx->rings, cqes, ctx->cq_entries);

	if (ctx->flags & IORING_SETUP_CQE32)
		size *= 2;
	size = ALIGN(size, SMP_CACHE_BYTES);
	return compat_uring_has_sq_array(ctx) ? size + ctx->sq_entries * sizeof(u32) : size;
}

static size_t sqes_size(const struct io_ring_ctx *ctx)
{
	return ctx->sq_entries * sizeof(struct io_uring_sqe) * (ctx->flags & IORING_SETUP_SQE128 ? 2 : 1);
}

/* Under the ring's lock, while a ring is in use: what is registered may go. */
static const char *why_not(struct io_ring_ctx *ctx)
{
	if (ctx->flags & (IORING_SETUP_SQPOLL | IORING_SETUP_IOPOLL))
		return "it is polled by the kernel (IORING_SETUP_SQPOLL, IORING_SETUP_IOPOLL)";
	if (ctx->flags & IORING_SETUP_R_DISABLED)
		return "it is not enabled yet";
	if (ctx->flags & ~(FLAGS_KEPT | FLAGS_DROPPED))
		return "it was made with flags that are not known here";
	if (compat_uring_restricted(ctx))
		return "it is restricted";
	if (compat_uring_nr_files(ctx))
		return "it has registered files";
	if (compat_uring_nr_buffers(ctx) || compat_uring_has_buffer_lists(ctx) || !xa_empty(&ctx->io_bl_xa))
		return "it has registered buffers";
	if (rcu_access_pointer(ctx->io_ev_fd))
		return "it has a registered eventfd";
	if (!xa_empty(&ctx->personalities))
		return "it has registered credentials";
	if (!list_empty(&ctx->cq_overflow_list))
		return "more has completed than its queue holds";
	return NULL;
}

void ptree_uring_tell(struct seq_file *text, const struct file *file)
{
	struct io_ring_ctx *ctx = file->private_data;
	const char *why;

	mutex_lock(&ctx->uring_lock);
	why = why_not(ctx);
	mutex_unlock(&ctx->uring_lock);
	if (why)
		seq_printf(text, "ptree-refused:\t%s\n", why);
	seq_printf(text, "ptree-flags:\t%x\n", ctx->flags & FLAGS_KEPT);
	seq_printf(text, "ptree-submissions:\t%u\n", ctx->sq_entries);
	seq_printf(text, "ptree-completions:\t%u\n", ctx->cq_entries);
}

const char *ptree_uring_vet(struct task_struct *source, int *ret_error)
{
	struct io_uring_task *uring = READ_ONCE(source->io_uring);
	unsigned int i;

	if (!uring)
		return NULL;
	for (i = 0; i < IO_RINGFD_REG_MAX; i++) {
		*ret_error = -EOPNOTSUPP;
		if (uring->registered_rings[i])
			return "has registered io_uring descriptors (IORING_REGISTER_RING_FDS), which cannot be cloned";
	}
	/* A thread takes many numbers at once, and has those that are left; frozen, it takes no more. */
	*ret_error = -EAGAIN;
	if (percpu_counter_sum(&uring->inflight) != uring->cached_refs)
		return "has io_uring requests under way; try again when they are done";
	return NULL;
}

struct ptree_uring *ptree_uring_get(const struct file *file)
{
	struct io_ring_ctx *ctx = file->private_data;
	size_t rings = rings_size(ctx), sqes = sqes_size(ctx);
	struct ptree_uring *saved;

	saved = kvmalloc(sizeof(*saved) + rings + sqes, GFP_KERNEL_ACCOUNT);
	if (!saved)
		return ERR_PTR(-ENOMEM);
	saved->rings_size = rings;
	saved->sqes_size = sqes;
	mutex_lock(&ctx->uring_lock);
	/* Somebody outside may use it, and change its sizes: IORING_REGISTER_RESIZE_RINGS. */
	if (rings != rings_size(ctx) || sqes != sqes_size(ctx)) {
		mutex_unlock(&ctx->uring_lock);
		kvfree(saved);
		return ERR_PTR(-EAGAIN);
	}
	memcpy(saved->data, ctx->rings, rings);
	memcpy(saved->data + rings, ctx->sq_sqes, sqes);
	mutex_unlock(&ctx->uring_lock);
	return saved;
}

/* Of IORING_SETUP_SINGLE_ISSUER: the one thread that may use it. Whoever made the new one may not. */
static void submitter_resemble(struct ptree_op *op, struct io_ring_ctx *to, const struct io_ring_ctx *from)
{
	unsigned int i, t;

	if (!from->submitter_task || !to->submitter_task)
		return;
	for (i = 0; i < op->nr_members; i++) {
		struct ptree_member *member = &op->members[i];

		for (t = 0; t < member->nr_threads; t++) {
			if (member->threads[t].source != from->submitter_task || !member->threads[t].twin)
				continue;
			put_task_struct(to->submitter_task);
			to->submitter_task = member->threads[t].twin;
			get_task_struct(to->submitter_task);
			return;
		}
	}
}

void ptree_uring_resemble(struct ptree_op *op, struct file *new, struct file *old, const struct ptree_uring *saved)
{
	struct io_ring_ctx *to, *from;

	if (!saved || !ptree_uring_is(new) || new == old)
		return;
	to = new->private_data;
	from = old->private_data;
	mutex_lock(&to->uring_lock);
	if (saved->rings_size == rings_size(to) && saved->sqes_size == sqes_size(to) && !to->cached_sq_head) {
		memcpy(to->rings, saved->data, saved->rings_size);
		memcpy(to->sq_sqes, saved->data + saved->rings_size, saved->sqes_size);
		spin_lock(&to->completion_lock);
		to->cached_sq_head = to->rings->sq.head;
		to->cached_cq_tail = to->rings->cq.tail;
		compat_uring_cq_extra_set(to, to->cached_cq_tail - to->cached_sq_head);
		to->cqe_cached = NULL;
		to->cqe_sentinel = NULL;
		spin_unlock(&to->completion_lock);
		submitter_resemble(op, to, from);
	}
	mutex_unlock(&to->uring_lock);
}

/*
 * Where processors may see two addresses of one page differently, a ring chooses its own, and refuses any other;
 * io_uring_get_unmapped_area(), read in v6.1, v6.12, v7.2. x86 has no such addresses.
 */
long ptree_uring_map(const unsigned long args[6])
{
	unsigned long start = args[0], length = PAGE_ALIGN(args[1]), r;
	struct mm_struct *mm = current->mm;
	struct file *file = fget((unsigned int)args[4]);
	vm_flags_t flags;
	LIST_HEAD(unmapped);	/* for userfaultfd, which nobody has here */

	if (!file)
		return -EBADF;
	r = -ENODEV;
	if (!ptree_uring_is(file))
		goto out;
	r = -EINVAL;
	if (!PAGE_ALIGNED(start) || !length || length > TASK_SIZE || start > TASK_SIZE - length || args[5] & ~PAGE_MASK)
		goto out;
	flags = calc_vm_prot_bits(args[2], 0) | VM_SHARED | VM_MAYSHARE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	r = -EINTR;
	if (mmap_write_lock_killable(mm))
		goto out;
	r = borrowed(mmap_region)(file, start, length, flags, args[5] >> PAGE_SHIFT, &unmapped);
	mmap_write_unlock(mm);
out:
	fput(file);
	return (long)r;
}
