// SPDX-License-Identifier: LGPL-2.1-or-later
/* The store: made, and removed as a whole. What is in it is layer.c's. */
#include "store.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "../util.h"
#include "config.h"

#define COPIES "copies"

/* A registry that is elsewhere, as tests have one, knows nothing of the clones of this one: it has its copies itself. */
static const char *state_dir(void)
{
	return secure_getenv("PTREE_RUNTIME_DIR") ?: PTREE_STATE_DIR;
}

static int copies_open(bool create)
{
	_cleanup_close_ int state = -1;
	int fd;

	if (create && mkdir(state_dir(), 0700) < 0 && errno != EEXIST)
		return -errno;
	state = open(state_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state < 0)
		return -errno;
	if (create && mkdirat(state, COPIES, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(state, COPIES, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int ptree_store_make(uint64_t id, char **ret_path)
{
	_cleanup_close_ int copies = copies_open(true);
	char name[24];

	if (copies < 0)
		return copies;
	/* Of an op of an earlier boot, whose numbers have begun anew. */
	ptree_store_remove(id);
	snprintf(name, sizeof(name), "%llu", (unsigned long long)id);
	if (mkdirat(copies, name, 0700) < 0)
		return -errno;
	if (asprintf(ret_path, "%s/" COPIES "/%s", state_dir(), name) < 0) {
		*ret_path = NULL;
		return -ENOMEM;
	}
	return 0;
}

static void tree_remove(int at, const char *name)
{
	struct dirent *entry;
	DIR *directory;
	int fd;

	if (unlinkat(at, name, 0) == 0 || (errno != EISDIR && errno != EPERM))
		return;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory) {
		ptree_close_fd(fd);
		return;
	}
	while ((entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			tree_remove(fd, entry->d_name);
	closedir(directory);
	unlinkat(at, name, AT_REMOVEDIR);
}

void ptree_store_remove(uint64_t id)
{
	_cleanup_close_ int copies = copies_open(false);
	char name[24];

	snprintf(name, sizeof(name), "%llu", (unsigned long long)id);
	if (copies >= 0)
		tree_remove(copies, name);
}

void ptree_store_collect(const struct ptree_registry *r)
{
	int copies = copies_open(false);
	struct dirent *entry;
	DIR *directory = copies < 0 ? NULL : fdopendir(copies);

	if (!directory) {
		ptree_close_fd(copies);
		return;
	}
	while ((entry = readdir(directory))) {
		if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name))
			continue;
		if (faccessat(r->clones_fd, entry->d_name, F_OK, 0) < 0 && faccessat(r->ops_fd, entry->d_name, F_OK, 0) < 0)
			tree_remove(copies, entry->d_name);
	}
	closedir(directory);
}
