/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rings of Linux AIO contexts; functions of a row of kinds.c. */
#ifndef PTREE_SETTLE_AIO_H
#define PTREE_SETTLE_AIO_H

#include "../settle.h"

bool ptree_aio_is(const struct ptree_file *f);
int ptree_aio_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_aio_capture(struct ptree_op *op, struct ptree_file *f);
int ptree_aio_finish(struct ptree_op *op, struct ptree_file *f);
void ptree_aio_release(struct ptree_file *f);

/* ptree_aio_events() - what to ask io_setup() for to get a ring of @length bytes, on a machine where there is one; 0: nothing does */
unsigned ptree_aio_events(uint64_t length, uint64_t page_size);

#endif
