// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Contexts of Linux AIO (man 2 io_setup). The module has seen that nothing is under way in them, and nothing unread: then a new
 * one is as good. What a program calls its context is the address of the ring; the kernel lets it be moved with mremap().
 *
 * A child of fork() may have its parent's ring mapped, but no context: that is left as it is.
 */
#include "aio.h"

#include <linux/aio_abi.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../call.h"

#define AIO_RING_MAGIC 0xa10a10a1	/* fs/aio.c */
#define AIO_RING_HEADER 32		/* struct aio_ring, before the events */

bool ptree_aio_is(const struct ptree_file *f)
{
	return f->info.fs_magic == AIO_RING_MAGIC;
}

int ptree_aio_judge(struct ptree_op *op, struct ptree_file *f)
{
	(void)op;
	return f->nr_fds ? ptree_file_refuse(f, "the ring of a Linux AIO context, opened, which cannot be cloned") : 0;
}

/*
 * The kernel doubles what it is asked for, adds two, and rounds up to whole pages (ioctx_alloc() and aio_setup_ring() in
 * fs/aio.c, read in v6.1, v6.12, v7.2). There is a least size, which the source's has as well.
 */
unsigned ptree_aio_events(uint64_t length, uint64_t page_size)
{
	uint64_t events = length > AIO_RING_HEADER ? (length - AIO_RING_HEADER) / sizeof(struct io_event) : 0;

	if (length % page_size || events < 4 || events > UINT32_MAX)
		return 0;
	return (unsigned)(events - 2) / 2;
}

/* Whether the member has a context by that name: to ask for no events changes nothing. */
static int context_ask(struct ptree_op *op, const struct ptree_mapping *m)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	int r;

	ptree_calls_add(&calls, SYS_io_getevents, CALL_NUMBER(m->info.start));
	r = ptree_calls_run(&calls, op, m->member, PTREE_CALL_SOURCE, "capture");
	/* Every call is made as if a signal were there. */
	if (r == 0 || r == -EINTR)
		return 1;
	return r == -EINVAL && calls.nr_results ? 0 : r;
}

int ptree_aio_capture(struct ptree_op *op, struct ptree_file *f)
{
	bool *has = calloc(f->nr_mappings + 1, sizeof(*has));

	if (!has)
		return ptree_error_oom(&op->error, "capture");
	f->state = has;
	for (size_t i = 0; i < f->nr_mappings; i++) {
		int r = context_ask(op, &f->mappings[i]);

		if (r < 0)
			return ptree_file_error(op, f, r, "asking for its context");
		has[i] = r;
	}
	return 0;
}

/*
 * Its place is taken first, for where the kernel does not give rings to children it is free, and the next mapping that is made
 * anywhere might get it.
 */
static int context_make(struct ptree_op *op, const struct ptree_mapping *m)
{
	_cleanup_(ptree_calls_done) struct ptree_calls take = PTREE_CALLS_INIT, make = PTREE_CALLS_INIT, move = PTREE_CALLS_INIT;
	unsigned events = ptree_aio_events(m->info.length, (uint64_t)sysconf(_SC_PAGESIZE));
	size_t context;
	uint64_t made;
	int r;

	if (!events)
		return -EOPNOTSUPP;
	ptree_calls_add(&take, SYS_mmap, CALL_NUMBER(m->info.start), CALL_NUMBER(m->info.length), CALL_NUMBER(PROT_NONE),
			CALL_NUMBER(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE), CALL_NUMBER(-1));
	r = ptree_calls_run(&take, op, m->member, PTREE_CALL_PRIVILEGED, "settle");
	if (r < 0)
		return r;
	context = ptree_calls_data(&make, NULL, sizeof(made));
	ptree_calls_add(&make, SYS_io_setup, CALL_NUMBER(events), CALL_DATA(context));
	r = ptree_calls_run(&make, op, m->member, PTREE_CALL_PRIVILEGED, "settle");
	if (r < 0)
		return r;
	memcpy(&made, make.data + context, sizeof(made));
	ptree_calls_add(&move, SYS_mremap, CALL_NUMBER(made), CALL_NUMBER(m->info.length), CALL_NUMBER(m->info.length),
			CALL_NUMBER(MREMAP_MAYMOVE | MREMAP_FIXED), CALL_NUMBER(m->info.start));
	return ptree_calls_run(&move, op, m->member, PTREE_CALL_PRIVILEGED, "settle");
}

int ptree_aio_finish(struct ptree_op *op, struct ptree_file *f)
{
	const bool *has = f->state;

	for (size_t i = 0; i < f->nr_mappings; i++) {
		int r = has[i] ? context_make(op, &f->mappings[i]) : 0;

		if (r < 0)
			return ptree_file_error(op, f, r, "making a new context");
	}
	return 0;
}

void ptree_aio_release(struct ptree_file *f)
{
	free(f->state);
	f->state = NULL;
}
