/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An engine for tests of ptreed: the name of the clone says what the worker does. See ptreed-fake.c. */
#ifndef PTREED_FAKE_H
#define PTREED_FAKE_H

#include "../../ptreed/operation.h"

#define FAKE_EXIT_CODE 7	/* of a fake clone that gets SIGTERM */

int fake_work(const struct operation *o, struct worker_result *ret);

/* A registry entry with a living init, as the engine leaves it; the id to @id. */
int fake_clone(const char *name, pid_t source, uid_t uid, char id[32]);

#endif
