/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared memory: memfds, MAP_SHARED|MAP_ANONYMOUS, POSIX and System V segments. What all of them have in common is an
 * *object*: one inode of tmpfs or hugetlbfs, with any number of descriptions and mappings. It is copied once, for the
 * first of its descriptions, and hangs there; the others look it up with ptree_memory_object(). The functions of a row of
 * kinds.c come first; the rest is between the files memory*.c and sysv.c.
 */
#ifndef PTREE_SETTLE_MEMORY_H
#define PTREE_SETTLE_MEMORY_H

#include <sys/stat.h>

#include "../call.h"
#include "../settle.h"

bool ptree_memory_is(const struct ptree_file *f);
int ptree_memory_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_memory_capture(struct ptree_op *op, struct ptree_file *f);
int ptree_memory_settle(struct ptree_op *op, struct ptree_file *f);
int ptree_memory_finish(struct ptree_op *op, struct ptree_file *f);
void ptree_memory_release(struct ptree_file *f);

struct ptree_memory {
	int fd;				/* the clone's, open for reading and writing */
	struct stat st;			/* the source's, at the time of the pause */
	bool given;			/* a description has @fd itself */
	int seals;			/* of a memfd, as F_GET_SEALS has them; else 0 */
};

/* The object that a description is of; NULL before capture, and where it is shared. */
static inline struct ptree_memory *ptree_memory_object(const struct ptree_file *f)
{
	return f->first->state;
}

bool ptree_memory_is_huge(const struct ptree_file *f);		/* of huge pages */
bool ptree_memory_is_sysv(const struct ptree_file *f);

/*
 * ptree_memory_copy() - everything that is in one object to another of at least the same size. Holes stay holes.
 * @from: open for reading. Its position is moved, and back to @pos
 * @st: what fstat() says of @from
 * @huge: both are of huge pages
 */
int ptree_memory_copy(int from, int64_t pos, const struct stat *st, bool huge, int to);

/*
 * ptree_memory_map() - the object's mappings in the clone, in place of the source's
 * With the same protection and as far upgradeable; locks and advice too. Seals the object on the way: before, nothing
 * could be mapped that was mapped before it was sealed; after, nothing that must not become writable.
 */
int ptree_memory_map(struct ptree_op *op, struct ptree_file *f);

/* ptree_mappings_exchange() - the mappings of one description of a file of any sort, of f->twin_fd instead */
int ptree_mappings_exchange(struct ptree_op *op, struct ptree_file *f);

/* The same for a System V segment: made, filled, attached and marked to end with the clone. */
int ptree_sysv_map(struct ptree_op *op, struct ptree_file *f);

/* At most this many calls for ptree_mapping_restore(). */
#define PTREE_MAPPING_RESTORE_CALLS 7

/* What mmap() and shmat() do not say of a mapping: mlock() and madvise(). */
void ptree_mapping_restore(struct ptree_calls *c, const struct ptree_mapping_info *m);

static inline int ptree_mapping_protection(const struct ptree_mapping_info *m)
{
	/* As PROT_READ, PROT_WRITE and PROT_EXEC are numbered. */
	return m->is & (PTREE_MAPPING_READ | PTREE_MAPPING_WRITE | PTREE_MAPPING_EXEC);
}

#endif
