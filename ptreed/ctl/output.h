/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How ptreectl prints: a clone's fields under one set of names, tables, JSON. */
#ifndef PTREECTL_OUTPUT_H
#define PTREECTL_OUTPUT_H

#include <json-c/json.h>

#include "ctl.h"

/* The fields of a clone, as on D-Bus. */
enum field {
	FIELD_ID,
	FIELD_NAME,
	FIELD_STATE,
	FIELD_SOURCE_PID,
	FIELD_ROOT_PID,
	FIELD_INIT_PID,
	FIELD_UID,
	FIELD_CONTROL_GROUP,
	FIELD_NR_PROCESSES,
	FIELD_NR_THREADS,
	FIELD_CREATED_USEC,
	FIELD_PAUSE_USEC,
	FIELD_TOTAL_USEC,
	FIELD_STEPS,
	FIELD_PIDS,
	FIELD_OBJECTS,
	_FIELD_MAX,
};

const char *field_name(enum field field);

/* field_find() - by name, as typed after --property=; -EINVAL. */
int field_find(const char *name);

/* field_print() - the value as text, as show prints it. */
void field_print(FILE *f, const struct ptree_clone *c, enum field field);

/* clone_json() - the whole clone, or the fields whose bit is set. */
struct json_object *clone_json(const struct ptree_clone *c, unsigned fields);

/* output_json() - print @object as --json asks for, and free it. */
void output_json(const struct ctl *ctl, struct json_object *object);

/* output_usec() - "1.234 ms" into @buf, which is returned. */
const char *output_usec(char *buf, size_t size, uint64_t usec);

/* output_clone() - a clone for reading, as clone and status print it; status with what it shares, object by object. */
void output_clone(const struct ptree_clone *c, bool objects);

/*
 * A table: columns as wide as their widest cell, the last one as long as it is. Cells are copied. Columns whose bit is
 * set in @right are aligned to the right.
 */
struct table;
struct table *table_new(size_t nr_columns, unsigned right, const char *const *headings);
struct table *table_free(struct table *t);
void table_add(struct table *t, const char *format, ...) _printf_(2, 3);
void table_print(const struct table *t, FILE *f, bool legend);

#endif
