/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A partner is a child made by clone() that has something in common with its parent without being a thread of it. It does
 * nothing on its own: it makes the system calls, and reads and writes the memory, that it is told to. It may have the
 * parent's thread-local storage, so it calls no function of the C library but syscall().
 */
#ifndef PARTNER_H
#define PARTNER_H

#include "witness.h"

struct partner;

/* Made with CLONE_* @flags, in addition to SIGCHLD. */
struct partner *partner_new(int flags);
pid_t partner_pid(const struct partner *p);

/* What a system call returns there: a value or a negative errno. */
long partner_call_args(struct partner *p, long nr, const long args[6]);
#define partner_call(p, nr, ...) partner_call_args(p, nr, (const long[6]){ __VA_ARGS__ })

/* A word of its memory. */
long partner_read(struct partner *p, const long *address);
void partner_write(struct partner *p, long *address, long value);

/* It ends with that status, and is waited for. */
void partner_end(struct partner *p, int status);

/*
 * Judges whether each kind of thing is in common with the partner if, and only if, @flags have it; and that what is in
 * common on one side, source or clone, is not with the other. @name: of a point where both meet.
 */
void partner_check(struct partner *p, int flags, const char *name);

/* A whole witness about one partner. Returns the verdict. */
int partner_witness(int argc, char **argv, int flags);

#endif
