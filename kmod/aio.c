// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts of Linux AIO. One without requests under way and with an empty ring is as good as new: the clone gets a new one
 * at the same place, which is its name. What is under way cannot be copied; it is waited for, as what passes by itself is.
 */
#include <linux/aio_abi.h>
#include <linux/mm.h>
#include <linux/percpu-refcount.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include "aio.h"

#define AIO_RING_MAGIC 0xa10a10a1	/* fs/aio.c, for the file system as for the ring */

bool ptree_aio_is(const struct file *file)
{
	return file_inode(file)->i_sb->s_magic == AIO_RING_MAGIC;
}

#ifdef CONFIG_AIO
struct kioctx_cpu {
	unsigned int reqs_available;
};

/*
 * struct kioctx as fs/aio.c declares it for itself, as far as completion_lock. Nothing exported tells how many requests are
 * under way. Read in v6.1, v6.12 and v7.2, where the layout is one and the same.
 */
struct context {
	struct percpu_ref users;
	atomic_t dead;
	struct percpu_ref reqs;
	unsigned long user_id;
	struct kioctx_cpu __percpu *cpu;
	unsigned int req_batch;
	unsigned int max_reqs;
	unsigned int nr_events;
	unsigned long mmap_base;
	unsigned long mmap_size;
	void **ring_pages;
	long nr_pages;
	struct rcu_work free_rwork;
	void *rq_wait;
	struct {
		atomic_t reqs_available;
	} ____cacheline_aligned_in_smp;
	struct {
		spinlock_t ctx_lock;
		struct list_head active_reqs;
	} ____cacheline_aligned_in_smp;
	struct {
		struct mutex ring_lock;
		wait_queue_head_t wait;
	} ____cacheline_aligned_in_smp;
	struct {
		unsigned int tail;
		unsigned int completed_events;
		spinlock_t completion_lock;
	} ____cacheline_aligned_in_smp;
};

struct context_table {
	struct rcu_head rcu;
	unsigned int nr;
	struct context __rcu *table[];
};

/* The head of struct aio_ring, which is the user's. */
struct ring {
	u32 id;
	u32 nr;
	u32 head;
	u32 tail;
};

struct found {
	unsigned long user_id;
	unsigned int tail;
	unsigned int under_way;
};

/*
 * Each slot of the ring is available, here or to a processor, or taken by a request, or by the event of one that is done; those
 * that were read by the user are given back later. Whoever submits is frozen.
 */
static unsigned int under_way(struct context *ctx)
{
	unsigned int available = atomic_read(&ctx->reqs_available), cpu;

	for_each_possible_cpu(cpu)
		available += READ_ONCE(per_cpu_ptr(ctx->cpu, cpu)->reqs_available);
	return ctx->nr_events - 1 - available - ctx->completed_events;
}

/* The @i-th context of current's memory. 1: it is found; 0: this number has none; -ENOENT: nor has one behind it. */
static int context_find(unsigned int i, struct found *ret)
{
	struct context_table *table;
	struct context *ctx;
	int r = -ENOENT;

	rcu_read_lock();
	table = (struct context_table *)rcu_dereference(current->mm->ioctx_table);
	if (!table || i >= table->nr)
		goto unlock;
	ctx = rcu_dereference(table->table[i]);
	r = ctx && !atomic_read(&ctx->dead);
	if (r) {
		spin_lock_irq(&ctx->completion_lock);
		ret->user_id = ctx->user_id;
		ret->tail = ctx->tail;
		ret->under_way = under_way(ctx);
		spin_unlock_irq(&ctx->completion_lock);
	}
unlock:
	rcu_read_unlock();
	return r;
}

const char *ptree_aio_vet(int *ret_error)
{
	struct found found;
	unsigned int i;
	int r;

	for (i = 0; (r = context_find(i, &found)) >= 0; i++) {
		const struct ring __user *ring = (const struct ring __user *)found.user_id;
		u32 head;

		if (!r)
			continue;
		*ret_error = -EAGAIN;
		if (found.under_way)
			return "has Linux AIO requests under way; try again when they are done";
		*ret_error = -EOPNOTSUPP;
		if (get_user(head, &ring->head))
			return "has a Linux AIO context whose ring is not mapped, which cannot be cloned";
		*ret_error = -EAGAIN;
		if (head != found.tail)
			return "has Linux AIO events that it has not read yet; try again when it has";
	}
	return NULL;
}
#else
const char *ptree_aio_vet(int *ret_error)
{
	return NULL;
}
#endif
