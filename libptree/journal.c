// SPDX-License-Identifier: LGPL-2.1-or-later
/* The journal of an op: writing it, undoing what a stale one says. When each line is written is the steps' affair. */
#include "journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cgroup.h"
#include "copies/store.h"
#include "proc.h"
#include "scope.h"

#define KILL_TIMEOUT_MSEC 5000

static void journal_name(uint64_t id, char name[24])
{
	snprintf(name, 24, "%llu", (unsigned long long)id);
}

/* The caller holds the registry's lock, as recover does: a journal is never seen before it is locked. */
int ptree_journal_create(struct ptree_journal *j, const struct ptree_registry *r, uint64_t id)
{
	_cleanup_close_ int fd = -1;
	char name[24];

	journal_name(id, name);
	fd = openat(r->ops_fd, name, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX) < 0)
		return -errno;
	*j = (struct ptree_journal){ .fd = TAKE_FD(fd), .ops_fd = r->ops_fd, .id = id };
	return 0;
}

/* One write() each: a line is there as a whole or not at all. The memory of a tmpfs needs no sync. */
int ptree_journal_write(struct ptree_journal *j, const char *key, const char *format, ...)
{
	_cleanup_free_ char *value = NULL, *line = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&value, format, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	if (strchr(value, '\n'))
		return -EINVAL;
	n = asprintf(&line, "%s=%s\n", key, value);
	if (n < 0)
		return -ENOMEM;
	if (write(j->fd, line, (size_t)n) != n)
		return errno ? -errno : -EIO;
	return 0;
}

void ptree_journal_remove(struct ptree_journal *j)
{
	char name[24];

	if (j->fd < 0)
		return;
	journal_name(j->id, name);
	unlinkat(j->ops_fd, name, 0);
	j->fd = ptree_close_fd(j->fd);
}

/* Calls @f for each line; stops at the first non-zero answer and returns it. */
static int each_line(int fd, int (*f)(const char *key, char *value, void *userdata), void *userdata)
{
	_cleanup_fclose_ FILE *file = NULL;
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int copy, r = 0;

	/* A description of its own, so that nobody's offset or lock is touched. */
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy = open(path, O_RDONLY | O_CLOEXEC);
	if (copy < 0)
		return -errno;
	file = fdopen(copy, "re");
	if (!file) {
		ptree_close_fd(copy);
		return -ENOMEM;
	}
	while (r == 0 && getline(&line, &size, file) >= 0) {
		char *end = strchr(line, '\n'), *value = strchr(line, '=');

		if (!end || !value)
			continue;
		*end = '\0';
		*value++ = '\0';
		r = f(line, value, userdata);
	}
	return r;
}

static int undo_freeze(const char *key, char *value, void *userdata)
{
	_cleanup_close_ int fd = -1;

	(void)userdata;
	if (strcmp(key, "FREEZE") != 0)
		return 0;
	fd = ptree_cgroup_open(value);
	if (fd >= 0)
		ptree_cgroup_write(fd, "cgroup.freeze", "0");
	return 0;
}

static int undo_child(const char *key, char *value, void *userdata)
{
	_cleanup_free_ char *home = NULL;
	char *slash;

	(void)userdata;
	if (strcmp(key, "CHILD") != 0 || ptree_cgroup_freeze_id(value) == 0)
		return 0;
	home = strdup(value);
	if (!home)
		return -ENOMEM;
	slash = strrchr(home, '/');
	slash[slash == home ? 1 : 0] = '\0';
	ptree_cgroup_move_all(value, home);
	ptree_cgroup_remove(value);
	return 0;
}

/* The kernel kills a pid namespace with its init. */
static void init_kill(pid_t pid, uint64_t start)
{
	_cleanup_close_ int fd = -1;
	struct pollfd p;

	fd = ptree_proc_pidfd_open(pid, start);
	if (fd < 0)
		return;
	syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	poll(&p, 1, KILL_TIMEOUT_MSEC);
}

/* Whatever a journal says, nothing is killed but what bears the name of a clone's cgroup. */
static bool is_clone_cgroup(const char *path)
{
	const char *last = strrchr(path, '/');
	unsigned long long id;
	char end;

	return last && sscanf(last, "/ptree-%llu.scop%c", &id, &end) == 2 && end == 'e';
}

static int undo_clone(const char *key, char *value, void *userdata)
{
	unsigned long long start;
	pid_t pid;

	(void)userdata;
	if (strcmp(key, "INIT") == 0 && sscanf(value, "%d %llu", &pid, &start) == 2)
		init_kill(pid, start);
	if (strcmp(key, "COPIES") == 0)
		ptree_store_remove(strtoull(value, NULL, 10));
	if ((strcmp(key, "CGROUP") == 0 || strcmp(key, "SCOPE") == 0) && is_clone_cgroup(value)) {
		_cleanup_close_ int fd = ptree_cgroup_open(value);

		if (fd >= 0)
			ptree_cgroup_write(fd, "cgroup.kill", "1");
	}
	if (strcmp(key, "SCOPE") == 0 && is_clone_cgroup(value))
		ptree_scope_stop(strtoull(strrchr(value, '-') + 1, NULL, 10));
	if (strcmp(key, "CGROUP") == 0 && is_clone_cgroup(value)) {
		ptree_cgroup_remove(value);
		ptree_cgroup_prune_slice(value);
	}
	return 0;
}

