// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ptree-init, as pid 1 of a new pid namespace. The kernel module would give it the root; here it gets one as the kernel
 * gives it any orphan: a helper enters the namespace (setns), and its grandchild is left behind.
 */
#include "support.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "proc.h"

struct init {
	pid_t pid;
	pid_t root;		/* as we see it */
	int status_fd;
};

static void root_run(const char *what)
{
	sigset_t none;

	/* What whoever runs the tests ignores (nohup: SIGHUP) is inherited. */
	for (int signal = 1; signal < SIGRTMIN; signal++)
		sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (strcmp(what, "exit 7") == 0) {
		usleep(20000);
		_exit(7);
	}
	for (;;)
		pause();
}

/* In the namespace the helper's child is number 2 and the root, its orphan, is number 3. */
static pid_t root_add(pid_t init, const char *what)
{
	char path[64];
	int fd, pids[2];
	pid_t helper, root = 0;

	assert_int_equal(pipe2(pids, O_CLOEXEC), 0);
	helper = fork();
	if (helper == 0) {
		pid_t middle;

		snprintf(path, sizeof(path), "/proc/%d/ns/pid", init);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (setns(fd, CLONE_NEWPID) < 0)
			_exit(1);
		middle = fork();
		if (middle == 0) {
			pid_t orphan = fork();

			if (orphan == 0) {
				while (getppid() != 1)
					usleep(100);
				(void)!write(pids[1], "", 1);
				root_run(what);
			}
			_exit(orphan == 3 ? 0 : 1);
		}
		int status;

		waitpid(middle, &status, 0);
		_exit(status ? 1 : 0);
	}
	{
		int status;
		char c;

		waitpid(helper, &status, 0);
		assert_int_equal(status, 0);
		assert_int_equal(read(pids[0], &c, 1), 1);
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", init, init);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		memset(path, 0, sizeof(path));
		assert_true(read(fd, path, sizeof(path) - 1) > 0);
		root = atoi(path);
		close(fd);
	}
	close(pids[0]);
	close(pids[1]);
	return root;
}

static struct init init_start(const char *what)
{
	struct init init = { .status_fd = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600) };
	int control[2];
	int32_t word;

	assert_true(init.status_fd >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
	init.pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	assert_true(init.pid >= 0);
	if (init.pid == 0) {
		dup2(control[1], 0);
		dup2(init.status_fd, 1);
		execl(getenv("PTREE_INIT") ?: "ptree-init", "ptree-init", NULL);
		_exit(127);
	}
	close(control[1]);
	assert_int_equal(read(control[0], &word, sizeof(word)), sizeof(word));
	assert_int_equal(word, 0);
	word = 3;
	assert_int_equal(write(control[0], &word, sizeof(word)), sizeof(word));
	assert_int_equal(read(control[0], &word, sizeof(word)), sizeof(word));
	assert_int_equal(word, 0);
	assert_int_equal(read(control[0], &word, sizeof(word)), 0); /* closed */
	close(control[0]);
	if (what)
		init.root = root_add(init.pid, what);
	return init;
}

static int init_status(struct init *init, int *left)
{
	char text[32] = "";
	int status;

	assert_int_equal(waitpid(init->pid, &status, 0), init->pid);
	assert_true(pread(init->status_fd, text, sizeof(text) - 1, 0) >= 0);
	*left = *text ? atoi(text) : -1;
	close(init->status_fd);
	return status;
}

static void exit_status_of_the_root_becomes_its_own(void **state)
{
	struct init init;
	int status, left;

	(void)state;
	test_needs_root();
	init = init_start("exit 7");
	status = init_status(&init, &left);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(left, 7 << 8);
}

static void signal_that_killed_the_root_is_told(void **state)
{
	struct init init;
	int status, left;

	(void)state;
	test_needs_root();
	init = init_start("pause");
	kill(init.root, SIGKILL);
	status = init_status(&init, &left);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGKILL);
	assert_int_equal(left, SIGKILL);
}

static void signals_are_passed_on(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGALRM };

	(void)state;
	test_needs_root();
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct init init = init_start("pause");
		int left;

		kill(init.pid, signals[i]);
		init_status(&init, &left);
		assert_int_equal(left & 0x7f, signals[i]);
	}
}

static void orphans_are_reaped_and_do_not_end_it(void **state)
{
	struct init init;
	char path[64];
	int left;

	(void)state;
	test_needs_root();
	init = init_start("pause");
	/* Another orphan, which is not the root, comes and goes. */
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", init.pid);
	if (fork() == 0) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (setns(fd, CLONE_NEWPID) == 0 && fork() == 0 && fork() == 0) {
			usleep(10000);
			_exit(9);
		}
		_exit(0);
	}
	/* Both helpers: a pid namespace does not end before its zombies are reaped, and these are ours to reap. */
	test_wait_for(waitpid(-1, NULL, WNOHANG) > 0);
	test_wait_for(waitpid(-1, NULL, WNOHANG) > 0);
	usleep(20000);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", init.pid, init.pid);
	test_wait_for(({
		char text[64] = "";
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		assert_true(read(fd, text, sizeof(text) - 1) >= 0);
		close(fd);
		atoi(text) == init.root && strchr(text, ' ')[1] == '\0';
	}));
	kill(init.pid, SIGKILL);
	init_status(&init, &left);
	assert_int_equal(left, -1);
	test_wait_for(ptree_proc_start(init.root) == 0);
}

static void engine_that_dies_before_arming_ends_it(void **state)
{
	int control[2], status;
	pid_t pid;

	(void)state;
	test_needs_root();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
	pid = fork();
	if (pid == 0) {
		dup2(control[1], 0);
		execl(getenv("PTREE_INIT") ?: "ptree-init", "ptree-init", NULL);
		_exit(127);
	}
	close(control[0]);
	close(control[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_status_of_the_root_becomes_its_own),
		cmocka_unit_test(signal_that_killed_the_root_is_told),
		cmocka_unit_test(signals_are_passed_on),
		cmocka_unit_test(orphans_are_reaped_and_do_not_end_it),
		cmocka_unit_test(engine_that_dies_before_arming_ends_it),
	};

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
