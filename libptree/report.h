/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A report: objects of a tree and what becomes of each in a clone. ptree_inspect() gives one of all objects; a clone has
 * one of those that are neither exact nor private. As text it is a line per object, in the registry and on the way from
 * a worker to ptreed.
 */
#ifndef PTREE_REPORT_H
#define PTREE_REPORT_H

#include "policy.h"
#include "ptree.h"
#include "util.h"

/* NULL: no memory. */
struct ptree_report *ptree_report_new(void);
struct ptree_report *ptree_report_copy(const struct ptree_report *r);

/*
 * ptree_report_add() - one more object; strings are copied and NULL is "". What is no text in UTF-8, or controls a
 * terminal, becomes \xNN: names of processes and files are their owners' to choose. -ENOMEM.
 */
int ptree_report_add(struct ptree_report *r, enum ptree_policy policy, const char *kind, const char *description,
		     const char *note, const char *option);

/* ptree_report_add_user() - one more user of the object that was added last. -ENOMEM. */
int ptree_report_add_user(struct ptree_report *r, pid_t pid, int fd);

/* ptree_report_add_namespaces() - those that the process has, and that its clone shares with it. -ENOMEM; -ESRCH. */
int ptree_report_add_namespaces(struct ptree_report *r, pid_t pid, const struct ptree_policies *asked);

/*
 * ptree_report_add_files() - the files of an op that are judged, as objects: all of them, or those that its clone will
 * not have to itself or that something must be known of. -ENOMEM.
 */
struct ptree_op;
int ptree_report_add_files(struct ptree_report *r, const struct ptree_op *op, bool all);

/* What stands in the way first, then what is severed, shared, private, exact; else in the order of adding. */
void ptree_report_sort(struct ptree_report *r);

/* One line per object, each after @prefix. -EIO. */
int ptree_report_format(const struct ptree_report *r, const char *prefix, FILE *f);

/* One such line without its prefix and newline. -EBADMSG; -ENOMEM. */
int ptree_report_parse(struct ptree_report *r, const char *line);

/* ptree_text_clean() - a malloc'ed copy, with \xNN for what is not UTF-8 and for control characters. NULL is "". */
char *ptree_text_clean(const char *text);

/* The policy of that name; 0: there is none. */
enum ptree_policy ptree_policy_find(const char *name);

static inline void ptree_cleanup_report(struct ptree_report **r)
{
	*r = ptree_report_free(*r);
}
#define _cleanup_report_ _cleanup_(ptree_cleanup_report)

#endif
