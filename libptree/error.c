// SPDX-License-Identifier: LGPL-2.1-or-later
/* Errors: code + sentence + process. Where a sentence is written is each check's affair. */
#include "error.h"

#include <string.h>

void ptree_error_clear(struct ptree_error *e)
{
	e->code = 0;
	e->pid = 0;
	e->message[0] = '\0';
}

/* Cuts an overlong sentence where a character begins, so that what travels over D-Bus stays UTF-8. */
static void message_trim(char *message, size_t size)
{
	size_t n = size - 1;

	while (n > 0 && ((unsigned char)message[n] & 0xc0) == 0x80)
		n--;
	message[n] = '\0';
}

int ptree_error_setv(struct ptree_error *e, int code, pid_t pid, const char *format, va_list args)
{
	char message[sizeof(e->message) + 1];
	int saved = errno;
	int n;

	if (!e)
		return code;

	/* Formatted apart, for the old sentence may be one of the arguments. */
	errno = -code;
	n = vsnprintf(message, sizeof(message), format, args);
	if (n < 0)
		message[0] = '\0';
	if (n >= (int)sizeof(e->message))
		message_trim(message, sizeof(e->message));
	memcpy(e->message, message, sizeof(e->message));
	e->message[sizeof(e->message) - 1] = '\0';
	e->code = code;
	e->pid = pid;
	errno = saved;
	return code;
}

int ptree_error_set(struct ptree_error *e, int code, pid_t pid, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	ptree_error_setv(e, code, pid, format, args);
	va_end(args);
	return code;
}

int ptree_error_oom(struct ptree_error *e, const char *step)
{
	return ptree_error_set(e, -ENOMEM, 0, "%s: out of memory; free some and try again", step);
}
