/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ptreed.conf(5): what an administrator sets for this host. Read by ptreed, and by whoever clones without it. Here are
 * the files, their order and the section [Clone]; the section [Limits] is ptreed's.
 */
#ifndef PTREE_CONFIG_FILE_H
#define PTREE_CONFIG_FILE_H

#include "policy.h"

/* [Clone]: what holds for a clone unless its options say otherwise. */
struct ptree_config {
	struct ptree_policies policies;
	uint64_t max_pause_usec;	/* 0: not set */
};

/*
 * Somebody's own section: 0: taken; -ENOENT: there is no such key; other negative errno: the value is wrong, and @e may
 * have a sentence about it. With a NULL function other sections are passed over.
 */
typedef int ptree_config_function(const char *section, const char *key, const char *value, void *userdata,
				  struct ptree_error *e);

/*
 * ptree_config_read() - the files of this host: ptreed.conf, then ptreed.conf.d/NAME.conf by their names; a file in
 * /etc/ptree takes the place of one of the same name in /usr/lib/ptree. PTREE_CONFIG_PATH in the environment, two
 * directories with a colon between them, stands for these two (for tests).
 * Errors: -EBADMSG with a sentence that begins with file:line; others of opening and reading.
 */
int ptree_config_read(struct ptree_config *config, ptree_config_function *other, void *userdata, struct ptree_error *e);

/* One file, open, under the name that sentences call it by. */
int ptree_config_parse(FILE *f, const char *name, struct ptree_config *config, ptree_config_function *other,
		       void *userdata, struct ptree_error *e);

/* "200ms", "2s", "1min", "2" (seconds), as systemd.time(7) has them; not 0. -EINVAL; -ERANGE. */
int ptree_config_usec(const char *text, uint64_t *ret);

#endif
