// SPDX-License-Identifier: GPL-2.0-or-later
/* Parsing of /proc: proc.c. */
#include "support.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "proc.h"

#define STAT_TAIL " S 7 42 42 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 3 0 12345 1 2 3"

static void stat_is_parsed(void **state)
{
	struct ptree_proc_stat s;

	(void)state;
	assert_int_equal(ptree_proc_stat_parse("42 (bash)" STAT_TAIL, &s), 0);
	assert_int_equal(s.pid, 42);
	assert_string_equal(s.comm, "bash");
	assert_int_equal(s.state, 'S');
	assert_int_equal(s.ppid, 7);
	assert_int_equal(s.flags, 4194560);
	assert_int_equal(s.nr_threads, 3);
	assert_int_equal(s.start, 12345);
}

static void name_may_hold_parentheses_and_newlines(void **state)
{
	struct ptree_proc_stat s;

	(void)state;
	assert_int_equal(ptree_proc_stat_parse("42 (a) R 1 (\n))" STAT_TAIL, &s), 0);
	assert_string_equal(s.comm, "a) R 1 (\n)");
	assert_int_equal(s.ppid, 7);
}

static void broken_stat_is_refused(void **state)
{
	static const char *const broken[] = { "", "42", "42 (bash", "42 (bash)", "42 (bash) S 7", "x (y)" STAT_TAIL, ")(" };
	struct ptree_proc_stat s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++)
		assert_int_equal(ptree_proc_stat_parse(broken[i], &s), -EBADMSG);
}

static void status_gives_tracer_and_numbers(void **state)
{
	struct ptree_proc_status s;

	(void)state;
	assert_int_equal(ptree_proc_status_parse("Name:\tTracerPid:\t9\nTracerPid:\t5\nNSpid:\t4312\t77\t3\nNSpgid:\t1\n", &s),
			 0);
	assert_int_equal(s.tracer, 5);
	assert_int_equal(s.nr_numbers, 3);
	assert_int_equal(s.numbers[0], 4312);
	assert_int_equal(s.numbers[2], 3);
}

static void status_without_numbers_is_refused(void **state)
{
	struct ptree_proc_status s;

	(void)state;
	assert_int_equal(ptree_proc_status_parse("TracerPid:\t0\n", &s), -EBADMSG);
	assert_int_equal(ptree_proc_status_parse("TracerPid:\t0\nNSpid:\t\n", &s), -EBADMSG);
	assert_int_equal(ptree_proc_status_parse("TracerPid:\t0\nNSpid:\tx\n", &s), -EBADMSG);
}

static void own_process_is_found(void **state)
{
	_cleanup_close_ int fd = -1;
	struct ptree_proc_status status;
	struct ptree_proc_stat stat;

	(void)state;
	prctl(PR_SET_NAME, "we ) are (");
	fd = ptree_proc_open(getpid());
	assert_true(fd >= 0);
	assert_int_equal(ptree_proc_stat(fd, &stat), 0);
	assert_int_equal(stat.pid, getpid());
	assert_int_equal(stat.ppid, getppid());
	assert_string_equal(stat.comm, "we ) are (");
	assert_int_equal(ptree_proc_status(fd, &status), 0);
	assert_int_equal(status.tracer, 0);
	assert_int_equal(status.numbers[0], getpid());
	assert_int_equal(stat.start, ptree_proc_start(getpid()));
	assert_int_equal(ptree_proc_in_pidns(getpid(), getppid()), 1);
}

static void process_in_a_pid_namespace_below_is_inside(void **state)
{
	int ready[2];
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0)
		skip(); /* not root */
	if (pid == 0) {
		close(ready[1]);
		(void)!read(ready[0], &c, 1);
		_exit(0);
	}
	close(ready[0]);
	assert_int_equal(ptree_proc_in_pidns(pid, getpid()), 1);
	assert_int_equal(ptree_proc_in_pidns(getpid(), pid), 0);
	close(ready[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(ptree_proc_in_pidns(pid, getpid()), 0);
}

static void process_that_is_gone_is_not_found(void **state)
{
	int fd;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0)
		_exit(0);
	fd = ptree_proc_open(pid);
	waitpid(pid, NULL, 0);
	if (fd >= 0) {
		struct ptree_proc_stat stat;

		/* Whoever gets the number next, this is not his directory. */
		assert_int_equal(ptree_proc_stat(fd, &stat), -ESRCH);
		close(fd);
	}
	assert_int_equal(ptree_proc_open(pid), -ESRCH);
	assert_int_equal(ptree_proc_pidfd_open(pid, 0), -ESRCH);
	assert_int_equal(ptree_proc_start(pid), 0);
}

static void pidfd_knows_its_number_until_the_end(void **state)
{
	_cleanup_close_ int pidfd = -1;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	pidfd = ptree_proc_pidfd_open(pid, ptree_proc_start(pid));
	assert_true(pidfd >= 0);
	assert_int_equal(ptree_proc_pidfd_pid(pidfd), pid);
	assert_int_equal(ptree_proc_pidfd_open(pid, ptree_proc_start(pid) + 1), -ESRCH);
	assert_int_equal(ptree_proc_pidfd_kill(pidfd, SIGKILL), 0);
	waitpid(pid, NULL, 0);
	assert_int_equal(ptree_proc_pidfd_pid(pidfd), -ESRCH);
	assert_int_equal(ptree_proc_pidfd_kill(pidfd, SIGKILL), -ESRCH);
}

static void other_files_are_no_pidfds(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(ptree_proc_pidfd_pid(fd), -EBADF);
	close(fd);
	assert_int_equal(ptree_proc_pidfd_pid(fd), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_is_parsed),
		cmocka_unit_test(name_may_hold_parentheses_and_newlines),
		cmocka_unit_test(broken_stat_is_refused),
		cmocka_unit_test(status_gives_tracer_and_numbers),
		cmocka_unit_test(status_without_numbers_is_refused),
		cmocka_unit_test(own_process_is_found),
		cmocka_unit_test(process_in_a_pid_namespace_below_is_inside),
		cmocka_unit_test(process_that_is_gone_is_not_found),
		cmocka_unit_test(pidfd_knows_its_number_until_the_end),
		cmocka_unit_test(other_files_are_no_pidfds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
