/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A witness is a program that builds one kind of state, is cloned while it waits, and then judges itself: once as the
 * source and once as the clone. Called as `NAME DIR`, its life is
 *
 *	witness_start(argc, argv);	DIR is known; this process is the root
 *	…				the state is built
 *	witness_ready();		DIR/ready says so; returns, in source and clone, once there is DIR/go
 *	…				the state is judged with CHECK(), in any process and thread of the tree
 *	return witness_verdict();	`ok` or `FAIL why` in DIR/source or DIR/clone; status 0 or 1
 *
 * Source and clone share their open files, pipes and sockets, unless these are made private; a witness is right either
 * way: what it reports it opens by name after the clone, and where both sides wait on one object, each wakes one.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

void witness_start(int argc, char **argv);
void witness_ready(void);
int witness_verdict(void);

/*
 * For one that is to be cloned from a child on: the parent says which, and does nothing but wait for it; the child says where
 * it is at home, which may be a pid namespace of its own.
 */
void witness_root_is(pid_t pid);
void witness_home(void);

/* Only before witness_ready(): what ptreectl clone is told besides, words with blanks between them. */
void witness_options(const char *options);

/* Only before witness_ready(): this machine has not what the witness needs. */
_Noreturn void witness_skip(const char *why);

/* For all processes and threads but the root's first thread: returns once there is DIR/go. */
void witness_wait_go(void);

/* Whether the calling process is in the clone: its pid namespace is not that of the start. */
bool witness_is_clone(void);

/* Both roots have come to this point. For what one side must have done before the other looks. */
void witness_meet(const char *point);

/* For all processes but the roots: returns once both of them have come to this point. */
void witness_wait_point(const char *point);

/* What a process in a tree finds wrong is the tree's verdict. */
void witness_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define FAIL(...) witness_fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			FAIL("%s (errno %d)", #condition, errno); \
	} while (0)

#define CHECK_EQUAL(got, wanted) \
	do { \
		long long got_ = (long long)(got), wanted_ = (long long)(wanted); \
		if (got_ != wanted_) \
			FAIL("%s is %lld, not %lld (%s)", #got, got_, wanted_, #wanted); \
	} while (0)

/* While the state is built: what goes wrong here is no verdict on the clone. */
#define MUST(condition) \
	do { \
		if (!(condition)) \
			witness_broken(__FILE__, __LINE__, #condition); \
	} while (0)

_Noreturn void witness_broken(const char *file, int line, const char *what);

#define WITNESS_PATIENCE_USEC	(60 * 1000 * 1000)

uint64_t witness_now_usec(void);	/* CLOCK_MONOTONIC */
void witness_sleep_usec(uint64_t usec);

/* Until the condition holds; a failure when the patience is at its end. */
#define AWAIT(condition) \
	do { \
		uint64_t until_ = witness_now_usec() + WITNESS_PATIENCE_USEC; \
		while (!(condition)) { \
			if (witness_now_usec() > until_) { \
				FAIL("waited in vain: %s", #condition); \
				break; \
			} \
			witness_sleep_usec(2000); \
		} \
	} while (0)

/* A thread with a small stack, and a child; neither returns a failure. */
pthread_t witness_thread(void *(*body)(void *), void *argument);
pid_t witness_fork(int (*body)(void *), void *argument);

/* Until thread @tid of this process sleeps in system call @nr. */
void witness_await_call(pid_t tid, long nr);

/* Waits for a child and checks that it ends with that status, as waitpid() gives it. */
void witness_reap(pid_t child, int status);

#define EXITED(code) ((code) << 8)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
