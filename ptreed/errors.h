/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors on the bus: an errno and its sentence as a D-Bus error. The table is libptree/backend/bus-errors.h. */
#ifndef PTREED_ERRORS_H
#define PTREED_ERRORS_H

#include <systemd/sd-bus.h>

#include "../libptree/error.h"

/* errors_name() - the D-Bus name of a negative errno; Failed for one that has none. */
const char *errors_name(int error);

/* errors_set() - write @e from a negative errno and a formatted sentence; returns the errno. */
int errors_set(sd_bus_error *e, int error, const char *format, ...) _printf_(3, 4);

/* errors_set_ptree() - the same from an error of libptree, unchanged. */
int errors_set_ptree(sd_bus_error *e, const struct ptree_error *error);

#endif
