// SPDX-License-Identifier: LGPL-2.1-or-later
/* capture and settle: the two steps that go through the table of kinds (kinds.c), and what kinds have in common. */
#include "settle.h"

#include <stdarg.h>
#include <string.h>

#include "redirect.h"
#include "secrets.h"

#define INSTALL_MAX 4096	/* files in one INSTALL */

typedef int ptree_kind_fn(struct ptree_op *op, struct ptree_file *f);

int ptree_file_note(struct ptree_file *f, const char *format, ...)
{
	va_list args;
	char *note;
	int n;

	va_start(args, format);
	n = vasprintf(&note, format, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	free(f->note);
	f->note = note;
	return 0;
}

int ptree_file_refuse(struct ptree_file *f, const char *format, ...)
{
	va_list args;
	char *note;
	int n;

	f->policy = PTREE_POLICY_REFUSE;
	va_start(args, format);
	n = vasprintf(&note, format, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	free(f->note);
	f->note = note;
	return 0;
}

static pid_t user_of(const struct ptree_file *f)
{
	return f->nr_fds > 0 ? f->fds[0].member->pid : f->nr_mappings > 0 ? f->mappings[0].member->pid : 0;
}

int ptree_file_error(struct ptree_op *op, const struct ptree_file *f, int r, const char *what)
{
	char name[400];

	return ptree_error_set(&op->error, r, user_of(f), "%s: %s: %s: %m", ptree_step_name(op->step),
			       ptree_file_describe(f, name, sizeof(name)), what);
}

enum ptree_policy ptree_policy_asked(const struct ptree_op *op, enum ptree_group group)
{
	return op->policies.of[group];
}

static int judge(struct ptree_op *op, struct ptree_file *f)
{
	const struct ptree_kind *kind = ptree_kinds;
	enum ptree_policy asked;

	while (!kind->is(f))
		kind++; /* the last row is everybody's */
	f->kind = kind;
	f->policy = kind->policy;
	asked = ptree_policy_asked(op, kind->group);
	if (asked && kind->may & (1u << asked))
		f->policy = asked;
	return kind->judge ? kind->judge(op, f) : 0;
}

int ptree_settle_judge(struct ptree_op *op)
{
	for (size_t i = 0; i < op->files.nr_files; i++) {
		int r = judge(op, &op->files.files[i]);

		if (r == -ENOMEM && op->error.code != r)
			return ptree_error_oom(&op->error, ptree_step_name(op->step));
		if (r < 0)
			return r;
	}
	return 0;
}

int ptree_settle_check(struct ptree_op *op)
{
	for (size_t i = 0; i < op->files.nr_files; i++) {
		struct ptree_file *f = &op->files.files[i];
		char name[400];

		if (f->policy != PTREE_POLICY_REFUSE)
			continue;
		return ptree_error_set(&op->error, -EOPNOTSUPP, user_of(f), "%s: %s: %s", ptree_step_name(op->step),
				       ptree_file_describe(f, name, sizeof(name)),
				       f->note ?: "it cannot be cloned");
	}
	return 0;
}

/* One step for the files of all kinds that have it, kind by kind; not what is given from outside, once it is in place. */
static int for_each_private(struct ptree_op *op, size_t step_offset)
{
	bool installed = step_offset == offsetof(struct ptree_kind, finish);

	for (const struct ptree_kind *kind = ptree_kinds; kind->name; kind++) {
		ptree_kind_fn *step = *(ptree_kind_fn *const *)((const char *)kind + step_offset);

		if (!step)
			continue;
		for (size_t i = 0; i < op->files.nr_files; i++) {
			struct ptree_file *f = &op->files.files[i];
			int r;

			if (f->kind != kind || (f->policy != PTREE_POLICY_PRIVATE && f->policy != PTREE_POLICY_SEVER))
				continue;
			if (installed && f->replaced_by >= 0)
				continue;
			r = step(op, f);
			if (r < 0)
				return op->error.code < 0 ? r : ptree_file_error(op, f, r, kind->name);
		}
	}
	return 0;
}

static int install_send(struct ptree_op *op, const struct ptree_install *list, size_t nr)
{
	uint32_t file;
	int r;

	r = ptree_kernel_install(op->kernel, (uint32_t)op->id, list, nr, &file, &op->error);
	if (r < 0 && file < op->files.nr_files)
		return ptree_file_error(op, &op->files.files[file], r, "it cannot be opened anew for the clone");
	return r;
}

/* The clone's files in place of the source's, all of them. */
static int install(struct ptree_op *op)
{
	_cleanup_free_ struct ptree_install *list = calloc(INSTALL_MAX, sizeof(*list));
	size_t nr = 0;
	int r;

	if (!list)
		return ptree_error_oom(&op->error, "settle");
	for (size_t i = 0; i < op->files.nr_files; i++) {
		struct ptree_file *f = &op->files.files[i];

		if ((f->twin_fd < 0 && !f->reopen) || f->nr_fds == 0)
			continue;
		list[nr++] = (struct ptree_install){ .file = f->index, .fd = f->reopen ? -1 : f->twin_fd };
		if (nr < INSTALL_MAX)
			continue;
		r = install_send(op, list, nr);
		if (r < 0)
			return r;
		nr = 0;
	}
	return nr > 0 ? install_send(op, list, nr) : 0;
}

int ptree_capture(struct ptree_op *op)
{
	int r;

	r = ptree_files_read(&op->files, op->kernel, (uint32_t)op->id, op->order, op->nr_members, -1, "capture",
			     &op->error);
	if (r < 0)
		return r;
	r = ptree_settle_judge(op);
	if (r < 0)
		return r;
	r = ptree_redirect_judge(op);
	if (r < 0)
		return r;
	r = ptree_settle_check(op);
	if (r < 0)
		return r;
	r = ptree_namespaces_capture(op);
	if (r < 0)
		return r;
	r = ptree_copies_capture(op);
	if (r < 0)
		return r;
	return for_each_private(op, offsetof(struct ptree_kind, capture));
}

/* What the clone will not have to itself. It has the source's files as yet, so that /proc can name them. */
static int report(struct ptree_op *op)
{
	int r = ptree_report_add_files(op->report, op, false);

	if (r >= 0)
		r = ptree_report_add_namespaces(op->report, op->members[0]->twin, &op->policies);
	if (r >= 0)
		r = ptree_report_add_secrets(op->report, op->members, op->nr_members);
	if (r == -ENOMEM)
		return ptree_error_oom(&op->error, "settle");
	if (r < 0)
		return ptree_error_set(&op->error, r, op->pid, "settle: cannot look at the clone of pid %d: %m", op->pid);
	ptree_report_sort(op->report);
	return 0;
}

int ptree_settle(struct ptree_op *op)
{
	int r;

	op->report = ptree_report_new();
	if (!op->report)
		return ptree_error_oom(&op->error, "settle");
	r = ptree_copies_settle(op);
	if (r < 0)
		return r;
	r = ptree_namespaces_settle(op);
	if (r < 0)
		return r;
	r = for_each_private(op, offsetof(struct ptree_kind, settle));
	if (r < 0)
		return r;
	r = report(op);
	if (r < 0)
		return r;
	r = ptree_redirect_settle(op);
	if (r < 0)
		return r;
	r = install(op);
	if (r < 0)
		return r;
	r = for_each_private(op, offsetof(struct ptree_kind, finish));
	if (r < 0)
		return r;
	return ptree_redirect_finish(op);
}

void ptree_settle_done(struct ptree_op *op)
{
	for (size_t i = 0; i < op->files.nr_files; i++) {
		struct ptree_file *f = &op->files.files[i];

		if (f->kind && f->kind->release)
			f->kind->release(f);
	}
	ptree_files_done(&op->files);
}
