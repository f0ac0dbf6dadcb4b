// SPDX-License-Identifier: GPL-2.0-or-later
/* A clone is held against the rights its caller had, thread by thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../ptreed/rights.h"

#define UID 65534

/* A process of these ids, which sleeps. */
static pid_t sleeper(uid_t real, uid_t effective, gid_t gid)
{
	int ready[2];
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(real, effective, real) < 0 ||
		    write(ready[1], &c, 1) != 1)
			_exit(EXIT_FAILURE);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* What rights_check_clone() says of a clone whose one twin is this process. */
static int check(pid_t twin, struct ptree_error *e)
{
	const struct rights caller = { .uid = UID, .gid = UID };
	struct ptree_pair pair = { .source = 4711, .twin = twin, .nr_threads = 1 };
	const struct ptree_clone c = { .pairs = &pair, .nr_pairs = 1 };
	int r = rights_check_clone(&caller, &c, e);

	end(twin);
	return r;
}

static void rights_are_read_from_proc(void **state)
{
	pid_t pid = sleeper(UID, UID, UID);
	struct rights r;

	(void)state;
	assert_int_equal(rights_read(pid, 0, &r), 0);
	assert_int_equal(r.uid, UID);
	assert_int_equal(r.gid, UID);
	assert_int_equal(r.capabilities, 0);
	assert_false(r.mixed);
	end(pid);
	assert_int_equal(rights_read(pid, 0, &r), -ESRCH);
}

static void equal_rights_pass_and_greater_ones_do_not(void **state)
{
	struct ptree_error e = {};

	(void)state;
	assert_int_equal(check(sleeper(UID, UID, UID), &e), 0);
	assert_int_equal(check(sleeper(0, 0, 0), &e), -EPERM);
	assert_int_equal(e.pid, 4711);
	assert_non_null(strstr(e.message, "pid 4711 has rights that uid 65534 had not"));
	assert_int_equal(check(sleeper(UID, UID, 0), &e), -EPERM);
	assert_int_equal(check(sleeper(UID, 0, UID), &e), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights_are_read_from_proc),
		cmocka_unit_test(equal_rights_pass_and_greater_ones_do_not),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
