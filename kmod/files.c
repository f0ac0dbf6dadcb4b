// SPDX-License-Identifier: GPL-2.0-only
/*
 * FILES: what processes have open or mapped shared, each open file description once. Its identity is its address: one
 * pass over all tables with a hash, where comparing from outside would take one kcmp() for each pair.
 */
#include <linux/file.h>
#include <linux/hash.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include "files.h"
#include "gather.h"
#include "tty.h"
#include "uring.h"

#define NO_FILE U32_MAX

static u32 bucket_of(const struct ptree_view *view, const struct file *file)
{
	return hash_ptr(file, view->bits);
}

u32 ptree_view_find(const struct ptree_view *view, const struct file *file)
{
	u32 i = view->buckets[bucket_of(view, file)];

	while (i != NO_FILE && view->files[i].file != file)
		i = view->files[i].next;
	return i;
}

static u32 file_enter(struct ptree_view *view, const struct ptree_use *use)
{
	u32 i = ptree_view_find(view, use->file), bucket;
	struct ptree_view_file *f;

	if (i == NO_FILE) {
		i = view->nr_files++;
		bucket = bucket_of(view, use->file);
		view->files[i] = (struct ptree_view_file){ .file = use->file, .next = view->buckets[bucket] };
		view->buckets[bucket] = i;
	}
	f = &view->files[i];
	f->nr_found += !use->again;
	f->nr_held++;
	f->named |= !use->counts_only;
	return i;
}

/* Files that nothing told refers to (only twins, only private mappings) get no number. */
static void view_number(struct ptree_view *view, u32 *numbers, const struct tty_struct *controlling)
{
	u32 i, nr = 0;

	for (i = 0; i < view->nr_files; i++) {
		struct ptree_view_file *f = &view->files[i];
		unsigned int spare = f->nr_held - (f->named ? 1 : 0);

		numbers[i] = f->named ? nr : NO_FILE;
		if (f->named) {
			ptree_file_describe(f, controlling);
			f->nr_held = 1;
		}
		while (spare-- > 0)
			fput(f->file);
		if (f->named)
			view->files[nr++] = *f;
	}
	view->nr_files = nr;
	memset(view->buckets, 0xff, sizeof(*view->buckets) << view->bits);
	for (i = 0; i < nr; i++) {
		u32 bucket = bucket_of(view, view->files[i].file);

		view->files[i].next = view->buckets[bucket];
		view->buckets[bucket] = i;
	}
}

static void uses_tell(struct ptree_view *view, const struct ptree_gathering *g, const u32 *of, const u32 *numbers)
{
	size_t i;

	for (i = 0; i < g->nr; i++) {
		const struct ptree_use *use = &g->uses[i];

		if (use->counts_only)
			continue;
		if (use->mapping.length) {
			struct ptree_mapping_info *m = &view->mappings[view->nr_mappings++];

			*m = use->mapping;
			m->file = numbers[of[i]];
			if (strncmp(view->files[m->file].info.name, "SYSV", 4) == 0 &&
			    view->files[m->file].info.is & PTREE_FILE_INTERNAL)
				m->is |= PTREE_MAPPING_SYSV;
		} else {
			view->fds[view->nr_fds++] = (struct ptree_fd_info){
				.file = numbers[of[i]],
				.member = use->member,
				.fd = use->fd,
				.flags = use->flags,
			};
		}
	}
}

static int texts_fill(struct ptree_view *view)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < view->nr_files && r == 0; i++)
		if (ptree_file_has_text(view->files[i].file))
			r = ptree_file_text(&view->files[i]);
	return r;
}

/*
 * What is INSTALLed in place of a terminal, or of a ring, is to have it too; of a terminal once, whichever of its files comes
 * first.
 */
