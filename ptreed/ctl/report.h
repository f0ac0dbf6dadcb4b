/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How ptreectl prints reports: in a line, in lines, as JSON. As a tree it is inspect.c's. */
#ifndef PTREECTL_REPORT_H
#define PTREECTL_REPORT_H

#include <json-c/json.h>

#include "ctl.h"

/* report_json() - the objects as an array, under the names that they have on D-Bus. */
struct json_object *report_json(const struct ptree_report *r);

/*
 * report_summary() - "shared: 2 regular files, 1 listening socket; severed: 1 TCP connection" as a malloc'ed string; NULL
 * if there is nothing to be said. Namespaces are not counted: each clone shares some.
 */
char *report_summary(const struct ptree_report *r);

/* report_print() - a line per object that is shared or severed, as status prints them. */
void report_print(const struct ptree_report *r);

#endif
