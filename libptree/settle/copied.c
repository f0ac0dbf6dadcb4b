// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the clone has open and mapped of files that are copied: opened where its copy is, with flags, position and locks. */
#include "copied.h"

#include <fcntl.h>

#include "memory.h"
#include "regular.h"

bool ptree_copied_is(const struct ptree_file *f)
{
	return f->kind->settle == ptree_regular_settle && f->state;
}

int ptree_copied_mark(struct ptree_file *f)
{
	struct ptree_copied *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->fd = -1;
	f->state = c;
	return 0;
}

int ptree_copied_settle(struct ptree_op *op, struct ptree_file *f)
{
	const int once = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_TMPFILE | O_ASYNC;
	int flags = ((int)f->info.flags & ~once) | O_NOFOLLOW | O_CLOEXEC;
	const struct ptree_copied *c = ptree_copied_of(f);
	char link[64];

	if (c->path) {
		f->twin_fd = openat(op->namespaces.root_fd, c->path[1] ? c->path + 1 : ".", flags);
	} else if (ptree_copied_of(ptree_copied_loose(f))->fd < 0) {
		return 0; /* nobody in the clone will have it (redirect.c) */
	} else {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", ptree_copied_of(ptree_copied_loose(f))->fd);
		f->twin_fd = open(link, flags & ~O_NOFOLLOW);
	}
	if (f->twin_fd < 0)
		return ptree_file_error(op, f, -errno, "opening its copy");
	/* Positions in directories are their file systems' own. */
	if (f->info.pos && lseek(f->twin_fd, f->info.pos, SEEK_SET) < 0 && S_ISREG(f->info.mode))
		return ptree_file_error(op, f, -errno, "placing its offset");
	return 0;
}

int ptree_copied_finish(struct ptree_op *op, struct ptree_file *f)
{
	int r = ptree_mappings_exchange(op, f);

	return r < 0 ? r : ptree_locks_take(op, f);
}

void ptree_copied_release(struct ptree_file *f)
{
	struct ptree_copied *c = f->state;

	if (!c)
		return;
	ptree_close_fd(c->fd);
	free(c->path);
	free(c->locks);
	free(c);
	f->state = NULL;
}
