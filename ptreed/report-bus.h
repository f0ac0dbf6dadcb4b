/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports on the bus: aa{sv}, a dictionary per object. Documented in org.ptree1.xml, read by libptree's bus-handle.c. */
#ifndef PTREED_REPORT_BUS_H
#define PTREED_REPORT_BUS_H

#include <systemd/sd-bus.h>

#include "../libptree/report.h"

int report_bus_append(sd_bus_message *m, const struct ptree_report *r);

#endif
