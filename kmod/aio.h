/* SPDX-License-Identifier: GPL-2.0-only */
/* Contexts of Linux AIO (io_setup): whether anything is under way in them. New ones are the library's task. */
#ifndef PTREE_AIO_H
#define PTREE_AIO_H

#include <linux/fs.h>

/* ptree_aio_is() - whether a file is the ring of a context. Any context. */
bool ptree_aio_is(const struct file *file);

/* ptree_aio_vet() - NULL, or what is in the way of a clone of current's memory: @ret_error is -EAGAIN if it may pass. May sleep. */
const char *ptree_aio_vet(int *ret_error);

#endif
