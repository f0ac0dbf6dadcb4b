/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What callers can make ptreed hold, and how much of it: per uid and in all. Root has the overall limits only. */
#ifndef PTREED_LIMITS_H
#define PTREED_LIMITS_H

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

struct manager;

struct limits {
	unsigned workers;		/* worker processes at once, for clones; as many again for all else */
	unsigned operations;		/* waiting and running */
	unsigned operations_per_uid;
	unsigned clones_per_uid;	/* living ones, and those under way */
	unsigned waits_per_uid;		/* parked calls of Wait() */
	uint64_t max_pause_usec;	/* longest pause that may be asked for */
};

void limits_init(struct limits *l);

/* limits_set() - "NAME=NUMBER", as typed after --limit=. -EINVAL; -ERANGE. */
int limits_set(struct limits *l, const char *assignment);

/* limits_set_key() - the same as in ptreed.conf(5): "ClonesPerUID" = "12", "MaxPauseSec" = "1min". -ENOENT too. */
int limits_set_key(struct limits *l, const char *key, const char *value);

/* limits_help() - a line per limit, with its default. */
void limits_help(void);

/* May @uid have one more of these? -EAGAIN with a sentence. */
int limits_check_operation(const struct manager *m, uid_t uid, sd_bus_error *error);
int limits_check_clone(const struct manager *m, uid_t uid, sd_bus_error *error);
int limits_check_wait(const struct manager *m, uid_t uid, sd_bus_error *error);

#endif
