/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The place of a clone: the cgroup that it is born in. */
#ifndef PTREE_PLACE_H
#define PTREE_PLACE_H

#include "op.h"

/*
 * ptree_place_make() - the clone's cgroup, with ptree-init in it: op->cgroup_{path,fd,made,scope} and op->keeper
 *
 * The cgroup that op->cgroup_option names (or, if that is in use, a child of it, for strangers are not frozen), else a
 * scope under systemd, else a cgroup below /ptree.slice. Not frozen yet.
 */
int ptree_place_make(struct ptree_op *op);

/* Takes it back: kills what is in a cgroup that was made, and removes it. As often as one likes. */
void ptree_place_remove(struct ptree_op *op);

#endif
