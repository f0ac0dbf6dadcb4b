// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ptree-fork: clones the process that started it, from outside of that one's tree. Started by ptree_fork() where that does
 * without ptreed (backend/direct-fork.c); what it is to do stands on its command line (fork-words.c). Its answer ends the
 * caller's wait; in the clone that wait ends because the socket is cut off.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "backend/direct-fork.h"
#include "fork-words.h"

/* Nothing of the caller's but what it was given: not its terminal, its streams, its directory, its mask of signals. */
static int settle_down(struct ptree_fork_request *request)
{
	sigset_t none;
	int null;

	for (int i = 0; i < 3; i++) {
		if (request->stdio_fds[i] < 0)
			continue;
		request->stdio_fds[i] = fcntl(request->stdio_fds[i], F_DUPFD_CLOEXEC, 3);
		if (request->stdio_fds[i] < 0)
			return -errno;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -errno;
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	fcntl(request->socket, F_SETFD, FD_CLOEXEC);
	fcntl(request->pidfd, F_SETFD, FD_CLOEXEC);

	setsid();
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return chdir("/") < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	struct ptree_fork_answer answer = { 0 };
	struct ptree_fork_request request;
	int r;

	(void)argc;
	r = ptree_fork_words_read(argv, &request, &answer.error);
	if (r < 0) {
		fprintf(stderr, "%s\n", answer.error.message);
		return 2;
	}
	r = settle_down(&request);
	if (r < 0)
		ptree_error_set(&answer.error, r, 0, "fork: ptree-fork cannot begin: %m");
	else
		r = ptree_direct_clone_asker(request.pidfd, &request.options, &answer.id, &answer.error);
	if (r < 0 && answer.error.code >= 0)
		ptree_error_set(&answer.error, r, 0, "fork: %m");
	/* Should nobody listen any more, there is nobody to tell. */
	(void)!send(request.socket, &answer, sizeof(answer), MSG_NOSIGNAL);
	return r < 0;
}
