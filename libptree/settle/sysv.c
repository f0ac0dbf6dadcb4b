// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * System V shared memory. A segment lives in an ipc namespace and is found by its id there, so the clone's is made by a
 * process of the clone: a new one of the same size, owner and mode, which nobody can find by key. It is marked to end with
 * its last attachment as soon as it has one, so that nothing is left of a clone that ends, or never begins.
 *
 * In an IPC namespace of the clone's own (namespaces/ipc.c) it is there already, under its id, and stays.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "memory.h"

struct segment {
	struct ptree_member *maker;	/* in whose twin it was made and is attached at @at */
	int id;
	uint64_t at;
	uint64_t size;			/* bytes, whole pages */
	struct shmid_ds info;		/* the source's */
};

static uint64_t whole_pages(uint64_t size)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

static int segment_look(struct ptree_op *op, struct ptree_file *f, struct segment *s)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	size_t info = ptree_calls_data(&calls, NULL, sizeof(s->info));
	int r;

	ptree_calls_add(&calls, SYS_shmctl, CALL_NUMBER(f->info.ino), CALL_NUMBER(IPC_STAT), CALL_DATA(info));
	r = ptree_calls_run(&calls, op, s->maker, PTREE_CALL_PRIVILEGED, "settle");
	if (r < 0)
		return ptree_file_error(op, f, r, "asking for its owner");
	memcpy(&s->info, calls.data + info, sizeof(s->info));
	s->size = whole_pages(s->info.shm_segsz);
	return 0;
}

/* The clone's own namespace has it, empty as yet. */
static int segment_take(struct ptree_op *op, struct ptree_file *f, struct segment *s)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	int r;

	s->id = (int)f->info.ino;
	ptree_calls_add(&calls, SYS_shmat, CALL_NUMBER(s->id));
	if (ptree_ipc_is_removed(&op->namespaces.ipc, s->id))
		ptree_calls_add(&calls, SYS_shmctl, CALL_NUMBER(s->id), CALL_NUMBER(IPC_RMID));
	r = ptree_calls_run(&calls, op, s->maker, PTREE_CALL_PRIVILEGED, "settle");
	if (r < 0)
		return ptree_file_error(op, f, r, "attaching its copy");
	s->at = (uint64_t)calls.results[0];
	return 0;
}

/*
 * By the process itself, so that it is the creator. An engine that is killed between the two
 * requests leaves an empty segment behind: nothing can be marked for removal before its number is known.
 */
static int segment_make(struct ptree_op *op, struct ptree_file *f, struct segment *s)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	size_t info, attached;
	int r;

	ptree_calls_add(&calls, SYS_shmget, CALL_NUMBER(IPC_PRIVATE), CALL_NUMBER(s->info.shm_segsz),
			CALL_NUMBER(IPC_CREAT | (s->info.shm_perm.mode & 0777)));
	r = ptree_calls_run(&calls, op, s->maker, 0, "settle");
	if (r < 0)
		return ptree_file_error(op, f, r, "making a segment");
	s->id = (int)calls.results[0];
	ptree_calls_done(&calls);

	info = ptree_calls_data(&calls, &s->info, sizeof(s->info));
	attached = ptree_calls_add(&calls, SYS_shmat, CALL_NUMBER(s->id));
	ptree_calls_add(&calls, SYS_shmctl, CALL_NUMBER(s->id), CALL_NUMBER(IPC_SET), CALL_DATA(info));
	if (s->info.shm_perm.mode & SHM_LOCKED)
		ptree_calls_add(&calls, SYS_shmctl, CALL_NUMBER(s->id), CALL_NUMBER(SHM_LOCK));
	ptree_calls_add(&calls, SYS_shmctl, CALL_NUMBER(s->id), CALL_NUMBER(IPC_RMID));
	/* All of them: also what cannot be filled is to be removed. */
	r = ptree_calls_run(&calls, op, s->maker, PTREE_CALL_PRIVILEGED | PTREE_CALL_ALL, "settle");
	for (size_t i = 0; i < calls.nr_results && r == 0; i++)
		if (calls.results[i] < 0 && calls.results[i] > -4096)
			r = (int)calls.results[i];
	if (r < 0)
		return ptree_file_error(op, f, r, "preparing a segment");
	s->at = (uint64_t)calls.results[attached];
	return 0;
}

static int segment_fill(struct ptree_op *op, struct ptree_file *f, const struct segment *s)
{
	const struct ptree_memory *memory = ptree_memory_object(f);
	_cleanup_close_ int to = -1;
	char path[96];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, s->maker->twin, s->at, s->at + s->size);
	to = open(path, O_RDWR | O_CLOEXEC);
	if (to < 0)
		return ptree_file_error(op, f, -errno, "opening a segment");
	r = ptree_memory_copy(memory->fd, 0, &memory->st, false, to);
	return r < 0 ? ptree_file_error(op, f, r, "filling a segment") : 0;
}

