/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one table of errors on the bus: errno ↔ org.ptree1.Error.NAME. ptreed writes by it, the bus backend reads by it.
 * The sentence is the message of the D-Bus error. An errno that is not here travels as Failed.
 */
#ifndef PTREE_BUS_ERRORS_H
#define PTREE_BUS_ERRORS_H

#include <errno.h>

#define PTREE_BUS_ERROR_PREFIX "org.ptree1.Error."

#define PTREE_BUS_ERRORS(X)                                                                                             \
	X(ESRCH,      "NoSuchProcess")                                                                                  \
	X(ENOENT,     "NoSuchClone")                                                                                    \
	X(EINVAL,     "InvalidArgs")                                                                                    \
	X(EPERM,      "NotPermitted")                                                                                   \
	X(EDEADLK,    "WouldDeadlock")                                                                                  \
	X(ENXIO,      "NoKernelModule")                                                                                 \
	X(ENOSYS,     "NoControlGroups")                                                                                \
	X(EBUSY,      "Busy")                                                                                           \
	X(ETIMEDOUT,  "TimedOut")                                                                                       \
	X(EEXIST,     "NameTaken")                                                                                      \
	X(EOPNOTSUPP, "NotSupported")                                                                                   \
	X(ENOMEM,     "NoMemory")                                                                                       \
	X(EAGAIN,     "LimitReached")                                                                                   \
	X(ECANCELED,  "Canceled")                                                                                       \
	X(ENOTTY,     "NoTerminal")                                                                                     \
	X(EIO,        "Failed")

#endif
