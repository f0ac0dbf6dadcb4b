// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is in a pipe, moved to another. See man 2 splice; that whole buffers are moved: splice_pipe_to_pipe(), fs/splice.c. */
#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>

#include "pipe.h"

static void cleanup_pipe(int (*ends)[2])
{
	ptree_close_fd((*ends)[0]);
	ptree_close_fd((*ends)[1]);
}

/* The number of bytes; 0: there is nothing to be moved. */
static int buffers_splice(int from, int to)
{
	ssize_t n = splice(from, NULL, to, NULL, INT_MAX, SPLICE_F_NONBLOCK);

	return n >= 0 ? (int)n : errno == EAGAIN ? 0 : -errno;
}

/* Writing makes a buffer on a page of its own, with room behind. */
static int rewrite(int from, int to, size_t size, size_t page_size)
{
	_cleanup_free_ char *page = malloc(page_size);
	ssize_t n;

	if (!page)
		return -ENOMEM;
	n = read(from, page, size);
	if (n == (ssize_t)size)
		n = write(to, page, size);
	return n == (ssize_t)size ? 0 : n < 0 ? -errno : -EIO;
}

int ptree_pipe_move(int from, int to, bool mergeable)
{
	_cleanup_(cleanup_pipe) int one[2] = { -1, -1 };
	int page_size = (int)sysconf(_SC_PAGESIZE), left, n;

	if (!mergeable) {
		n = buffers_splice(from, to);
		return n < 0 ? n : 0;
	}
	/* A pipe that holds one buffer tells how long each one is. */
	if (pipe2(one, O_CLOEXEC | O_NONBLOCK) < 0 || fcntl(one[1], F_SETPIPE_SZ, page_size) < 0)
		return -errno;
	while ((n = buffers_splice(from, one[1])) > 0) {
		if (ioctl(from, FIONREAD, &left) < 0)
			return -errno;
		n = left == 0 && n <= page_size ? rewrite(one[0], to, (size_t)n, (size_t)page_size) :
						  buffers_splice(one[0], to);
		if (n < 0)
			return n;
	}
	return n;
}