static int attach_flags(const struct ptree_file *f)
{
	return ptree_file_writes(f) ? 0 : SHM_RDONLY;
}

/* Attached and never touched since: one mapping of all of it. */
static void attach_whole(struct ptree_calls *c, const struct segment *s, const struct ptree_mapping *m)
{
	const struct ptree_mapping_info *info = &m->info;

	ptree_calls_add(c, SYS_shmat, CALL_NUMBER(s->id), CALL_NUMBER(info->start),
			CALL_NUMBER(SHM_REMAP | attach_flags(m->file) | (info->is & PTREE_MAPPING_EXEC ? SHM_EXEC : 0)));
	ptree_calls_add(c, SYS_mprotect, CALL_NUMBER(info->start), CALL_NUMBER(info->length),
			CALL_NUMBER(ptree_mapping_protection(info)));
	ptree_mapping_restore(c, info);
}

/*
 * mprotect(), munmap() and mremap() leave pieces, with other things between them. They are cut out of an attachment
 * elsewhere, and moved to their places.
 */
static int attach_pieces(struct ptree_op *op, const struct segment *s, const struct ptree_mapping *m, size_t nr)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	uint64_t at;
	int r;

	ptree_calls_add(&calls, SYS_shmat, CALL_NUMBER(s->id), CALL_NUMBER(0), CALL_NUMBER(attach_flags(m->file)));
	r = ptree_calls_run(&calls, op, m->member, PTREE_CALL_PRIVILEGED, "settle");
	if (r < 0)
		return r;
	at = (uint64_t)calls.results[0];
	for (size_t i = 0; i < nr; i++) {
		const struct ptree_mapping_info *info = &m[i].info;

		ptree_calls_done(&calls);
		ptree_calls_add(&calls, SYS_mremap, CALL_NUMBER(at + info->offset), CALL_NUMBER(info->length),
				CALL_NUMBER(info->length), CALL_NUMBER(MREMAP_MAYMOVE | MREMAP_FIXED),
				CALL_NUMBER(info->start));
		ptree_calls_add(&calls, SYS_mprotect, CALL_NUMBER(info->start), CALL_NUMBER(info->length),
				CALL_NUMBER(ptree_mapping_protection(info)));
		ptree_mapping_restore(&calls, info);
		r = ptree_calls_run(&calls, op, m->member, PTREE_CALL_PRIVILEGED, "settle");
		if (r < 0)
			return r;
	}
	ptree_calls_done(&calls);
	ptree_calls_add(&calls, SYS_munmap, CALL_NUMBER(at), CALL_NUMBER(s->size));
	return ptree_calls_run(&calls, op, m->member, PTREE_CALL_PRIVILEGED, "settle");
}

/* One member's mappings of one attachment: [nr] from @m on. */
static int attach_in_member(struct ptree_op *op, const struct segment *s, const struct ptree_mapping *m, size_t nr)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;

	if (nr > 1 || m->info.offset != 0 || m->info.length != s->size)
		return attach_pieces(op, s, m, nr);
	attach_whole(&calls, s, m);
	return ptree_calls_run(&calls, op, m->member, PTREE_CALL_PRIVILEGED, "settle");
}

static int attach_all(struct ptree_op *op, struct ptree_file *f, const struct segment *s)
{
	for (; f; f = f->next) {
		size_t nr;

		for (size_t i = 0; i < f->nr_mappings; i += nr) {
			int r;

			for (nr = 1; i + nr < f->nr_mappings; nr++)
				if (f->mappings[i + nr].member != f->mappings[i].member)
					break;
			r = attach_in_member(op, s, &f->mappings[i], nr);
			if (r < 0)
				return ptree_file_error(op, f, r, "attaching its copy");
		}
	}
	return 0;
}

int ptree_sysv_map(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	struct segment s = { .maker = f->mappings[0].member };
	int r;

	r = segment_look(op, f, &s);
	if (r < 0)
		return r;
	r = ptree_namespaces_has(op, s.maker, PTREE_NAMESPACE_IPC) ? segment_take(op, f, &s) : segment_make(op, f, &s);
	if (r < 0)
		return r;
	r = segment_fill(op, f, &s);
	if (r < 0)
		return r;
	r = attach_all(op, f, &s);
	if (r < 0)
		return r;
	ptree_calls_add(&calls, SYS_shmdt, CALL_NUMBER(s.at));
	r = ptree_calls_run(&calls, op, s.maker, 0, "settle");
	return r < 0 ? ptree_file_error(op, f, r, "detaching its copy") : 0;
}
