// SPDX-License-Identifier: LGPL-2.1-or-later
/* Settings in /proc/sys, carried from one namespace to another. */
#include "proc-sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "../proc.h"
#include "../util.h"

#define SETTING_MAX 4096

int ptree_proc_sys_open(void)
{
	_cleanup_close_ int context = -1, mount = -1;
	int fd;

	/* Of our own, and mounted nowhere: services are often given a /proc/sys that is read-only. */
	context = fsopen("proc", FSOPEN_CLOEXEC);
	if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	mount = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (mount < 0)
		return -errno;
	fd = openat(mount, "sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int setting_add(struct ptree_settings *s, const char *name, const char *value)
{
	struct ptree_setting *grown = reallocarray(s->settings, s->nr + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	s->settings = grown;
	grown[s->nr] = (struct ptree_setting){ strdup(name), strdup(value) };
	if (!grown[s->nr].name || !grown[s->nr].value) {
		free(grown[s->nr].name);
		free(grown[s->nr].value);
		return -ENOMEM;
	}
	s->nr++;
	return 0;
}

static int directory_read(struct ptree_settings *s, int sys_fd, const char *name, int fd)
{
	DIR *directory = fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!directory) {
		close(fd);
		return -ENOMEM;
	}
	while (r == 0 && (entry = readdir(directory))) {
		_cleanup_free_ char *path = NULL;

		if (*entry->d_name == '.')
			continue;
		if (asprintf(&path, "%s/%s", name, entry->d_name) < 0) {
			path = NULL;
			r = -ENOMEM;
			break;
		}
		r = ptree_settings_read(s, sys_fd, path);
	}
	closedir(directory);
	return r;
}

int ptree_settings_read(struct ptree_settings *s, int sys_fd, const char *name)
{
	char value[SETTING_MAX];
	int fd;

	fd = openat(sys_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		return directory_read(s, sys_fd, name, fd);
	if (ptree_proc_read(sys_fd, name, value, sizeof(value)) < 0)
		return 0;
	return setting_add(s, name, value);
}

static int setting_write(const struct ptree_setting *s, int sys_fd)
{
	_cleanup_close_ int fd = openat(sys_fd, s->name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, s->value, strlen(s->value)) < 0 ? -errno : 0;
}

void ptree_settings_write(const struct ptree_settings *s, int sys_fd)
{
	char now[SETTING_MAX];

	/* Twice: some set others, as net.ipv4.conf.all.forwarding does. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < s->nr; i++)
			if (ptree_proc_read(sys_fd, s->settings[i].name, now, sizeof(now)) >= 0 &&
			    strcmp(now, s->settings[i].value) != 0)
				setting_write(&s->settings[i], sys_fd);
}

void ptree_settings_done(struct ptree_settings *s)
{
	for (size_t i = 0; i < s->nr; i++) {
		free(s->settings[i].name);
		free(s->settings[i].value);
	}
	free(s->settings);
	*s = (struct ptree_settings){ 0 };
}
