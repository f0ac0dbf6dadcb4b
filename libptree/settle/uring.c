// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rings of io_uring. The new one is made by a process of the clone, whose rights and memory it belongs to; the module fills
 * its queues when it is installed (kmod/uring.c); then it is mapped where the source's was.
 */
#include "uring.h"

#include <linux/io_uring.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../call.h"
#include "fdinfo.h"
#include "memory.h"
#include "status.h"

int ptree_uring_parse(const char *text, struct ptree_uring *ret)
{
	uint64_t flags, submissions, completions;
	const char *at = text;
	int r;

	if (!text)
		return -ENOENT;
	*ret = (struct ptree_uring){ .refused = ptree_fdinfo_next(&at, "ptree-refused:") };
	if (ret->refused) {
		ret->refused += strspn(ret->refused, " \t");
		ret->refused_length = (int)strcspn(ret->refused, "\n");
	}
	r = ptree_fdinfo_number(text, "ptree-flags:", 16, &flags);
	if (r == 0)
		r = ptree_fdinfo_number(text, "ptree-submissions:", 10, &submissions);
	if (r == 0)
		r = ptree_fdinfo_number(text, "ptree-completions:", 10, &completions);
	if (r < 0)
		return r;
	if (flags > UINT32_MAX || submissions > UINT32_MAX || completions > UINT32_MAX)
		return -ERANGE;
	ret->flags = (uint32_t)flags;
	ret->submissions = (uint32_t)submissions;
	ret->completions = (uint32_t)completions;
	return 0;
}

bool ptree_uring_is(const struct ptree_file *f)
{
	return f->info.fs_magic == ANON_INODE_FS_MAGIC && strcmp(f->info.name, "[io_uring]") == 0;
}

int ptree_uring_judge(struct ptree_op *op, struct ptree_file *f)
{
	struct ptree_uring ring;
	int r;

	r = ptree_uring_parse(f->fdinfo, &ring);
	if (r < 0)
		return ptree_file_error(op, f, r, "what the module says of it is not understood");
	if (ring.refused)
		return ptree_file_refuse(f, "a ring of io_uring that cannot be cloned: %.*s", ring.refused_length, ring.refused);
	if (!f->nr_fds)
		return ptree_file_refuse(f, "a ring of io_uring that is mapped but not open any more, which cannot be cloned");
	return 0;
}

int ptree_uring_settle(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	const struct ptree_member *member = f->fds[0].member;
	struct io_uring_params params = { 0 };
	struct ptree_uring ring;
	size_t data;
	int r;

	r = ptree_uring_parse(f->fdinfo, &ring);
	if (r < 0)
		return ptree_file_error(op, f, r, "what the module says of it is not understood");
	params.flags = ring.flags | IORING_SETUP_CQSIZE;
	params.cq_entries = ring.completions;
	data = ptree_calls_data(&calls, &params, sizeof(params));
	ptree_calls_add(&calls, SYS_io_uring_setup, CALL_NUMBER(ring.submissions), CALL_DATA(data));
	r = ptree_calls_run(&calls, op, member, 0, "settle");
	if (r < 0)
		return ptree_file_error(op, f, r, "making a new ring");
	f->twin_fd = ptree_call_take(op, member, (int)calls.results[0], "settle");
	if (f->twin_fd < 0)
		return ptree_file_error(op, f, f->twin_fd, "taking the new ring");
	return ptree_status_set(op, f, f->twin_fd);
}

static int map(struct ptree_op *op, const struct ptree_mapping *m)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	const struct ptree_mapping_info *info = &m->info;

	ptree_calls_add(&calls, SYS_mmap, CALL_NUMBER(info->start), CALL_NUMBER(info->length),
			CALL_NUMBER(ptree_mapping_protection(info)), CALL_NUMBER(MAP_SHARED | MAP_FIXED),
			CALL_FILE(m->file->twin_fd), CALL_NUMBER(info->offset));
	ptree_mapping_restore(&calls, info);
	if (info->is & PTREE_MAPPING_DONTFORK)
		ptree_calls_add(&calls, SYS_madvise, CALL_NUMBER(info->start), CALL_NUMBER(info->length),
				CALL_NUMBER(MADV_DONTFORK));
	return ptree_calls_run(&calls, op, m->member, PTREE_CALL_PRIVILEGED, "settle");
}

int ptree_uring_finish(struct ptree_op *op, struct ptree_file *f)
{
	for (size_t i = 0; i < f->nr_mappings; i++) {
		int r = map(op, &f->mappings[i]);

		if (r < 0)
			return ptree_file_error(op, f, r, "mapping the new ring");
	}
	return ptree_status_finish(op, f);
}