int ptree_journal_undo(struct ptree_journal *j)
{
	char name[32];
	int r, error = 0;

	/* The source first. */
	r = each_line(j->fd, undo_freeze, NULL);
	if (r < 0)
		error = r;
	r = each_line(j->fd, undo_child, NULL);
	if (r < 0)
		error = r;
	r = each_line(j->fd, undo_clone, NULL);
	if (r < 0)
		error = r;
	if (error < 0)
		return error;

	/* An op that dies while it starts its clone may have left an entry as well. */
	journal_name(j->id, name);
	if (j->ops_fd >= 0) {
		char path[64];

		snprintf(path, sizeof(path), "../clones/%s", name);
		unlinkat(j->ops_fd, path, 0);
		strncat(path, ".status", sizeof(path) - strlen(path) - 1);
		unlinkat(j->ops_fd, path, 0);
	}
	ptree_journal_remove(j);
	return 0;
}

/* Calls @f for each journal; stops at the first non-zero answer. */
static int each_journal(const struct ptree_registry *r, int (*f)(uint64_t id, int fd, void *userdata), void *userdata)
{
	struct dirent *entry;
	int dir_fd, result = 0;
	DIR *dir;

	dir_fd = openat(r->ops_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return -errno;
	dir = fdopendir(dir_fd);
	if (!dir) {
		ptree_close_fd(dir_fd);
		return -ENOMEM;
	}
	while (result == 0 && (entry = readdir(dir))) {
		_cleanup_close_ int fd = -1;

		if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name))
			continue;
		fd = openat(r->ops_fd, entry->d_name, O_RDWR | O_APPEND | O_CLOEXEC);
		if (fd >= 0)
			result = f(strtoull(entry->d_name, NULL, 10), fd, userdata);
	}
	closedir(dir);
	return result;
}

struct recovery {
	const struct ptree_registry *registry;
	int nr_undone;
};

static int recover_one(uint64_t id, int fd, void *userdata)
{
	struct recovery *recovery = userdata;
	struct ptree_journal j = PTREE_JOURNAL_INIT;
	struct stat s;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &s) < 0 || s.st_nlink == 0)
		return 0;
	j.fd = dup(fd);
	if (j.fd < 0)
		return -errno;
	j.ops_fd = recovery->registry->ops_fd;
	j.id = id;
	if (ptree_journal_undo(&j) == 0)
		recovery->nr_undone++;
	ptree_close_fd(j.fd);
	return 0;
}

int ptree_journal_recover(const struct ptree_registry *r)
{
	struct recovery recovery = { .registry = r };
	_cleanup_close_ int lock = -1;
	int result;

	lock = ptree_registry_lock(r);
	if (lock < 0)
		return lock;
	result = each_journal(r, recover_one, &recovery);
	return result < 0 ? result : recovery.nr_undone;
}

static bool is_locked(int fd)
{
	if (flock(fd, LOCK_SH | LOCK_NB) < 0)
		return true;
	flock(fd, LOCK_UN);
	return false;
}

int ptree_journal_alive(const struct ptree_registry *r, uint64_t id)
{
	_cleanup_close_ int fd = -1;
	char name[24];

	journal_name(id, name);
	fd = openat(r->ops_fd, name, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && is_locked(fd);
}

struct source_query {
	uint64_t before;
	uint64_t id;
	int (*f)(uint64_t id, pid_t source, uint64_t start, void *userdata);
	void *userdata;
};

static int source_line(const char *key, char *value, void *userdata)
{
	struct source_query *q = userdata;
	unsigned long long start;
	pid_t pid;

	if (strcmp(key, "SOURCE") != 0 || sscanf(value, "%d %llu", &pid, &start) != 2)
		return 0;
	return q->f(q->id, pid, start, q->userdata);
}

static int source_journal(uint64_t id, int fd, void *userdata)
{
	struct source_query *q = userdata;

	if (id >= q->before || !is_locked(fd))
		return 0;
	q->id = id;
	return each_line(fd, source_line, q);
}

int ptree_journal_each_source(const struct ptree_registry *r, uint64_t before,
			      int (*f)(uint64_t id, pid_t source, uint64_t start, void *userdata), void *userdata)
{
	struct source_query q = { .before = before, .f = f, .userdata = userdata };

	return each_journal(r, source_journal, &q);
}

static int name_line(const char *key, char *value, void *userdata)
{
	return strcmp(key, "NAME") == 0 && strcmp(value, userdata) == 0;
}

static int name_journal(uint64_t id, int fd, void *userdata)
{
	(void)id;
	return is_locked(fd) ? each_line(fd, name_line, userdata) : 0;
}

int ptree_journal_name_taken(const struct ptree_registry *r, const char *name)
{
	return each_journal(r, name_journal, (void *)name);
}
