// SPDX-License-Identifier: LGPL-2.1-or-later
/* attach: the master of a clone's terminal, for whoever wants to sit in front of it. ptreectl does the sitting. */
#include "attach.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "proc.h"
#include "util.h"

int ptree_attach_open(pid_t init_pid, uint64_t init_start)
{
	_cleanup_close_ int pidfd = ptree_proc_pidfd_open(init_pid, init_start), fd = -1;
	unsigned number;

	if (pidfd < 0)
		return pidfd;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, PTREE_ATTACH_FD, 0);
	if (fd < 0)
		return errno == EBADF ? -ENOTTY : -errno;
	if (ioctl(fd, TIOCGPTN, &number) < 0)
		return -ENOTTY;
	return TAKE_FD(fd);
}
