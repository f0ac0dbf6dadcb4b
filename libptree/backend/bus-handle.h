/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From D-Bus messages to libptree's own: handles, errors, lines of ptree_check(). */
#ifndef PTREE_BUS_HANDLE_H
#define PTREE_BUS_HANDLE_H

#include <systemd/sd-bus.h>

#include "../backend.h"
#include "../report.h"

/* Reads the properties a{sv} of org.ptree1.Clone. Properties it does not know are from a newer ptreed, and skipped. */
int bus_handle_read(struct ptree *p, sd_bus_message *m, struct ptree_clone **ret);

/* Reads objects as aa{sv}: the answer to Inspect(), and the clone's property Objects. A negative errno, no sentence. */
int bus_report_read(sd_bus_message *m, struct ptree_report *report);

/* The errno and the sentence of a failed call: @r is what sd-bus returned. Returns the errno. */
int bus_error_read(struct ptree *p, int r, const sd_bus_error *error);

/* An answer that does not fit org.ptree1.xml, or no memory for it. Keeps a sentence that was already written. */
int bus_answer_bad(struct ptree *p, int r);

/* Reads the items a(sibs) of Manager.Check(); those that are in the list already, the caller has looked at itself. */
int bus_check_read(struct ptree *p, sd_bus_message *m, struct ptree_check_list *list);

#endif
