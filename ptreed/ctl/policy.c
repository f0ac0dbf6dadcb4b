// SPDX-License-Identifier: GPL-2.0-or-later
/* Options of clone and inspect that say what the clone shares, and what its standard input and output are. */
#include <fcntl.h>
#include <string.h>

#include "policy.h"

/* "--share=pipes --share=unix" is "--share=pipes,unix". */
static int list_add(const char **list, char **own, const char *words)
{
	char *joined;

	if (asprintf(&joined, "%s%s%s", *own ?: "", *own ? "," : "", words) < 0)
		abort();
	free(*own);
	*list = *own = joined;
	return -1;
}

static int path_add(struct policy_arguments *a, const char *path)
{
	a->copy_paths = reallocarray(a->copy_paths, a->nr_copy_paths + 2, sizeof(*a->copy_paths));
	if (!a->copy_paths)
		abort();
	a->copy_paths[a->nr_copy_paths++] = path;
	a->copy_paths[a->nr_copy_paths] = NULL;
	a->options.copy_paths = a->copy_paths;
	return -1;
}

/* As a shell would with <FILE and >>FILE: nothing that is there already is lost. */
static int file_open(struct ctl *ctl, struct policy_arguments *a, int number, const char *path)
{
	static const char *const names[] = { "stdin", "stdout", "stderr" };
	int flags = (number == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_APPEND) | O_NOCTTY | O_CLOEXEC;

	ptree_close_fd(a->stdio_fds[number]);
	a->stdio_paths[number] = path;
	/* Both into one file: one open file, as with 2>&1. */
	if (number > 0 && a->stdio_fds[3 - number] >= 0 && strcmp(a->stdio_paths[3 - number], path) == 0)
		a->stdio_fds[number] = fcntl(a->stdio_fds[3 - number], F_DUPFD_CLOEXEC, 3);
	else
		a->stdio_fds[number] = open(path, flags, 0666);
	if (a->stdio_fds[number] < 0)
		return ctl_complain(ctl, errno == EACCES || errno == EPERM ? CTL_PERMISSION : CTL_USAGE,
				    "--%s=%s: %s", names[number], path, strerror(errno));
	a->options.stdio_fds = a->stdio_fds;
	return -1;
}

void policy_arguments_init(struct policy_arguments *a)
{
	*a = (struct policy_arguments){ .options.size = sizeof(a->options), .stdio_fds = { -1, -1, -1 } };
}

void policy_arguments_done(struct policy_arguments *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(a->lists); i++)
		free(a->lists[i]);
	free(a->copy_paths);
	for (size_t i = 0; i < ARRAY_SIZE(a->stdio_fds); i++)
		ptree_close_fd(a->stdio_fds[i]);
	policy_arguments_init(a);
}

int policy_option(struct ctl *ctl, struct policy_arguments *a, int option, const char *value)
{
	switch (option) {
	case CTL_OPTION_SHARE:
		return list_add(&a->options.share_list, &a->lists[0], value);
	case CTL_OPTION_SEVER:
		return list_add(&a->options.sever_list, &a->lists[1], value);
	case CTL_OPTION_PRIVATE:
		return list_add(&a->options.private_list, &a->lists[2], value);
	case CTL_OPTION_FILES:
		a->options.files = value;
		return -1;
	case CTL_OPTION_COPY:
		return path_add(a, value);
	case CTL_OPTION_TTY:
		a->options.tty = value;
		return -1;
	case CTL_OPTION_STDIN:
		return file_open(ctl, a, 0, value);
	case CTL_OPTION_STDOUT:
		return file_open(ctl, a, 1, value);
	case CTL_OPTION_STDERR:
		return file_open(ctl, a, 2, value);
	default:
		return -1;
	}
}
