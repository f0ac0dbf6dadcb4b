// SPDX-License-Identifier: LGPL-2.1-or-later
/* The registry: directories, lock, ids, names, statuses and clean-up. The text of an entry is registry-entry.c's. */
#include "registry.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "config.h"
#include "copies/store.h"
#include "journal.h"
#include "proc.h"

#define STATUS_KEPT_SEC 600

static int dir_open(int at, const char *name, bool create)
{
	int fd;

	if (create && mkdirat(at, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int ptree_registry_open(struct ptree_registry *r, bool create)
{
	const char *path = secure_getenv("PTREE_RUNTIME_DIR");
	struct ptree_registry n = PTREE_REGISTRY_INIT;
	int error = 0;

	n.dir_fd = dir_open(AT_FDCWD, path ? path : PTREE_RUNTIME_DIR, create);
	if (n.dir_fd < 0)
		return n.dir_fd;
	n.clones_fd = dir_open(n.dir_fd, "clones", create);
	if (n.clones_fd < 0)
		error = n.clones_fd;
	n.ops_fd = dir_open(n.dir_fd, "ops", create);
	if (n.ops_fd < 0)
		error = n.ops_fd;
	if (error < 0) {
		ptree_registry_close(&n);
		return error;
	}
	*r = n;
	return 0;
}

void ptree_registry_close(struct ptree_registry *r)
{
	ptree_close_fd(r->dir_fd);
	ptree_close_fd(r->clones_fd);
	ptree_close_fd(r->ops_fd);
	*r = PTREE_REGISTRY_INIT;
}

int ptree_registry_lock(const struct ptree_registry *r)
{
	_cleanup_close_ int fd = -1;

	fd = openat(r->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	return TAKE_FD(fd);
}

int ptree_registry_next_id(const struct ptree_registry *r, uint64_t *ret)
{
	_cleanup_close_ int fd = -1;
	unsigned long long id = 1;
	char text[32] = "";
	ssize_t n;

	fd = openat(r->dir_fd, "next-id", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	n = pread(fd, text, sizeof(text) - 1, 0);
	if (n < 0)
		return -errno;
	if (n > 0)
		id = strtoull(text, NULL, 10);
	if (id == 0 || id >= UINT32_MAX) /* the module's number for an op has 32 bits */
		id = 1;

	/* Should the file have been lost or have wrapped: never an id that is in use. */
	for (;; id++) {
		snprintf(text, sizeof(text), "%llu", id);
		if (faccessat(r->clones_fd, text, F_OK, 0) < 0 && faccessat(r->ops_fd, text, F_OK, 0) < 0)
			break;
	}
	n = snprintf(text, sizeof(text), "%llu\n", id + 1);
	if (pwrite(fd, text, (size_t)n, 0) != n)
		return -EIO;
	*ret = id;
	return 0;
}

int ptree_registry_name_taken(const struct ptree_registry *r, const char *name)
{
	struct ptree_clone **clones;
	int n, taken;

	taken = ptree_journal_name_taken(r, name);
	if (taken != 0)
		return taken;
	n = ptree_registry_list(r, &clones);
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++)
		if (clones[i]->state != PTREE_STATE_DEAD && strcmp(ptree_clone_name(clones[i]), name) == 0)
			taken = 1;
	ptree_clone_free_all(clones, (size_t)n);
	return taken;
}

int ptree_registry_write(const struct ptree_registry *r, const struct ptree_clone *c)
{
	_cleanup_fclose_ FILE *f = NULL;
	char temporary[64];
	int fd, error;

	snprintf(temporary, sizeof(temporary), ".%.40s.new", c->id);
	fd = openat(r->clones_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	f = fdopen(fd, "we");
	if (!f) {
		ptree_close_fd(fd);
		return -ENOMEM;
	}
	error = ptree_registry_format(c, f);
	if (error == 0 && fflush(f) != 0)
		error = -errno;
	if (error == 0 && renameat(r->clones_fd, temporary, r->clones_fd, c->id) < 0)
		error = -errno;
	if (error < 0)
		unlinkat(r->clones_fd, temporary, 0);
	return error;
}

int ptree_registry_read(const struct ptree_registry *r, const char *id, struct ptree_clone **ret)
{
	_cleanup_clone_ struct ptree_clone *c = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	int fd, error;

	if (!*id || strspn(id, "0123456789") != strlen(id) || strlen(id) > 20)
		return -ENOENT;
	fd = openat(r->clones_fd, id, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	f = fdopen(fd, "re");
	if (!f) {
		ptree_close_fd(fd);
		return -ENOMEM;
	}
	error = ptree_registry_parse(f, &c);
	if (error < 0)
		return error;
	if (strcmp(c->id, id) != 0)
		return -EBADMSG;
	c->state = ptree_registry_state(c);
	*ret = TAKE_PTR(c);
	return 0;
}

int ptree_registry_remove(const struct ptree_registry *r, const char *id, bool status)
{
	char name[64];

	if (unlinkat(r->clones_fd, id, 0) < 0 && errno != ENOENT)
		return -errno;
	snprintf(name, sizeof(name), "%.40s.status", id);
	if (status && unlinkat(r->clones_fd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

int ptree_registry_list(const struct ptree_registry *r, struct ptree_clone ***ret)
{
	struct ptree_clone **clones = NULL;
	size_t nr = 0, size = 0;
	struct dirent *entry;
	int error = 0, fd;
	DIR *dir;

	fd = openat(r->clones_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		ptree_close_fd(fd);
		return -ENOMEM;
	}
	while (error != -ENOMEM && (entry = readdir(dir))) {
		if (nr == size) {
			struct ptree_clone **grown = realloc(clones, (size += 64) * sizeof(*clones));

			if (!grown) {
				error = -ENOMEM;
				break;
			}
			clones = grown;
		}
		/* Not an entry, removed meanwhile, or broken: not a clone that anything can be done with. */
		error = ptree_registry_read(r, entry->d_name, &clones[nr]);
		if (error == 0)
			nr++;
	}
	closedir(dir);
	if (error == -ENOMEM) {
		ptree_clone_free_all(clones, nr);
		return error;
	}
	if (nr > 0)
		qsort(clones, nr, sizeof(*clones), ptree_clone_compare);
	*ret = clones;
	return (int)nr;
}

enum ptree_state ptree_registry_state(const struct ptree_clone *c)
{
	_cleanup_close_ int proc = -1, dir = -1, events = -1;
	struct ptree_proc_stat stat;
	char asked[8];

	proc = ptree_proc_open(c->init_pid);
	if (proc < 0 || ptree_proc_stat(proc, &stat) < 0)
		return PTREE_STATE_DEAD;
	if (stat.start != c->init_start || stat.state == 'Z' || stat.state == 'X')
		return PTREE_STATE_DEAD;
	dir = ptree_cgroup_open(c->cgroup);
	if (dir < 0)
		return PTREE_STATE_RUNNING;
	/*
	 * cgroup.events says frozen until the first task has woken, a while after the thaw. What was asked for is in
	 * cgroup.freeze, here or in a cgroup above.
	 */
	if (ptree_cgroup_read(dir, "cgroup.freeze", asked, sizeof(asked)) >= 0 && asked[0] == '1')
		return PTREE_STATE_FROZEN;
	events = openat(dir, "../cgroup.events", O_RDONLY | O_CLOEXEC);
	if (events >= 0 && ptree_cgroup_event(events, "frozen") == 1)
		return PTREE_STATE_FROZEN;
	return PTREE_STATE_RUNNING;
}

int ptree_registry_status_create(const struct ptree_registry *r, const char *id)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%.40s.status", id);
	fd = openat(r->clones_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : fd;
}

int ptree_registry_status_read(const struct ptree_registry *r, const char *id)
{
	char name[64], text[32];
	int n, status;

	snprintf(name, sizeof(name), "%.40s.status", id);
	n = ptree_proc_read(r->clones_fd, name, text, sizeof(text));
	if (n <= 0 || sscanf(text, "%d", &status) != 1)
		return -1;
	return status;
}

/* Its own cgroup, made for it: named after it. systemd would never notice the end of a scope whose cgroup we removed. */
static void cgroup_collect(const struct ptree_clone *c)
{
	char last[64];
	size_t n = strlen(c->cgroup);

	if (c->scope)
		return;
	snprintf(last, sizeof(last), "/" PTREE_CGROUP_CLONE_FORMAT, strtoull(c->id, NULL, 10));
	if (n > strlen(last) && strcmp(c->cgroup + n - strlen(last), last) == 0)
		ptree_cgroup_remove(c->cgroup);
	ptree_cgroup_prune_slice(c->cgroup);
}

static void statuses_collect(const struct ptree_registry *r)
{
	time_t now = time(NULL);
	struct dirent *entry;
	DIR *dir;
	int fd;

	fd = openat(r->clones_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		ptree_close_fd(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		char id[64];
		struct stat s;

		if (sscanf(entry->d_name, "%20[0-9].statu%*1[s]", id) != 1 || !strchr(entry->d_name, '.'))
			continue;
		if (faccessat(r->clones_fd, id, F_OK, 0) == 0 || faccessat(r->ops_fd, id, F_OK, 0) == 0)
			continue;
		/* Of a clone that was killed as a whole there is no status to come for. */
		if (fstatat(r->clones_fd, entry->d_name, &s, 0) == 0 &&
		    (s.st_size == 0 || now - s.st_mtime > STATUS_KEPT_SEC))
			unlinkat(r->clones_fd, entry->d_name, 0);
	}
	closedir(dir);
}

int ptree_registry_collect(const struct ptree_registry *r)
{
	_cleanup_close_ int lock = -1;
	struct ptree_clone **clones;
	int n;

	lock = ptree_registry_lock(r);
	if (lock < 0)
		return lock;
	n = ptree_registry_list(r, &clones);
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		/* An entry is written before its op is over; until then it is the op's. */
		if (clones[i]->state != PTREE_STATE_DEAD || faccessat(r->ops_fd, clones[i]->id, F_OK, 0) == 0)
			continue;
		cgroup_collect(clones[i]);
		ptree_registry_remove(r, clones[i]->id, false);
	}
	ptree_clone_free_all(clones, (size_t)n);
	statuses_collect(r);
	ptree_store_collect(r);
	return 0;
}
