// SPDX-License-Identifier: LGPL-2.1-or-later
/* Mappings of shared memory: in every twin, the clone's object in place of the source's, at the same addresses. */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "memory.h"

static const struct {
	unsigned is;
	int advice;
} advices[] = {
	{ PTREE_MAPPING_DONTDUMP, MADV_DONTDUMP },
	{ PTREE_MAPPING_SEQUENTIAL, MADV_SEQUENTIAL },
	{ PTREE_MAPPING_RANDOM, MADV_RANDOM },
	{ PTREE_MAPPING_HUGEPAGE, MADV_HUGEPAGE },
	{ PTREE_MAPPING_NOHUGEPAGE, MADV_NOHUGEPAGE },
};

_Static_assert(ARRAY_SIZE(advices) + 1 < PTREE_MAPPING_RESTORE_CALLS, "as many calls as are promised");

void ptree_mapping_restore(struct ptree_calls *c, const struct ptree_mapping_info *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
		if (m->is & advices[i].is)
			ptree_calls_add(c, SYS_madvise, CALL_NUMBER(m->start), CALL_NUMBER(m->length),
					CALL_NUMBER(advices[i].advice));
	if (m->is & (PTREE_MAPPING_LOCKED | PTREE_MAPPING_LOCKED_ON_FAULT))
		ptree_calls_add(c, SYS_mlock2, CALL_NUMBER(m->start), CALL_NUMBER(m->length),
				CALL_NUMBER(m->is & PTREE_MAPPING_LOCKED_ON_FAULT ? MLOCK_ONFAULT : 0));
}

/*
 * Whether a mapping may be made writable: VmFlags of /proc/PID/smaps, of the twin, whose mappings are those of the time
 * of the pause. 1, 0; -errno.
 */
static int may_become_writable(const struct ptree_mapping *m)
{
	_cleanup_fclose_ FILE *smaps = NULL;
	char path[64], line[512];
	uint64_t start, end;
	bool here = false;

	snprintf(path, sizeof(path), "/proc/%d/smaps", m->member->twin);
	smaps = fopen(path, "re");
	if (!smaps)
		return -errno;
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2)
			here = start == m->info.start;
		else if (here && !strncmp(line, "VmFlags:", strlen("VmFlags:")))
			return strstr(line, " mw") != NULL;
	}
	return -ESRCH;
}

/*
 * F_SEAL_FUTURE_WRITE leaves the mappings alone that there are, which may be writable, or become so; what is mapped after
 * it never is. So there are two rounds, before sealing and after. F_SEAL_WRITE was only ever given when no mapping could
 * be written to.
 */
enum round { BEFORE_SEALING, AFTER_SEALING };

static int belongs_to_round(const struct ptree_mapping *m, int seals, enum round round)
{
	int r;

	if (!(seals & F_SEAL_FUTURE_WRITE) || !ptree_file_writes(m->file))
		return round == AFTER_SEALING;
	if (m->info.is & PTREE_MAPPING_WRITE)
		return round == BEFORE_SEALING;
	r = may_become_writable(m);
	return r < 0 ? r : (r == 1) == (round == BEFORE_SEALING);
}

/* One member's mappings of one description: [nr] from @m on. */
static int map_in_member(struct ptree_op *op, struct ptree_mapping *m, size_t nr, int seals, enum round round)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	int r;

	for (size_t i = 0; i < nr; i++) {
		const struct ptree_mapping_info *info = &m[i].info;

		r = belongs_to_round(&m[i], seals, round);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (calls.nr + 1 + PTREE_MAPPING_RESTORE_CALLS > PTREE_MAX_CALLS) {
			r = ptree_calls_run(&calls, op, m->member, PTREE_CALL_PRIVILEGED, "settle");
			if (r < 0)
				return r;
			ptree_calls_done(&calls);
		}
		ptree_calls_add(&calls, SYS_mmap, CALL_NUMBER(info->start), CALL_NUMBER(info->length),
				CALL_NUMBER(ptree_mapping_protection(info)), CALL_NUMBER(MAP_SHARED | MAP_FIXED),
				CALL_FILE(m->file->twin_fd), CALL_NUMBER(info->offset));
		ptree_mapping_restore(&calls, info);
	}
	return calls.nr ? ptree_calls_run(&calls, op, m->member, PTREE_CALL_PRIVILEGED, "settle") : 0;
}

/* Those of one description. */
static int map_file(struct ptree_op *op, struct ptree_file *f, int seals, enum round round)
{
	size_t nr;

	for (size_t i = 0; i < f->nr_mappings; i += nr) {
		int r;

		for (nr = 1; i + nr < f->nr_mappings; nr++)
			if (f->mappings[i + nr].member != f->mappings[i].member)
				break;
		r = map_in_member(op, &f->mappings[i], nr, seals, round);
		if (r < 0)
			return ptree_file_error(op, f, r, "mapping its copy");
	}
	return 0;
}

static int map_all(struct ptree_op *op, struct ptree_file *f, int seals, enum round round)
{
	int r = 0;

	for (; f && r == 0; f = f->next)
		r = map_file(op, f, seals, round);
	return r;
}

int ptree_mappings_exchange(struct ptree_op *op, struct ptree_file *f)
{
	return map_file(op, f, 0, AFTER_SEALING);
}

int ptree_memory_map(struct ptree_op *op, struct ptree_file *f)
{
	const struct ptree_memory *memory = ptree_memory_object(f);
	int r;

	r = map_all(op, f, memory->seals, BEFORE_SEALING);
	if (r < 0)
		return r;
	if (memory->seals && fcntl(memory->fd, F_ADD_SEALS, memory->seals) < 0)
		return ptree_file_error(op, f, -errno, "sealing its copy");
	return map_all(op, f, memory->seals, AFTER_SEALING);
}
