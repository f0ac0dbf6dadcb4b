/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every open file has, whatever its kind: the flags of F_SETFL, and who gets which signal when it is ready. */
#ifndef PTREE_SETTLE_STATUS_H
#define PTREE_SETTLE_STATUS_H

#include "../files.h"

/*
 * ptree_status_set() - in settle(): give @fd, the clone's own file for @f, the same flags, owner and signal as @f has, all but
 * O_ASYNC
 * The owner becomes its twin; an owner who is not of the tree gets no signals from the clone. The kernel keeps the
 * credentials of whoever appoints an owner, here the engine's: the requester may trace every member of the tree, so no
 * signal reaches somebody whom the requester could not have sent one.
 * A negative errno with its sentence.
 */
int ptree_status_set(struct ptree_op *op, struct ptree_file *f, int fd);

/*
 * ptree_status_finish() - as, or in, finish(): O_ASYNC, if @f has it
 * Not before: all that happens to the file would be a signal for the clone. And by the twin itself: the signal names the
 * descriptor with which it was asked for (si_fd); of several that is not known, and the lowest is taken.
 */
int ptree_status_finish(struct ptree_op *op, struct ptree_file *f);

/* Who of the clone is the process, thread or group @owner (F_OWNER_*) of the source; 0: nobody. */
pid_t ptree_status_owner(const struct ptree_op *op, int type, pid_t owner);

#endif
