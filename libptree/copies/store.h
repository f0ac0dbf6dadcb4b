/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The store: STATE/copies/ID (STATE is /var/lib/ptree) holds what a clone has copies of, for as long as it lives. It is
 * on disk, and so outlives a crash of the host, which the registry in /run does not: what nobody answers for goes.
 */
#ifndef PTREE_STORE_H
#define PTREE_STORE_H

#include "../registry.h"

/* ptree_store_make() - an empty one for op @id, below directories that are made as needed. Its path, malloc'ed; -errno. */
int ptree_store_make(uint64_t id, char **ret_path);

/* ptree_store_remove() - with all that is in it. Missing ones are fine. */
void ptree_store_remove(uint64_t id);

/* ptree_store_collect() - removes those of which there is neither a clone nor an op. The caller holds the registry's lock. */
void ptree_store_collect(const struct ptree_registry *r);

#endif
