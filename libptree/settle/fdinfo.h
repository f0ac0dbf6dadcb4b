/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines of /proc/PID/fdinfo/FD (man 5 proc_pid_fdinfo), as ptree_file.fdinfo holds them. Pure parsers. A line is "KEY VALUE";
 * some kinds have one line for each of many things, with fields in it: "tfd:  5 events: 19 data: 7  pos:0 ino:9 sdev:b".
 */
#ifndef PTREE_SETTLE_FDINFO_H
#define PTREE_SETTLE_FDINFO_H

#include <stddef.h>
#include <stdint.h>

/*
 * ptree_fdinfo_next() - the value of the next line that begins with @key ("tfd:"; "inotify "); NULL: there is none
 * @at: where to look from, the text at first; moved behind the line that was found
 */
const char *ptree_fdinfo_next(const char **at, const char *key);

/*
 * ptree_fdinfo_field() - the number behind @name, colon included, in the rest of the line at @line
 * A negative one comes as its two's complement. -ENOENT no such field; -EBADMSG no number; -ERANGE.
 */
int ptree_fdinfo_field(const char *line, const char *name, int base, uint64_t *ret);

/* ptree_fdinfo_number() - the number that the first line of @key has for its value. As ptree_fdinfo_field(). */
int ptree_fdinfo_number(const char *text, const char *key, int base, uint64_t *ret);

#endif
