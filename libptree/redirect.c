// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Standard input, output and error of the clone, where they are given. What the root has as its descriptor 0, 1 or 2 is
 * replaced in every process of the clone and under every number: a shell's children write where the shell does. But
 * often 0, 1 and 2 are one open file, a terminal's, and are not replaced alike: then it is under these numbers only.
 */
#include "redirect.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "call.h"
#include "settle.h"

static const char *const names[] = { "stdin", "stdout", "stderr" };

int ptree_redirect_check(int number, int fd, struct ptree_error *e)
{
	int flags, mode;

	if (fd == -1)
		return 0;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return ptree_error_set(e, -EBADF, 0, "prepare: %s: %d is no open descriptor", names[number], fd);
	mode = flags & O_ACCMODE;
	if (flags & O_PATH || (mode != O_RDWR && mode != (number == 0 ? O_RDONLY : O_WRONLY)))
		return ptree_error_set(e, -EINVAL, 0, "prepare: %s: the file is not open for %s", names[number],
				       number == 0 ? "reading" : "writing");
	return 0;
}

int ptree_redirect_take(struct ptree_op *op, const int *fds)
{
	for (int i = 0; fds && i < PTREE_NR_STDIO; i++) {
		int r = ptree_redirect_check(i, fds[i], &op->error);

		if (r < 0)
			return r;
		if (fds[i] < 0)
			continue;
		ptree_close_fd(op->stdio_fds[i]);
		op->stdio_fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (op->stdio_fds[i] < 0)
			return ptree_error_set(&op->error, -errno, 0, "prepare: %s: cannot duplicate the descriptor: %m",
					       names[i]);
	}
	return 0;
}

static bool is_given(const struct ptree_op *op)
{
	for (int i = 0; i < PTREE_NR_STDIO; i++)
		if (op->stdio_fds[i] >= 0)
			return true;
	return false;
}

static void files_find(struct ptree_op *op)
{
	for (size_t i = 0; i < op->files.nr_fds; i++) {
		const struct ptree_fd *d = &op->files.fds[i];

		if (d->fd < PTREE_NR_STDIO && d->member == op->members[0])
			op->stdio_files[d->fd] = d->file;
	}
}

static bool is_same_file(int a, int b)
{
	return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a, b) == 0;
}

/* Is the file replaced by one other, wherever it is? Else number by number. */
static bool is_replaced_everywhere(const struct ptree_op *op, const struct ptree_file *f)
{
	int first = -1;

	for (int i = 0; i < PTREE_NR_STDIO; i++) {
		if (op->stdio_files[i] != f)
			continue;
		if (op->stdio_fds[i] < 0 || (first >= 0 && !is_same_file(op->stdio_fds[i], op->stdio_fds[first])))
			return false;
		first = i;
	}
	return first >= 0;
}

/* What a descriptor of the clone is to be; -1: what it would be. */
static int replacement(const struct ptree_op *op, const struct ptree_fd *d)
{
	if (d->file->replaced_by >= 0)
		return d->file->replaced_by;
	if (!d->file->redirected || d->fd >= PTREE_NR_STDIO || op->stdio_files[d->fd] != d->file)
		return -1;
	return op->stdio_fds[d->fd];
}

/* Nothing of the file is left in the clone then, so it does not matter what could not be done with it. */
static bool is_gone(const struct ptree_op *op, const struct ptree_file *f)
{
	if (f->nr_mappings > 0)
		return false;
	for (size_t i = 0; i < f->nr_fds; i++)
		if (replacement(op, &f->fds[i]) < 0)
			return false;
	return true;
}

