// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fanotify groups: a new one of the same flags, with the same marks (fanotify-marks.h).
 *
 * What a group may do depends on who made it: an unprivileged one is told less and has limits. fdinfo does not tell which
 * it is, but the member's rights do: it makes its own, and only if that cannot be, because it has given up rights since, it is made
 * with the engine's. Nor does fdinfo tell FAN_ENABLE_AUDIT, which only counts where permission is given.
 *
 * Groups that are asked for permission are refused: whatever is opened, on the whole machine, would wait for a clone that
 * is frozen; ptree itself would. Events that the source has not read yet are the source's, as those of inotify.
 */
#include "fanotify.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "../call.h"
#include "fanotify-marks.h"
#include "fdinfo.h"
#include "status.h"

bool ptree_fanotify_is(const struct ptree_file *f)
{
	return !strcmp(f->info.name, "[fanotify]") && f->info.is & PTREE_FILE_INTERNAL;
}

static bool asks_permission(const struct ptree_file *f)
{
	const char *at = f->fdinfo ?: "", *line;
	uint64_t mask;

	while ((line = ptree_fdinfo_next(&at, "fanotify ")))
		if (ptree_fdinfo_field(line, "mask:", 16, &mask) == 0 && mask & PTREE_FANOTIFY_ASKS)
			return true;
	return false;
}

int ptree_fanotify_judge(struct ptree_op *op, struct ptree_file *f)
{
	(void)op;
	if (f->policy == PTREE_POLICY_SHARE)
		return ptree_file_note(f, "source and clone take events from each other");
	if (asks_permission(f))
		return ptree_file_refuse(f, "a fanotify group that the kernel asks for permission: all would wait for the clone as long as it is frozen; --share=events lets either side answer");
	return 0;
}

static int mark_error(struct ptree_op *op, const struct ptree_file *f, int r, const char *verb)
{
	const struct ptree_fanotify_marks *marks = f->state;
	char name[192] = "its marks", what[288];

	if (marks)
		ptree_fanotify_marks_describe(marks, name, sizeof(name));
	snprintf(what, sizeof(what), "%s %s, which it watches (--share=events)", verb, name);
	return ptree_file_error(op, f, r, what);
}

/* What is in the queue is told; it stays the source's. */
int ptree_fanotify_capture(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_close_ int fd = ptree_file_borrow(f);
	struct ptree_fanotify_marks *marks = NULL;
	int unread = 0, r;

	if (fd < 0)
		return ptree_file_error(op, f, fd, "borrowing it");
	if (ioctl(fd, FIONREAD, &unread) < 0)
		return ptree_file_error(op, f, -errno, "asking for unread events");
	if (unread && ptree_file_note(f, "events that nobody has read yet are the source's alone") < 0)
		return ptree_error_oom(&op->error, "capture");
	r = ptree_fanotify_marks_read(f->fdinfo, f->fds[0].member, &marks);
	f->state = marks;
	return r < 0 ? mark_error(op, f, r, "finding") : 0;
}

static int group_make(struct ptree_op *op, const struct ptree_file *f, unsigned call_flags)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	const char *at = f->fdinfo ?: "", *line = ptree_fdinfo_next(&at, "fanotify ");
	const struct ptree_member *member = f->fds[0].member;
	uint64_t flags, event_flags;
	int r;

	if (!line || ptree_fdinfo_field(line, "flags:", 16, &flags) < 0 ||
	    ptree_fdinfo_field(line, "event-flags:", 16, &event_flags) < 0)
		return -EBADMSG;
	ptree_calls_add(&calls, SYS_fanotify_init, CALL_NUMBER(flags | FAN_CLOEXEC), CALL_NUMBER(event_flags));
	r = ptree_calls_run(&calls, op, member, call_flags, "settle");
	return r < 0 ? r : ptree_call_take(op, member, (int)calls.results[0], "settle");
}

static int group_fill(struct ptree_op *op, struct ptree_file *f, unsigned call_flags)
{
	f->twin_fd = ptree_close_fd(f->twin_fd);
	f->twin_fd = group_make(op, f, call_flags);
	return f->twin_fd < 0 ? f->twin_fd : ptree_fanotify_marks_add(f->state, f->twin_fd);
}

int ptree_fanotify_settle(struct ptree_op *op, struct ptree_file *f)
{
	int r;

	r = ptree_fanotify_marks_find(f->state, op, f->fds[0].member);
	if (r < 0)
		return mark_error(op, f, r, "finding");
	r = group_fill(op, f, 0);
	/* Marks of mounts and file systems are not for an unprivileged group, either. */
	if (r == -EPERM && op->error.code == 0)
		r = group_fill(op, f, PTREE_CALL_PRIVILEGED);
	if (r < 0 && f->twin_fd < 0)
		return ptree_file_error(op, f, r, "making a new one");
	return r < 0 ? mark_error(op, f, r, "marking") : ptree_status_set(op, f, f->twin_fd);
}

void ptree_fanotify_release(struct ptree_file *f)
{
	ptree_fanotify_marks_free(f->state);
	f->state = NULL;
}
