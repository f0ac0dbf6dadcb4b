// SPDX-License-Identifier: GPL-2.0-only
/* Goes through the tables and the memory of processes for FILES. What is made of it is files.c's task. */
#include <linux/fdtable.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include "files.h"
#include "gather.h"
#include "symbols.h"

/* Which of the looked-at processes have their files or memory in common with an earlier one. */
struct repeat {
	const void *object;
	u32 task;
};

static int grow(struct ptree_gathering *g)
{
	size_t size = g->size ? 2 * g->size : 256;
	struct ptree_use *uses = kvmalloc_array(size, sizeof(*uses), GFP_KERNEL_ACCOUNT);

	if (!uses)
		return -ENOMEM;
	if (g->uses)
		memcpy(uses, g->uses, g->nr * sizeof(*uses));
	kvfree(g->uses);
	g->uses = uses;
	g->size = size;
	return 0;
}

/* Under the table's lock. Stops when there is no more room. */
static int descriptor_gather(const void *data, struct file *file, unsigned int fd)
{
	struct ptree_gathering *g = (struct ptree_gathering *)data;
	struct fdtable *table = files_fdtable(g->files);

	if (g->nr == g->size)
		return (int)fd + 1;
	get_file(file);
	g->uses[g->nr++] = (struct ptree_use){
		.file = file,
		.member = g->member,
		.fd = (s32)fd,
		.flags = test_bit(fd, table->close_on_exec) ? 1 : 0,
		.counts_only = g->twin,
		.again = g->again,
	};
	return 0;
}

static int descriptors_gather(struct ptree_gathering *g, struct task_struct *task)
{
	unsigned int from = 0;
	int r = 0;

	task_lock(task);
	g->files = task->files;
	if (g->files)
		atomic_inc(&g->files->count);
	task_unlock(task);
	if (!g->files)
		return 0;
	for (;;) {
		int stopped = iterate_fd(g->files, from, descriptor_gather, g);

		if (!stopped)
			break;
		from = stopped - 1;
		r = grow(g);
		if (r < 0)
			break;
	}
	borrowed(put_files_struct)(g->files);
	return r;
}

static u32 mapping_bits(const struct vm_area_struct *vma)
{
	static const struct {
		vm_flags_t flag;
		u32 bit;
	} bits[] = {
		{ VM_READ,		PTREE_MAPPING_READ },
		{ VM_WRITE,		PTREE_MAPPING_WRITE },
		{ VM_EXEC,		PTREE_MAPPING_EXEC },
		{ VM_MAYSHARE,		PTREE_MAPPING_SHARED },
		{ VM_PFNMAP | VM_IO,	PTREE_MAPPING_DEVICE },
		{ VM_LOCKED,		PTREE_MAPPING_LOCKED },
		{ VM_LOCKONFAULT,	PTREE_MAPPING_LOCKED_ON_FAULT },
		{ VM_DONTDUMP,		PTREE_MAPPING_DONTDUMP },
		{ VM_SEQ_READ,		PTREE_MAPPING_SEQUENTIAL },
		{ VM_RAND_READ,		PTREE_MAPPING_RANDOM },
		{ VM_HUGEPAGE,		PTREE_MAPPING_HUGEPAGE },
		{ VM_NOHUGEPAGE,	PTREE_MAPPING_NOHUGEPAGE },
		{ VM_HUGETLB,		PTREE_MAPPING_HUGETLB },
		{ VM_DONTCOPY,		PTREE_MAPPING_DONTFORK },
	};
	unsigned int i;
	u32 is = 0;

	for (i = 0; i < ARRAY_SIZE(bits); i++)
		if (vma->vm_flags & bits[i].flag)
			is |= bits[i].bit;
	return is;
}

/* A private mapping of a regular file with a name is nobody's business; of other things it counts as a reference. */
static bool mapping_matters(const struct vm_area_struct *vma)
{
	return vma->vm_file && (vma->vm_flags & (VM_MAYSHARE | VM_PFNMAP | VM_IO) || ptree_file_is_internal(vma->vm_file));
}

static int mappings_gather(struct ptree_gathering *g, struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);
	struct vm_area_struct *vma;
	int r = 0;

	if (!mm)
		return 0;
	if (mmap_read_lock_killable(mm)) {
		mmput(mm);
		return -EINTR;
	}
	{
		VMA_ITERATOR(iterator, mm, 0);

		for_each_vma(iterator, vma) {
			u32 is;

			if (!mapping_matters(vma))
				continue;
			if (g->nr == g->size) {
				r = grow(g);
				if (r < 0)
					break;
			}
			is = mapping_bits(vma);
			get_file(vma->vm_file);
			g->uses[g->nr++] = (struct ptree_use){
				.file = vma->vm_file,
				.member = g->member,
				.counts_only = g->twin || !(is & (PTREE_MAPPING_SHARED | PTREE_MAPPING_DEVICE)),
				.mapping = {
					.start = vma->vm_start,
					.length = vma->vm_end - vma->vm_start,
					.offset = (u64)vma->vm_pgoff << PAGE_SHIFT,
					.member = g->member,
					.is = is,
				},
			};
		}
	}
	mmap_read_unlock(mm);
	mmput(mm);
	return r;
}

static int repeat_compare(const void *a, const void *b)
{
	const struct repeat *x = a, *y = b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return x->task < y->task ? -1 : 1;
}

static void repeats_mark(struct repeat *list, unsigned int nr, bool *marks)
{
	unsigned int i;

	sort(list, nr, sizeof(*list), repeat_compare, NULL);
	for (i = 1; i < nr; i++)
		marks[list[i].task] = list[i].object && list[i].object == list[i - 1].object;
}

int ptree_gather(struct ptree_gathering *g, struct task_struct **tasks, unsigned int nr, bool twins)
{
	struct repeat *list = kvmalloc_array(nr, sizeof(*list), GFP_KERNEL_ACCOUNT);
	bool *files = kvcalloc(nr, sizeof(*files), GFP_KERNEL_ACCOUNT);
	bool *memory = kvcalloc(nr, sizeof(*memory), GFP_KERNEL_ACCOUNT);
	unsigned int i;
	int r = -ENOMEM;

	if (!list || !files || !memory)
		goto out;
	for (i = 0; i < nr; i++)
		list[i] = (struct repeat){ tasks[i] ? READ_ONCE(tasks[i]->files) : NULL, i };
	repeats_mark(list, nr, files);
	for (i = 0; i < nr; i++)
		list[i] = (struct repeat){ tasks[i] ? READ_ONCE(tasks[i]->mm) : NULL, i };
	repeats_mark(list, nr, memory);

	r = 0;
	g->twin = twins;
	for (i = 0; i < nr && r == 0; i++) {
		if (fatal_signal_pending(current)) {
			r = -EINTR;
			break;
		}
		if (!tasks[i])
			continue;
		g->member = i;
		g->again = files[i];
		if (!twins || !files[i])
			r = descriptors_gather(g, tasks[i]);
		if (r == 0 && !memory[i])
			r = mappings_gather(g, tasks[i]);
	}
out:
	kvfree(list);
	kvfree(files);
	kvfree(memory);
	return r;
}
