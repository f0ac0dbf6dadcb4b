/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process may do, as ptrace(2) would judge it: uids, gids, permitted capabilities. Taken of a caller when the
 * call arrives and held against the clone afterwards; see rights_check_clone() for why.
 */
#ifndef PTREED_RIGHTS_H
#define PTREED_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../libptree/internal.h"

struct rights {
	uid_t uid;
	gid_t gid;
	uint64_t capabilities;	/* CapPrm */
	bool mixed;		/* real, effective and saved ids are not the same: in between, as a setuid program is */
};

/* rights_read() - of a process; or of one of its threads, if @tid is not 0. -ESRCH. */
int rights_read(pid_t pid, pid_t tid, struct rights *ret);

/*
 * rights_check_clone() - does every thread of a frozen clone have at most the rights @caller had? -EPERM.
 *
 * The kernel module checks the rights of the *process* that called, at the time of the check. A process that executes a
 * setuid program between its call and the check has root's rights for a moment, and would get clones of processes that
 * it may not touch. The twins have the credentials of their sources and cannot change them while they are frozen, so
 * looking at them, with the rights that the caller had, closes the gap.
 */
int rights_check_clone(const struct rights *caller, const struct ptree_clone *c, struct ptree_error *e);

/* rights_check_process() - the same of the threads of one process, @pid; @named is how the sentence calls it. */
int rights_check_process(const struct rights *caller, pid_t pid, pid_t named, struct ptree_error *e);

#endif
