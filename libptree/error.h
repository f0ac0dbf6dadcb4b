/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An error: code + sentence + the process it is about. The sentence is written once, beside the check that failed, and
 * travels unchanged from there to the user: "step: pid 4312 still in D state after 200000 µs; way out".
 */
#ifndef PTREE_ERROR_H
#define PTREE_ERROR_H

#include <stdarg.h>
#include <sys/types.h>

#include "util.h"

#define PTREE_ERROR_MESSAGE_MAX 512

struct ptree_error {
	int code;	/* negative errno; 0: no error */
	pid_t pid;	/* 0: about no process */
	char message[PTREE_ERROR_MESSAGE_MAX];
};

/* Forget the last error. */
void ptree_error_clear(struct ptree_error *e);

/*
 * Write the sentence; returns @code, so that a check reads: return ptree_error_set(e, -ESRCH, pid, "walk: …", …);
 * @code must be negative. @e may be NULL. In the sentence %m is strerror(-code). An existing sentence is replaced.
 */
int ptree_error_set(struct ptree_error *e, int code, pid_t pid, const char *format, ...) _printf_(4, 5);
int ptree_error_setv(struct ptree_error *e, int code, pid_t pid, const char *format, va_list args) _printf_(4, 0);

/* "out of memory" for step @step; returns -ENOMEM. */
int ptree_error_oom(struct ptree_error *e, const char *step);

#endif
