// SPDX-License-Identifier: LGPL-2.1-or-later
/* discard: back to before, from anywhere. Each part accepts that what it undoes was never done, or undone already. */
#include "op.h"
#include "place.h"

void ptree_discard(struct ptree_op *op)
{
	struct ptree_error first = op->error;
	char id[24];

	/* The source before all; the first error is the one that is told. */
	ptree_thaw(op);
	if (op->asked_kernel)
		ptree_kernel_discard(op->kernel, (uint32_t)op->id, NULL);
	op->asked_kernel = false;
	op->kernel = ptree_kernel_close(op->kernel);

	ptree_namespaces_done(&op->namespaces);
	ptree_copies_discard(op);
	ptree_place_remove(op);
	if (op->id && op->registry.clones_fd >= 0) {
		snprintf(id, sizeof(id), "%llu", (unsigned long long)op->id);
		ptree_registry_remove(&op->registry, id, true);
	}
	ptree_journal_remove(&op->journal);
	op->error = first;
}
