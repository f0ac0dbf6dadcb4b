/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Databases, for reports: files that two writers who do not know of each other destroy. */
#ifndef PTREE_SETTLE_DATABASE_H
#define PTREE_SETTLE_DATABASE_H

#include "../files.h"

/*
 * ptree_database_find() - is a file that is open for writing a part of a database?
 * @ret_note: malloc'ed: which, and what to expect; NULL: none that is known
 * @option: of @size bytes: what gives the clone one of its own, or any other file: "--files=copy"
 * -ENOMEM.
 */
int ptree_database_find(const struct ptree_file *f, char **ret_note, char *option, size_t size);

#endif
