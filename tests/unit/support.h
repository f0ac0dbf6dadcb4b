/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several unit tests need: cmocka with its headers, a registry of its own, a tree of processes to look at. */
#ifndef PTREE_TEST_SUPPORT_H
#define PTREE_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op.h"

/* A registry in a new directory; PTREE_RUNTIME_DIR points to it. */
struct ptree_registry test_registry(void);
void test_registry_remove(struct ptree_registry *r);

/*
 * A tree: the root has @width children, each of which has one, and so on to @depth. All sleep. Returns the root when
 * everybody is there. test_tree_end() kills and reaps them.
 */
pid_t test_tree(unsigned width, unsigned depth);
void test_tree_end(pid_t root);

/* An op on @pid, as prepare leaves it but without kernel module, place and init: enough for walk, freeze and thaw. */
struct ptree_op *test_op(pid_t pid, struct ptree_registry *r);
void test_op_end(struct ptree_op *op);

/* Skips the test unless it runs as root with a cgroup v2 that it may write to. */
void test_needs_cgroup(void);
void test_needs_root(void);

/* Polls @condition for up to five seconds. */
#define test_wait_for(condition)                                                                                        \
	do {                                                                                                            \
		for (int i_ = 0; !(condition); i_++) {                                                                  \
			assert_int_not_equal(i_, 5000);                                                                 \
			usleep(1000);                                                                                   \
		}                                                                                                       \
	} while (0)

#endif
