// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Locks on files that are copied: POSIX, OFD and flock(). Each descriptor tells of its own in /proc/PID/fdinfo: those of
 * its description, and for POSIX locks those that its table of files has on the inode. They are taken again by the same
 * descriptor, in the clone. A call that waits for a lock waits again by itself.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include "../call.h"
#include "copied.h"

/* lock:	1: POSIX  ADVISORY  WRITE 123 00:1b:45 0 EOF */
int ptree_lock_parse(const char *line, struct ptree_lock *ret)
{
	static const char *const sorts[] = {
		[PTREE_LOCK_POSIX] = "POSIX",
		[PTREE_LOCK_FLOCK] = "FLOCK",
		[PTREE_LOCK_OFD] = "OFDLCK",
	};
	char sort[16], type[16], end[24];
	int64_t start;

	if (sscanf(line, "lock: %*d: %15s %*s %15s %*s %*s %" SCNd64 " %23s", sort, type, &start, end) != 4)
		return 0;
	for (unsigned i = 0; i < ARRAY_SIZE(sorts); i++) {
		if (strcmp(sort, sorts[i]) != 0)
			continue;
		*ret = (struct ptree_lock){
			.sort = i,
			.exclusive = strcmp(type, "WRITE") == 0,
			.start = start,
			.length = strcmp(end, "EOF") == 0 ? 0 : strtoll(end, NULL, 10) - start + 1,
		};
		return 1;
	}
	return 0;
}

/* A POSIX or OFD lock needs a descriptor for what it is about; another one of the process tells of it too. */
static bool can_be_taken(const struct ptree_lock *l)
{
	const struct ptree_file *f = l->fd->file;

	return l->sort == PTREE_LOCK_FLOCK || (l->exclusive ? ptree_file_writes(f) : ptree_file_reads(f));
}

static int lock_add(struct ptree_copied *c, const struct ptree_lock *l)
{
	struct ptree_lock *grown = reallocarray(c->locks, c->nr_locks + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	c->locks = grown;
	grown[c->nr_locks++] = *l;
	return 0;
}

static int descriptor_read(struct ptree_copied *c, const struct ptree_fd *d)
{
	_cleanup_fclose_ FILE *info = NULL;
	char path[64], line[256];
	struct ptree_lock l;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", d->member->pid, d->fd);
	info = fopen(path, "re");
	if (!info)
		return -errno;
	while (fgets(line, sizeof(line), info)) {
		if (ptree_lock_parse(line, &l) == 0)
			continue;
		l.fd = d;
		if (can_be_taken(&l) && lock_add(c, &l) < 0)
			return -ENOMEM;
	}
	return 0;
}

int ptree_locks_capture(struct ptree_file *f)
{
	if (!(f->info.is & PTREE_FILE_LOCKED))
		return 0;
	/* One descriptor of each member: what belongs to the description is taken once, and taken again does no harm. */
	for (size_t i = 0; i < f->nr_fds; i++) {
		int r = i > 0 && f->fds[i].member == f->fds[i - 1].member ? 0 : descriptor_read(f->state, &f->fds[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int take(struct ptree_op *op, const struct ptree_lock *l)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	const struct flock range = {
		.l_type = l->exclusive ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = l->start,
		.l_len = l->length,
	};

	if (l->sort == PTREE_LOCK_FLOCK)
		ptree_calls_add(&calls, SYS_flock, CALL_NUMBER(l->fd->fd),
				CALL_NUMBER((l->exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB));
	else
		ptree_calls_add(&calls, SYS_fcntl, CALL_NUMBER(l->fd->fd),
				CALL_NUMBER(l->sort == PTREE_LOCK_OFD ? F_OFD_SETLK : F_SETLK),
				CALL_DATA(ptree_calls_data(&calls, &range, sizeof(range))));
	return ptree_calls_run(&calls, op, l->fd->member, 0, "settle");
}

int ptree_locks_take(struct ptree_op *op, struct ptree_file *f)
{
	const struct ptree_copied *c = ptree_copied_of(f);

	for (size_t i = 0; i < c->nr_locks; i++) {
		int r = take(op, &c->locks[i]);

		if (r < 0)
			return op->error.code < 0 ? r : ptree_file_error(op, f, r, "taking its lock on the copy");
	}
	return 0;
}
