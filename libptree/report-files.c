// SPDX-License-Identifier: LGPL-2.1-or-later
/* The open files and shared mappings of an op, as objects of a report. */
#include <string.h>
#include <sys/stat.h>

#include "report.h"
#include "settle.h"
#include "settle/copied.h"
#include "settle/database.h"

/* "--share=pipes or --sever=pipes": what an option might make of it instead. */
static const char *option_of(const struct ptree_file *f, char *buffer, size_t size)
{
	static const struct {
		enum ptree_policy policy;
		const char *option;
	} ways[] = { { PTREE_POLICY_SHARE, "share" }, { PTREE_POLICY_SEVER, "sever" } };
	const char *word = ptree_group_word(f->kind->group);
	size_t n = 0;

	*buffer = '\0';
	for (size_t i = 0; word && i < ARRAY_SIZE(ways); i++)
		if (f->kind->may & (1u << ways[i].policy) && f->policy != ways[i].policy && n < size)
			n += (size_t)snprintf(buffer + n, size - n, "%s--%s=%s", n ? " or " : "", ways[i].option, word);
	return buffer;
}

/* The clone's own offset in a file that both write to: what is shared is the contents. */
static bool has_shared_contents(const struct ptree_file *f)
{
	return S_ISREG(f->info.mode) && ptree_file_writes(f) && f->kind->group == PTREE_GROUP_FILES &&
	       f->policy == PTREE_POLICY_PRIVATE && !ptree_copied_is(f);
}

static int add_users(struct ptree_report *r, const struct ptree_file *f)
{
	int error = 0;

	for (size_t i = 0; i < f->nr_fds && error == 0; i++)
		error = ptree_report_add_user(r, f->fds[i].member->pid, f->fds[i].fd);
	for (size_t i = 0; i < f->nr_mappings && error == 0; i++)
		if (i == 0 || f->mappings[i].member != f->mappings[i - 1].member)
			error = ptree_report_add_user(r, f->mappings[i].member->pid, -1);
	return error;
}

static int add_file(struct ptree_report *r, const struct ptree_file *f)
{
	_cleanup_free_ char *database = NULL;
	enum ptree_policy policy = f->gone ? PTREE_POLICY_PRIVATE : f->policy;
	char description[400], option[96];
	const char *kind = f->kind->name;
	int error;

	ptree_file_describe(f, description, sizeof(description));
	option_of(f, option, sizeof(option));
	if (!f->gone && has_shared_contents(f)) {
		policy = PTREE_POLICY_SHARE;
		kind = "writable file";
		error = ptree_database_find(f, &database, option, sizeof(option));
		if (error < 0)
			return error;
	}
	error = ptree_report_add(r, policy, kind, description, database ?: f->note, f->gone ? "" : option);
	return error < 0 ? error : add_users(r, f);
}

static bool is_worth_telling(const struct ptree_file *f)
{
	if (f->gone)
		return false;
	return f->policy == PTREE_POLICY_SHARE || f->policy == PTREE_POLICY_SEVER || f->note || has_shared_contents(f);
}

int ptree_report_add_files(struct ptree_report *r, const struct ptree_op *op, bool all)
{
	for (size_t i = 0; i < op->files.nr_files; i++) {
		const struct ptree_file *f = &op->files.files[i];
		int error;

		if (f->nr_fds + f->nr_mappings == 0 || (!all && !is_worth_telling(f)))
			continue;
		error = add_file(r, f);
		if (error < 0)
			return error;
	}
	return 0;
}
