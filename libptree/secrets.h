/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random numbers, nonces, TLS sessions: what a clone has of its source and should not go on with. */
#ifndef PTREE_SECRETS_H
#define PTREE_SECRETS_H

#include "op.h"
#include "report.h"

/*
 * ptree_report_add_secrets() - one object for each library with a random state, of the twins if there are any, with the
 * members that have it mapped, and what their program can do about it. -ENOMEM.
 */
int ptree_report_add_secrets(struct ptree_report *r, struct ptree_member *const *members, size_t nr);

#endif
