/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What witnesses that clone themselves have in common. $PTREE_BACKEND says which way. */
#ifndef FORKING_H
#define FORKING_H

#include <ptree.h>

#include "../witness.h"

struct ptree *forking_context(void);

/* A fork that must not fail. */
int64_t forking_fork(struct ptree *p, const struct ptree_clone_options *options);

/* How many descriptors the process has open. */
unsigned forking_nr_fds(void);

/* One number in a file of the witness's directory, written in one piece; and back, as soon as it is there. */
void forking_write(const char *name, unsigned index, uint64_t number);
uint64_t forking_read(const char *name, unsigned index);

/* Counts the calls of all clones: the how manieth is this, and how many were there so far? */
unsigned forking_count(const char *name);
unsigned forking_nr_counted(const char *name);

/* As witness_start(). */
void forking_start(int argc, char **argv);

#endif
