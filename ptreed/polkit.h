/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May the caller do this? Root may; polkit decides on the rest; where there is no polkit, one's own is one's own. */
#ifndef PTREED_POLKIT_H
#define PTREED_POLKIT_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

struct operation;

/*
 * polkit_authorize() - 1: yes; 0: polkit was asked, operation_authorized() will be called; -EPERM with a sentence.
 * @own: the caller's own process or clone. The kernel module checks the rights over each member again.
 */
int polkit_authorize(struct operation *o, bool own, sd_bus_error *error);

#endif
