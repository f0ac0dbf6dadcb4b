// SPDX-License-Identifier: LGPL-2.1-or-later
/* Descriptors that are given for the clone's standard input, output and error. */
#include "redirect.h"

#include <fcntl.h>

#include "op.h"

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
	for (int i = 0; fds && i < 3; i++) {
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
