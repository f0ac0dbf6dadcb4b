/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Work that needs a process of its own: one whose descriptors, working directory or limits may be changed without the
 * engine, which may be a thread of somebody's program, being changed.
 */
#ifndef PTREE_SETTLE_ASIDE_H
#define PTREE_SETTLE_ASIDE_H

/*
 * ptree_aside() - run @body in a short-lived child, and wait for it
 * What it writes to memory stays there, except for memory mapped shared. It must not allocate any: another thread may
 * have held the allocator's lock. Nobody is told of the child's end but the caller. It dies with the caller.
 * @nofile: raises its RLIMIT_NOFILE to this, if it is lower
 * Returns what @body returned, 0 or a negative errno.
 */
int ptree_aside(int (*body)(void *argument), void *argument, unsigned long nofile);

/*
 * ptree_aside_keep() - in the child: close everything but @fd, which gets a number of at least @number
 * The engine's socket above all: it is the op's life, and must end with the engine. Returns the number; -errno.
 */
int ptree_aside_keep(int fd, int number);

#endif
