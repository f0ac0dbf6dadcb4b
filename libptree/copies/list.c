// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is in a directory: what can be copied, and what only the original can be. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>

#include "../copies.h"
#include "../util.h"

struct listing {
	struct ptree_place *place;
	uint64_t mount;
	uint64_t bytes, limit_bytes;
	size_t limit_names;
};

int ptree_names_add(struct ptree_names *n, const char *name)
{
	char **grown = n->names;

	if ((n->nr & (n->nr - 1)) == 0)
		grown = reallocarray(grown, n->nr ? 2 * n->nr : 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	n->names = grown;
	grown[n->nr] = strdup(name);
	return grown[n->nr] ? (n->nr++, 0) : -ENOMEM;
}

bool ptree_names_has(const struct ptree_names *n, const char *name)
{
	for (size_t i = 0; i < n->nr; i++)
		if (strcmp(n->names[i], name) == 0)
			return true;
	return false;
}

void ptree_names_done(struct ptree_names *n)
{
	for (size_t i = 0; i < n->nr; i++)
		free(n->names[i]);
	free(n->names);
	*n = (struct ptree_names){ 0 };
}

static int directory_list(struct listing *l, int fd, const char *prefix);

static int look(int fd, const char *name, struct statx *status)
{
	int r = statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_MNT_ID, status);

	return r < 0 ? -errno : 0;
}

/* What is mounted, what has a state of its own beside its contents, and what nobody may write to, cannot be copied. */
static bool can_be_copied(const struct listing *l, const struct statx *status)
{
	switch (status->stx_mode & S_IFMT) {
	case S_IFDIR:
		return l->place->whole && status->stx_mnt_id == l->mount;
	case S_IFREG:
	case S_IFLNK:
		return status->stx_mnt_id == l->mount && !(status->stx_attributes & STATX_ATTR_IMMUTABLE);
	default:
		return false;
	}
}

static int entry_add(struct listing *l, int fd, const char *name, const char *path)
{
	struct statx status;
	int r;

	r = look(fd, name, &status);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!can_be_copied(l, &status))
		return ptree_names_add(&l->place->kept, path);
	r = ptree_names_add(&l->place->copied, path);
	if (r < 0)
		return r;
	if (S_ISDIR(status.stx_mode)) {
		int below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		return below < 0 ? -errno : directory_list(l, below, path);
	}
	l->bytes += status.stx_blocks * 512;
	return 0;
}

/* Closes @fd. */
static int directory_list(struct listing *l, int fd, const char *prefix)
{
	DIR *directory = fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!directory) {
		close(fd);
		return -ENOMEM;
	}
	while (r == 0 && (errno = 0, entry = readdir(directory))) {
		_cleanup_free_ char *path = NULL;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (asprintf(&path, "%s%s%s", prefix, *prefix ? "/" : "", entry->d_name) < 0) {
			path = NULL;
			r = -ENOMEM;
			break;
		}
		r = entry_add(l, fd, entry->d_name, path);
		if (r == 0 && (l->bytes > l->limit_bytes || l->place->copied.nr + l->place->kept.nr > l->limit_names))
			r = -EFBIG;
	}
	if (!entry && errno)
		r = -errno;
	closedir(directory);
	return r;
}

int ptree_place_list(struct ptree_place *p, int fd, uint64_t limit_bytes, size_t limit_names)
{
	struct listing l = { .place = p, .limit_bytes = limit_bytes, .limit_names = limit_names };
	struct statx status;
	int again, r;

	r = look(fd, ".", &status);
	if (r < 0)
		return r;
	l.mount = status.stx_mnt_id;
	again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (again < 0)
		return -errno;
	r = directory_list(&l, again, "");
	if (r < 0) {
		ptree_names_done(&p->copied);
		ptree_names_done(&p->kept);
	}
	return r;
}
