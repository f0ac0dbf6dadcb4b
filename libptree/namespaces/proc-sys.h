/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /proc/sys as a process sees it in different namespaces. For helpers: it depends on the namespaces of who opens a file. */
#ifndef PTREE_PROC_SYS_H
#define PTREE_PROC_SYS_H

#include <stddef.h>

/* ptree_proc_sys_open() - a /proc/sys that may be written to, wherever the caller's own may not. -errno. */
int ptree_proc_sys_open(void);

/* Settings below a directory, as they were read. */
struct ptree_settings {
	struct ptree_setting {
		char *name;	/* relative to /proc/sys */
		char *value;	/* the whole file */
	} *settings;
	size_t nr;
};

/* ptree_settings_read() - adds the file @name, or all below it if it is a directory; what cannot be read is left out. -ENOMEM. */
int ptree_settings_read(struct ptree_settings *s, int sys_fd, const char *name);

/* ptree_settings_write() - those that are there too, and say something else, are written. What may not be, is the host's. */
void ptree_settings_write(const struct ptree_settings *s, int sys_fd);

void ptree_settings_done(struct ptree_settings *s);

#endif
