/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ptreed as a program, with the seam for tests: what its workers do. */
#ifndef PTREED_DAEMON_H
#define PTREED_DAEMON_H

#include "worker.h"

/* daemon_run() - parse options, connect, serve until SIGTERM or SIGINT. Returns an exit code. */
int daemon_run(int argc, char **argv, worker_function *work);

#endif
