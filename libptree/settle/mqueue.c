// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * POSIX message queues. An empty one becomes private: a new queue of the same attributes, without a name, in the clone's
 * ipc namespace. Messages can only be looked at by taking them, so a queue that has some stays the source's and is shared;
 * so does one that somebody waits for with mq_notify(), which tells nobody what it was told.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mqueue.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../call.h"
#include "mqueue.h"

#define MQUEUE_MAGIC 0x19800202

/* Of the first description of a queue. */
struct queue {
	int fd;			/* the clone's */
	struct stat st;
	struct mq_attr attributes;
};

bool ptree_mqueue_is(const struct ptree_file *f)
{
	return f->info.fs_magic == MQUEUE_MAGIC && S_ISREG(f->info.mode);
}

int ptree_mqueue_judge(struct ptree_op *op, struct ptree_file *f)
{
	(void)op;
	return f->policy == PTREE_POLICY_SHARE ? ptree_file_note(f, "source and clone take messages from each other") : 0;
}

/* "QSIZE:0          NOTIFY:0     SIGNO:0     NOTIFY_PID:0" */
static bool is_notified(int fd)
{
	char text[128];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	const char *pid;

	if (n <= 0)
		return false;
	text[n] = '\0';
	pid = strstr(text, "NOTIFY_PID:");
	return pid && atoi(pid + strlen("NOTIFY_PID:"));
}

static int share_all(struct ptree_file *f, const char *why)
{
	int r = 0;

	for (; f && r == 0; f = f->next) {
		f->policy = PTREE_POLICY_SHARE;
		r = ptree_file_note(f, "%s", why);
	}
	return r;
}

int ptree_mqueue_capture(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_close_ int fd = -1;
	struct queue *queue;
	char why[96];

	if (f != f->first)
		return 0;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return ptree_error_oom(&op->error, "capture");
	queue->fd = -1;
	f->state = queue;
	fd = ptree_file_borrow(f);
	if (fd < 0)
		return ptree_file_error(op, f, fd, "borrowing it");
	if (fstat(fd, &queue->st) < 0 || syscall(SYS_mq_getsetattr, fd, NULL, &queue->attributes) < 0)
		return ptree_file_error(op, f, -errno, "asking for its attributes");
	if (queue->attributes.mq_curmsgs) {
		snprintf(why, sizeof(why), "%ld messages wait in it, which cannot be copied without taking them",
			 queue->attributes.mq_curmsgs);
		return share_all(f, why);
	}
	if (is_notified(fd))
		return share_all(f, "somebody is to be notified of a message with mq_notify(), which cannot be asked for");
	return 0;
}

/*
 * Made by a process of the clone, because of its namespace; and its name taken away again by the same request, so that
 * nothing is left of it when the engine is killed.
 */
static int queue_make(struct ptree_op *op, struct ptree_file *f, struct queue *queue)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	const struct ptree_member *member = f->fds[0].member;
	char text[48];
	size_t name, attributes;
	int r;

	snprintf(text, sizeof(text), "ptree-%" PRIu64 "-%u", op->id, f->index);
	name = ptree_calls_data(&calls, text, sizeof(text));
	attributes = ptree_calls_data(&calls, &queue->attributes, sizeof(queue->attributes));
	ptree_calls_add(&calls, SYS_mq_open, CALL_DATA(name), CALL_NUMBER(O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC),
			CALL_NUMBER(0600), CALL_DATA(attributes));
	ptree_calls_add(&calls, SYS_mq_unlink, CALL_DATA(name));
	r = ptree_calls_run(&calls, op, member, PTREE_CALL_PRIVILEGED, "settle");
	if (r < 0)
		return r;
	queue->fd = ptree_call_take(op, member, (int)calls.results[0], "settle");
	if (queue->fd < 0)
		return queue->fd;
	if (fchown(queue->fd, queue->st.st_uid, queue->st.st_gid) < 0 || fchmod(queue->fd, queue->st.st_mode & 07777) < 0)
		return -errno;
	return 0;
}

int ptree_mqueue_settle(struct ptree_op *op, struct ptree_file *f)
{
	struct queue *queue = f->first->state;
	char path[64];
	int r;

	if (queue->fd < 0) {
		r = queue_make(op, f, queue);
		if (r < 0)
			return ptree_file_error(op, f, r, "making a new queue");
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", queue->fd);
	f->twin_fd = open(path, (int)(f->info.flags & (O_ACCMODE | O_NONBLOCK)) | O_CLOEXEC);
	if (f->twin_fd < 0)
		return ptree_file_error(op, f, -errno, "opening the new queue");
	if (f->info.is & PTREE_FILE_UNLINKED)
		return 0;
	return ptree_file_note(f, "the clone's queue has no name: who opens \"%s\" again gets the source's", f->info.name);
}

void ptree_mqueue_release(struct ptree_file *f)
{
	struct queue *queue = f->state;

	if (!queue)
		return;
	ptree_close_fd(queue->fd);
	free(queue);
	f->state = NULL;
}