int ptree_redirect_judge(struct ptree_op *op)
{
	if (!is_given(op))
		return 0;
	files_find(op);
	for (int i = 0; i < PTREE_NR_STDIO; i++) {
		struct ptree_file *f = op->stdio_files[i];

		if (op->stdio_fds[i] < 0)
			continue;
		if (!f)
			return ptree_error_set(&op->error, -EINVAL, op->pid,
					       "%s: pid %d (%s) has no %s (descriptor %d) that could be replaced; leave --%s out",
					       ptree_step_name(op->step), op->pid, op->members[0]->comm, names[i], i, names[i]);
		f->redirected = true;
		if (is_replaced_everywhere(op, f))
			f->replaced_by = op->stdio_fds[i];
	}
	for (int i = 0; i < PTREE_NR_STDIO; i++) {
		struct ptree_file *f = op->stdio_files[i];

		if (op->stdio_fds[i] < 0 || !is_gone(op, f))
			continue;
		f->gone = true;
		if (f->policy == PTREE_POLICY_REFUSE)
			f->policy = PTREE_POLICY_SHARE; /* until then: nothing is to be done with it */
		if (ptree_file_note(f, "replaced by the %s that is given", names[i]) < 0)
			return ptree_error_oom(&op->error, ptree_step_name(op->step));
	}
	return 0;
}

/* INSTALL would give a UNIX socket of the caller's the address of the one that it replaces. */
static bool is_socket(int fd)
{
	struct stat s;

	return fstat(fd, &s) == 0 && S_ISSOCK(s.st_mode);
}

static bool is_installed(const struct ptree_file *f)
{
	return f->replaced_by >= 0 && !is_socket(f->replaced_by);
}

int ptree_redirect_settle(struct ptree_op *op)
{
	for (int i = 0; i < PTREE_NR_STDIO; i++) {
		struct ptree_file *f = op->stdio_files[i];

		if (op->stdio_fds[i] < 0 || !is_installed(f))
			continue;
		f->reopen = false;
		ptree_close_fd(f->twin_fd);
		f->twin_fd = fcntl(f->replaced_by, F_DUPFD_CLOEXEC, 3);
		if (f->twin_fd < 0)
			return ptree_file_error(op, f, -errno, "cannot duplicate the descriptor that is given");
	}
	return 0;
}

static int calls_run(struct ptree_calls *calls, struct ptree_op *op, const struct ptree_file *f,
		     const struct ptree_member *m)
{
	int r;

	if (calls->nr == 0)
		return 0;
	r = ptree_calls_run(calls, op, m, 0, "settle");
	ptree_calls_done(calls);
	return r < 0 && op->error.code >= 0 ? ptree_file_error(op, f, r, "cannot put what is given in its place") : r;
}

/* Descriptors of one file, by member: each has its dup3() called for it. */
static int replace_by_number(struct ptree_op *op, const struct ptree_file *f)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	int r = 0;

	for (size_t i = 0; i < f->nr_fds && r >= 0; i++) {
		const struct ptree_fd *d = &f->fds[i];
		int fd = replacement(op, d);

		if (i > 0 && (d->member != d[-1].member || calls.nr == PTREE_MAX_CALLS))
			r = calls_run(&calls, op, f, d[-1].member);
		if (r >= 0 && fd >= 0)
			ptree_calls_add(&calls, SYS_dup3, CALL_FILE(fd), CALL_NUMBER(d->fd),
					CALL_NUMBER(d->cloexec ? O_CLOEXEC : 0));
	}
	return r < 0 ? r : calls_run(&calls, op, f, f->fds[f->nr_fds - 1].member);
}

/* One file under several numbers is done once, with the first of them that is given. */
static bool is_done(const struct ptree_op *op, int number)
{
	for (int i = 0; i < number; i++)
		if (op->stdio_fds[i] >= 0 && op->stdio_files[i] == op->stdio_files[number])
			return true;
	return false;
}

int ptree_redirect_finish(struct ptree_op *op)
{
	int r = 0;

	for (int i = 0; i < PTREE_NR_STDIO && r >= 0; i++)
		if (op->stdio_fds[i] >= 0 && !is_installed(op->stdio_files[i]) && !is_done(op, i))
			r = replace_by_number(op, op->stdio_files[i]);
	return r;
}
