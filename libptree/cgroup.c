// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cgroups, version 2: where they are, making, removing, reading and writing them. Waiting for the freezer and moving
 * processes is cgroup-tasks.c's.
 *
 * libcgroup's part: which hierarchies and controllers this host has, of which version, mounted where; and (with the
 * limits of a clone) reading and setting controller values. Not its part, and done here with plain system calls on the
 * cgroup's directory fd, each for a reason that was seen:
 *
 * - a v2 mount that has no controller of its own (hybrid hosts): libcgroup's table is one of controllers, so such a
 *   mount is not in it; /proc/self/mountinfo has it;
 * - making a cgroup, attaching a process, removing a cgroup: 2.0.2 (Debian 12) does nothing for cgroups without
 *   controllers and returns success; 3.1 (Debian 13) writes cgroup.subtree_control all the way down from the mount
 *   point, which belongs to systemd;
 * - cgroup.freeze, cgroup.events, cgroup.kill: core files, of no controller; and the pause is measured in microseconds
 *   while libcgroup resolves each name and path anew.
 */
#include "cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <linux/magic.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <systemd/sd-daemon.h>

#include "internal.h"
#include "proc.h"

static pthread_mutex_t mount_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t libcgroup_once = PTHREAD_ONCE_INIT;
static char *mount_point;
static int libcgroup_error;

/* Libraries do not log; libcgroup would, to stdout. */
static void log_nothing(void *userdata, int level, const char *format, va_list args)
{
	(void)userdata;
	(void)level;
	(void)format;
	(void)args;
}

static void libcgroup_start(void)
{
	cgroup_set_logger(log_nothing, CGROUP_LOG_ERROR, NULL);
	libcgroup_error = cgroup_init();
}

/* libcgroup tells a mount's version to itself only. */
static bool is_cgroup2(const char *path)
{
	struct statfs s;

	return statfs(path, &s) == 0 && s.f_type == CGROUP2_SUPER_MAGIC;
}

/* Where libcgroup has a v2 controller; NULL where there is none. */
static char *mount_by_libcgroup(void)
{
	struct cgroup_mount_point m;
	char *found = NULL;
	void *handle;
	int r;

	pthread_once(&libcgroup_once, libcgroup_start);
	if (libcgroup_error)
		return NULL;
	for (r = cgroup_get_controller_begin(&handle, &m); r == 0; r = cgroup_get_controller_next(&handle, &m))
		if (!found && is_cgroup2(m.path))
			found = strdup(m.path);
	cgroup_get_controller_end(&handle);
	return found;
}

/* mountinfo writes space, tab, newline and backslash as \ooo. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/*
 * A line: id parent major:minor root mountpoint options [optional…] - type source options. A mount of the whole
 * hierarchy (root "/") is preferred to one of a part of it, for paths are taken from the root.
 */
int ptree_cgroup_mount_parse(FILE *mountinfo, char **ret)
{
	_cleanup_free_ char *whole = NULL, *part = NULL, *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, mountinfo) >= 0) {
		_cleanup_free_ char *root = NULL, *point = NULL;
		const char *rest = strstr(line, " - ");
		char type[32];

		if (!rest || sscanf(rest, " - %31s", type) != 1 || strcmp(type, "cgroup2") != 0)
			continue;
		if (sscanf(line, "%*d %*d %*s %ms %ms", &root, &point) != 2)
			continue;
		unescape(point);
		if (strcmp(root, "/") == 0) {
			free(whole);
			whole = TAKE_PTR(point);
		} else if (!part) {
			part = TAKE_PTR(point);
		}
	}
	if (!whole && !part)
		return -ENOSYS;
	*ret = whole ? TAKE_PTR(whole) : TAKE_PTR(part);
	return 0;
}

static int mount_find(char **ret)
{
	_cleanup_fclose_ FILE *f = NULL;

	*ret = mount_by_libcgroup();
	if (*ret)
		return 0;
	f = fopen("/proc/self/mountinfo", "re");
	if (!f)
		return -ENOSYS;
	return ptree_cgroup_mount_parse(f, ret);
}

int ptree_cgroup_mount(const char **ret)
{
	int r = 0;

	pthread_mutex_lock(&mount_lock);
	if (!mount_point)
		r = mount_find(&mount_point);
	*ret = mount_point;
	pthread_mutex_unlock(&mount_lock);
	return r;
}

void ptree_cgroup_mount_forget(void)
{
	pthread_mutex_lock(&mount_lock);
	free(mount_point);
	mount_point = NULL;
	pthread_mutex_unlock(&mount_lock);
}

const char *ptree_cgroup_setup(void)
{
	const char *mount;
	int v1 = 0;
	struct cgroup_mount_point m;
	void *handle;

	pthread_once(&libcgroup_once, libcgroup_start);
	if (!libcgroup_error) {
		int r;

		for (r = cgroup_get_controller_begin(&handle, &m); r == 0;
		     r = cgroup_get_controller_next(&handle, &m))
			v1 += !is_cgroup2(m.path);
		cgroup_get_controller_end(&handle);
	}
	if (ptree_cgroup_mount(&mount) < 0)
		return v1 ? "legacy" : "none";
	return v1 ? "hybrid" : "unified";
}

