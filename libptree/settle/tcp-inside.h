/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections of TCP that have both ends in the tree. In a network namespace of its own (--private=net) the clone's go on:
 * with the bytes that wait to be read, those that are under way, and closed in as many directions as the source's.
 */
#ifndef PTREE_TCP_INSIDE_H
#define PTREE_TCP_INSIDE_H

#include "inet-state.h"

/* 1: it is one, and its state knows the other end; 0: it is not, or the clone has no namespace of its own. -errno. */
int ptree_tcp_inside_judge(struct ptree_op *op, struct ptree_file *f);

/* What @fd, a descriptor of f's, will read. -errno, with the op's error set only if the module failed. */
int ptree_tcp_inside_capture(struct ptree_op *op, struct ptree_file *f, int fd);

/* Both ends are made for the first of them. */
int ptree_tcp_inside_settle(struct ptree_op *op, struct ptree_file *f);

#endif
