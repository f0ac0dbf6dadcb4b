/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The generation: how a program knows that it is a copy of what it was. The numbers lie in a page that the kernel wipes in
 * every copy of the memory (MADV_WIPEONFORK), be it made by fork() or by ptree.
 */
#ifndef PTREE_GENERATION_H
#define PTREE_GENERATION_H

#include <stdatomic.h>
#include <stdint.h>

struct ptree_sentinel {
	_Atomic(uint64_t) drawn;	/* the generation; only the kernel writes it, in one system call */
	_Atomic(uint64_t) confirmed;	/* the same, once the hooks have run */
};

/* The page, once there is one; NULL before. For the tests, which wipe it as a clone would find it. */
struct ptree_sentinel *ptree_sentinel(void);

#endif