/* The file name of a cgroup, for sentences and for calls that want names; malloc'ed. */
static int file_name(const char *path, char **ret)
{
	const char *mount;
	int r;

	r = ptree_cgroup_mount(&mount);
	if (r < 0)
		return r;
	if (asprintf(ret, "%s%s", mount, path) < 0)
		return -ENOMEM;
	return 0;
}

int ptree_cgroup_open(const char *path)
{
	_cleanup_free_ char *name = NULL;
	_cleanup_close_ int fd = -1;
	struct statfs s;
	int r;

	r = file_name(path, &name);
	if (r < 0)
		return r;
	fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &s) < 0)
		return -errno;
	if (s.f_type != CGROUP2_SUPER_MAGIC)
		return -EBADF;
	return TAKE_FD(fd);
}

int ptree_cgroup_normalize(const char *name, char **ret)
{
	_cleanup_free_ char *copy = NULL, *path = NULL;
	const char *mount;
	char *save, *part;
	size_t n;
	int r;

	r = ptree_cgroup_mount(&mount);
	if (r < 0)
		return r;
	n = strlen(mount);
	if (strncmp(name, mount, n) == 0 && (name[n] == '/' || name[n] == '\0'))
		name += n;

	copy = strdup(name);
	path = calloc(1, strlen(name) + 2);
	if (!copy || !path)
		return -ENOMEM;
	for (part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		if (strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0)
			return -EINVAL;
		strcat(strcat(path, "/"), part);
	}
	if (!*path)
		strcpy(path, "/");
	*ret = TAKE_PTR(path);
	return 0;
}

int ptree_cgroup_make(const char *path, bool exist_ok)
{
	_cleanup_free_ char *name = NULL;
	int r;

	r = file_name(path, &name);
	if (r < 0)
		return r;
	if (mkdir(name, 0755) < 0 && !(errno == EEXIST && exist_ok))
		return -errno;
	return ptree_cgroup_open(path);
}

/* rmdir, with patience for processes that are dead but not yet out of it. */
static int remove_one(const char *name)
{
	for (int i = 0;; i++) {
		struct timespec pause = { .tv_nsec = 1000 * 1000 };

		if (rmdir(name) == 0 || errno == ENOENT || errno == ENODEV)
			return 0;
		if (errno != EBUSY || i == 200)
			return -errno;
		nanosleep(&pause, NULL);
	}
}

static int remove_tree(const char *name)
{
	struct dirent *entry;
	DIR *dir;

	dir = opendir(name);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		_cleanup_free_ char *child = NULL;

		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (asprintf(&child, "%s/%s", name, entry->d_name) < 0)
			break;
		remove_tree(child);
	}
	closedir(dir);
	return remove_one(name);
}

int ptree_cgroup_remove(const char *path)
{
	_cleanup_free_ char *name = NULL;
	int r;

	if (strcmp(path, "/") == 0)
		return -EINVAL;
	r = file_name(path, &name);
	return r < 0 ? r : remove_tree(name);
}

void ptree_cgroup_prune_slice(const char *path)
{
	_cleanup_free_ char *name = NULL;

	if (strncmp(path, PTREE_CGROUP_SLICE "/", strlen(PTREE_CGROUP_SLICE "/")) != 0 || sd_booted() > 0)
		return;
	if (file_name(PTREE_CGROUP_SLICE, &name) == 0)
		rmdir(name);
}

int ptree_cgroup_of_pid(pid_t pid, char **ret)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	char path[32];
	size_t size = 0;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	while (getline(&line, &size, f) >= 0) {
		static const char deleted[] = " (deleted)";
		size_t n;

		if (strncmp(line, "0::/", 4) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		n = strlen(line);
		if (n > sizeof(deleted) && strcmp(line + n - sizeof(deleted) + 1, deleted) == 0)
			line[n - sizeof(deleted) + 1] = '\0';
		*ret = strdup(line + 3);
		return *ret ? 0 : -ENOMEM;
	}
	if (ferror(f))
		return -ESRCH;
	return -ENODATA;
}

int ptree_cgroup_read(int dir_fd, const char *file, char *buffer, size_t size)
{
	int n;

	n = ptree_proc_read(dir_fd, file, buffer, size);
	if (n > 0 && buffer[n - 1] == '\n')
		buffer[--n] = '\0';
	return n;
}

int ptree_cgroup_write(int dir_fd, const char *file, const char *value)
{
	_cleanup_close_ int fd = -1;

	fd = openat(dir_fd, file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		return -errno;
	return 0;
}

bool ptree_cgroup_contains(const char *ancestor, const char *path)
{
	size_t n = strlen(ancestor);

	if (strcmp(ancestor, "/") == 0)
		return true;
	return strncmp(path, ancestor, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

uint64_t ptree_cgroup_freeze_id(const char *path)
{
	const char *part = strrchr(path, '/');

	if (!part || strncmp(part + 1, PTREE_CGROUP_FREEZE_PREFIX, strlen(PTREE_CGROUP_FREEZE_PREFIX)) != 0)
		return 0;
	return strtoull(part + 1 + strlen(PTREE_CGROUP_FREEZE_PREFIX), NULL, 10);
}