static int inputs_fill(struct ptree_view *view)
{
	unsigned int i, other;

	for (i = 0; i < view->nr_files; i++) {
		struct ptree_view_file *f = &view->files[i];

		if (ptree_uring_is(f->file)) {
			f->uring = ptree_uring_get(f->file);
			if (IS_ERR(f->uring)) {
				int r = PTR_ERR(f->uring);

				f->uring = NULL;
				return r;
			}
		}
		if (!(f->info.is & PTREE_FILE_TTY))
			continue;
		for (other = 0; other < i; other++)
			if (ptree_tty_same(view->files[other].file, f->file))
				break;
		if (other == i)
			f->input = ptree_tty_input_get(f->file);
		if (IS_ERR(f->input)) {
			int r = PTR_ERR(f->input);

			f->input = NULL;
			return r;
		}
	}
	return 0;
}

/* On failure the uses' references are still theirs. */
static int view_fill(struct ptree_view *view, const struct ptree_gathering *g, const struct tty_struct *controlling)
{
	size_t nr_fds = 0, nr_mappings = 0, i;
	u32 *of, *numbers;
	int r = -ENOMEM;

	for (i = 0; i < g->nr; i++) {
		nr_fds += !g->uses[i].counts_only && !g->uses[i].mapping.length;
		nr_mappings += !g->uses[i].counts_only && g->uses[i].mapping.length;
	}
	view->bits = max(4, ilog2(g->nr + 1) + 1);
	of = kvmalloc_array(g->nr + 1, sizeof(*of), GFP_KERNEL_ACCOUNT);
	numbers = kvmalloc_array(g->nr + 1, sizeof(*numbers), GFP_KERNEL_ACCOUNT);
	view->files = kvmalloc_array(g->nr + 1, sizeof(*view->files), GFP_KERNEL_ACCOUNT);
	view->buckets = kvmalloc_array(1UL << view->bits, sizeof(*view->buckets), GFP_KERNEL_ACCOUNT);
	view->fds = kvmalloc_array(nr_fds + 1, sizeof(*view->fds), GFP_KERNEL_ACCOUNT);
	view->mappings = kvmalloc_array(nr_mappings + 1, sizeof(*view->mappings), GFP_KERNEL_ACCOUNT);
	if (!of || !numbers || !view->files || !view->buckets || !view->fds || !view->mappings)
		goto out;

	memset(view->buckets, 0xff, sizeof(*view->buckets) << view->bits);
	for (i = 0; i < g->nr; i++)
		of[i] = file_enter(view, &g->uses[i]);
	view_number(view, numbers, controlling);
	uses_tell(view, g, of, numbers);
	r = 0;
out:
	kvfree(of);
	kvfree(numbers);
	return r;
}

struct ptree_view *ptree_view_new(struct task_struct **tasks, struct task_struct **twins, unsigned int nr)
{
	struct ptree_gathering g = { };
	struct ptree_view *view;
	int r;

	view = kzalloc(sizeof(*view), GFP_KERNEL_ACCOUNT);
	if (!view)
		return ERR_PTR(-ENOMEM);
	kref_init(&view->kref);
	r = ptree_gather(&g, tasks, nr, false);
	if (r == 0 && twins)
		r = ptree_gather(&g, twins, nr, true);
	if (r == 0)
		r = view_fill(view, &g, ptree_tty_controlling(tasks[nr - 1]));
	if (r < 0)
		while (g.nr > 0)
			fput(g.uses[--g.nr].file);
	else
		r = texts_fill(view);
	if (r == 0 && twins)
		r = inputs_fill(view);
	kvfree(g.uses);
	if (r < 0) {
		ptree_view_put(view);
		return ERR_PTR(r);
	}
	return view;
}

void ptree_view_get(struct ptree_view *view)
{
	kref_get(&view->kref);
}

static void view_free(struct kref *kref)
{
	struct ptree_view *view = container_of(kref, struct ptree_view, kref);
	unsigned int i;

	for (i = 0; i < view->nr_files; i++) {
		if (view->files[i].file)
			fput(view->files[i].file);
		kvfree(view->files[i].text);
		kvfree(view->files[i].input);
		kvfree(view->files[i].uring);
	}
	kvfree(view->files);
	kvfree(view->buckets);
	kvfree(view->fds);
	kvfree(view->mappings);
	kfree(view);
}

void ptree_view_put(struct ptree_view *view)
{
	if (view)
		kref_put(&view->kref, view_free);
}
