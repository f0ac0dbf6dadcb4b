// SPDX-License-Identifier: GPL-2.0-or-later
/* Pids, times and signals as people type them. Strict: what is not wholly understood is refused, never guessed. */
#include <ctype.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "ctl.h"

/* Digits only: strtoull() would take "-1", "+1", " 1". */
static int number_parse(const char *text, uint64_t max, uint64_t *ret, const char **ret_rest)
{
	uint64_t n = 0;
	const char *p = text;

	for (; isdigit((unsigned char)*p); p++) {
		if (n > (max - (uint64_t)(*p - '0')) / 10)
			return -ERANGE;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	if (p == text)
		return -EINVAL;
	*ret = n;
	*ret_rest = p;
	return 0;
}

int ctl_pid_parse(const char *text, pid_t *ret)
{
	const char *rest;
	uint64_t n;

	if (number_parse(text, INT_MAX, &n, &rest) < 0 || *rest || n == 0)
		return -EINVAL;
	*ret = (pid_t)n;
	return 0;
}

int ctl_usec_parse(const char *text, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t usec;
	} units[] = { { "us", 1 }, { "µs", 1 }, { "ms", 1000 }, { "s", USEC_PER_SEC }, { "min", 60 * USEC_PER_SEC } };
	const char *rest;
	uint64_t n;
	int r;

	r = number_parse(text, UINT64_MAX, &n, &rest);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strcmp(rest, units[i].name) == 0) {
			if (n > UINT64_MAX / units[i].usec)
				return -ERANGE;
			*ret = n * units[i].usec;
			return 0;
		}
	return -EINVAL;
}

int ctl_signal_parse(const char *text)
{
	const char *rest, *name = text;
	uint64_t n;

	if (number_parse(text, (uint64_t)SIGRTMAX, &n, &rest) == 0)
		return !*rest && n > 0 ? (int)n : -EINVAL;

	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (int i = 1; i < SIGRTMIN; i++) {
		const char *abbreviation = sigabbrev_np(i);

		if (abbreviation && strcasecmp(abbreviation, name) == 0)
			return i;
	}
	if (strncasecmp(name, "RTMIN", 5) != 0)
		return -EINVAL;
	if (!name[5])
		return SIGRTMIN;
	if (name[5] == '+' && number_parse(name + 6, (uint64_t)(SIGRTMAX - SIGRTMIN), &n, &rest) == 0 && !*rest)
		return SIGRTMIN + (int)n;
	return -EINVAL;
}
