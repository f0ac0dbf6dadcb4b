// SPDX-License-Identifier: LGPL-2.1-or-later
/* /proc/PID/mountinfo (man 5 proc), taken apart. */
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../util.h"

/* Blanks and the like are \ooo, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELD…] - TYPE SOURCE SUPER */
static int parse_line(char *line, struct ptree_mount *m)
{
	enum { ID, PARENT, DEV, ROOT, POINT, OPTIONS, _MAX };
	char *fields[_MAX], *field;
	unsigned major, minor;

	for (int i = 0; i < _MAX; i++) {
		fields[i] = strsep(&line, " ");
		if (!line)
			return -EBADMSG;
	}
	while ((field = strsep(&line, " ")) && strcmp(field, "-") != 0)
		if (strncmp(field, "shared:", 7) == 0)
			m->shared = true;
	m->type = strsep(&line, " ");
	m->source = strsep(&line, " ");
	m->super = line;
	if (!m->super || sscanf(fields[DEV], "%u:%u", &major, &minor) != 2)
		return -EBADMSG;
	m->id = strtoull(fields[ID], NULL, 10);
	m->parent = strtoull(fields[PARENT], NULL, 10);
	m->dev = makedev(major, minor);
	unescape(fields[ROOT]);
	unescape(fields[POINT]);
	m->root = fields[ROOT];
	m->point = fields[POINT];
	m->options = fields[OPTIONS];
	return 0;
}

int ptree_mounts_parse(struct ptree_mounts *m, char *text)
{
	char *line, *rest = text;
	int r;

	*m = (struct ptree_mounts){ .text = text };
	while ((line = strsep(&rest, "\n")) && *line) {
		struct ptree_mount *grown = reallocarray(m->mounts, m->nr + 1, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		m->mounts = grown;
		grown[m->nr] = (struct ptree_mount){ 0 };
		r = parse_line(line, &grown[m->nr]);
		if (r < 0)
			return r;
		m->nr++;
	}
	return 0;
}

int ptree_mounts_read(struct ptree_mounts *m, pid_t pid)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[64], *text = NULL;
	size_t size = 0;

	*m = (struct ptree_mounts){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	/* No text holds a zero byte. */
	if (getdelim(&text, &size, '\0', f) < 0) {
		free(text);
		return ferror(f) ? -EIO : 0;
	}
	return ptree_mounts_parse(m, text);
}

void ptree_mounts_done(struct ptree_mounts *m)
{
	free(m->mounts);
	free(m->text);
	*m = (struct ptree_mounts){ 0 };
}

uint64_t ptree_mount_attributes(const char *options)
{
	static const struct {
		const char *word;
		uint64_t attribute;
	} words[] = {
		{ "ro",		MOUNT_ATTR_RDONLY },
		{ "nosuid",	MOUNT_ATTR_NOSUID },
		{ "nodev",	MOUNT_ATTR_NODEV },
		{ "noexec",	MOUNT_ATTR_NOEXEC },
		{ "nodiratime",	MOUNT_ATTR_NODIRATIME },
		{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW },
		{ "noatime",	MOUNT_ATTR_NOATIME },
		{ "relatime",	MOUNT_ATTR_RELATIME },
	};
	uint64_t attributes = 0;
	bool has_atime = false;

	while (*options) {
		size_t n = strcspn(options, ",");

		for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
			if (strlen(words[i].word) != n || memcmp(words[i].word, options, n) != 0)
				continue;
			attributes |= words[i].attribute;
			has_atime |= words[i].attribute == MOUNT_ATTR_NOATIME || words[i].attribute == MOUNT_ATTR_RELATIME;
		}
		options += n + (options[n] == ',');
	}
	return has_atime ? attributes : attributes | MOUNT_ATTR_STRICTATIME;
}

int ptree_mount_open(int root_fd, const struct ptree_mount *m)
{
	_cleanup_close_ int fd = -1;
	struct statx status;

	fd = openat(root_fd, m->point[1] ? m->point + 1 : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) < 0)
		return -errno;
	return status.stx_mnt_id == m->id ? TAKE_FD(fd) : -ENOENT;
}
