// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes D-Bus errors by the table that the bus backend reads by. */
#include <stdarg.h>
#include <string.h>

#include "../libptree/backend/bus-errors.h"
#include "errors.h"

static const struct {
	int error;
	const char *name;
} names[] = {
#define ROW(error, name) { error, PTREE_BUS_ERROR_PREFIX name },
	PTREE_BUS_ERRORS(ROW)
#undef ROW
};

const char *errors_name(int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].error == -error)
			return names[i].name;
	return PTREE_BUS_ERROR_PREFIX "Failed";
}

int errors_set(sd_bus_error *e, int error, const char *format, ...)
{
	char message[PTREE_ERROR_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);

	/* sd-bus turns the name into an errno by its own tables and returns that; ours is the one that counts. */
	sd_bus_error_free(e);
	sd_bus_error_set(e, errors_name(error), message);
	return error;
}

int errors_set_ptree(sd_bus_error *e, const struct ptree_error *error)
{
	return errors_set(e, error->code, "%s", *error->message ? error->message : strerror(-error->code));
}
