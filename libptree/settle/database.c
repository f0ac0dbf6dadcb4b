// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Databases, by what their formats say of themselves: the first bytes of SQLite's files (sqlite.org/fileformat.html), and
 * the file PG_VERSION in the directories of PostgreSQL (its manual, "Database File Layout").
 */
#include "database.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "../op.h"

static const struct {
	const char *name;
	const char *magic;
	size_t size;
} formats[] = {
	{ "an SQLite database",		"SQLite format 3",			16 },
	{ "an SQLite journal",		"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7",	8 },
	{ "an SQLite write-ahead log",	"\x37\x7f\x06\x82",			4 },
	{ "an SQLite write-ahead log",	"\x37\x7f\x06\x83",			4 },
};

static void link_of(const struct ptree_file *f, char *link, size_t size)
{
	const struct ptree_member *m = f->fds[0].member;

	/* The twin stands still where there is one, and has the same. */
	snprintf(link, size, "/proc/%d/fd/%d", m->twin ?: m->pid, f->fds[0].fd);
}

static const char *format_of(const char *link)
{
	_cleanup_close_ int fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOATIME);
	char head[16];
	ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (n >= (ssize_t)formats[i].size && memcmp(head, formats[i].magic, formats[i].size) == 0)
			return formats[i].name;
	return NULL;
}

/* Cuts the path of a file down to the outermost directory with a PG_VERSION: databases are below a cluster's. */
static bool cluster_of(const struct ptree_file *f, char *path)
{
	const struct ptree_member *m = f->fds[0].member;
	char seen[PATH_MAX + 64], *slash;
	size_t found = 0;

	while ((slash = strrchr(path, '/')) && slash > path) {
		*slash = '\0';
		snprintf(seen, sizeof(seen), "/proc/%d/root%s/PG_VERSION", m->pid, path);
		if (access(seen, F_OK) == 0)
			found = strlen(path);
		else if (found)
			break;
	}
	return found > 0;
}

int ptree_database_find(const struct ptree_file *f, char **ret_note, char *option, size_t size)
{
	char link[64], path[PATH_MAX];
	const char *format;
	ssize_t n;
	int r = 0;

	*ret_note = NULL;
	snprintf(option, size, "--files=copy");
	if (f->nr_fds == 0)
		return 0;
	link_of(f, link, sizeof(link));
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	format = format_of(link);
	if (format) {
		r = asprintf(ret_note, "%s: two that write to it destroy it", format);
	} else if (cluster_of(f, path)) {
		r = asprintf(ret_note, "of PostgreSQL's %s: two that write to it destroy it", path);
		snprintf(option, size, "--copy=%s", path);
	}
	if (r < 0)
		*ret_note = NULL;
	return r < 0 ? -ENOMEM : 0;
}
