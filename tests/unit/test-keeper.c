// SPDX-License-Identifier: GPL-2.0-or-later
/* The keeper and the init it makes: keeper.c, keeper-child.c. */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "proc.h"

static struct ptree_keeper keeper(struct ptree_registry *r, struct ptree_journal *j, uint64_t id)
{
	struct ptree_keeper k = PTREE_KEEPER_INIT;
	struct ptree_error e = { 0 };
	int result;

	assert_int_equal(ptree_journal_create(j, r, id), 0);
	result = ptree_keeper_spawn(&k, "ptree-init: test", -1, -1, j, &e);
	if (result < 0)
		fail_msg("%s", e.message);
	return k;
}

static void init_is_pid_one_without_group_and_session(void **state)
{
	struct ptree_registry r;
	struct ptree_journal j = PTREE_JOURNAL_INIT;
	struct ptree_proc_status status;
	struct ptree_error e = { 0 };
	struct ptree_keeper k;
	char path[64], text[4096];
	int fd;

	(void)state;
	test_needs_root();
	r = test_registry();
	k = keeper(&r, &j, 1);
	fd = ptree_proc_open(k.init_pid);
	assert_int_equal(ptree_proc_status(fd, &status), 0);
	assert_int_equal(status.nr_numbers, 2);
	assert_int_equal(status.numbers[1], 1);
	assert_true(ptree_proc_read(fd, "status", text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "\t0\nNSsid:"));	/* its group has no number inside */
	assert_true(ptree_proc_read(fd, "cmdline", text, sizeof(text)) > 0);
	assert_string_equal(text, "ptree-init: test");
	close(fd);

	assert_int_equal(ptree_keeper_arm(&k, 77, &e), 0);
	/* Nothing is open any more: there is no status file here. */
	snprintf(path, sizeof(path), "/proc/%d/fd/0", k.init_pid);
	test_wait_for(access(path, F_OK) < 0);
	ptree_keeper_discard(&k);
	ptree_journal_remove(&j);
	test_registry_remove(&r);
}

static void discard_leaves_neither_keeper_nor_init(void **state)
{
	struct ptree_registry r;
	struct ptree_journal j = PTREE_JOURNAL_INIT;
	struct ptree_keeper k;
	pid_t keeper_pid, init_pid;

	(void)state;
	test_needs_root();
	r = test_registry();
	k = keeper(&r, &j, 1);
	keeper_pid = k.pid;
	init_pid = k.init_pid;
	ptree_keeper_discard(&k);
	assert_int_equal(ptree_proc_start(keeper_pid), 0);
	assert_int_equal(ptree_proc_start(init_pid), 0);
	ptree_keeper_discard(&k);
	ptree_journal_remove(&j);
	test_registry_remove(&r);
}

static void released_init_outlives_keeper_and_engine(void **state)
{
	struct ptree_registry r;
	struct ptree_journal j = PTREE_JOURNAL_INIT;
	struct ptree_error e = { 0 };
	struct ptree_keeper k;
	pid_t engine, init;
	int fds[2], pidfd;

	(void)state;
	test_needs_root();
	r = test_registry();
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	engine = fork();
	if (engine == 0) {
		k = keeper(&r, &j, 1);
		ptree_keeper_arm(&k, 77, &e);
		ptree_journal_remove(&j);
		ptree_keeper_release(&k);
		(void)!write(fds[1], &k.init_pid, sizeof(k.init_pid));
		_exit(0);
	}
	assert_int_equal(read(fds[0], &init, sizeof(init)), sizeof(init));
	waitpid(engine, NULL, 0);
	usleep(20000);
	assert_int_not_equal(ptree_proc_start(init), 0);
	pidfd = ptree_proc_pidfd_open(init, 0);
	ptree_proc_pidfd_kill(pidfd, SIGKILL);
	close(pidfd);
	test_wait_for(waitpid(init, NULL, WNOHANG) == init);
	test_registry_remove(&r);
}

/* The engine is killed: the keeper undoes what the journal says, init is gone, the journal too. */
static void keeper_undoes_the_op_when_the_engine_is_killed(void **state)
{
	struct ptree_registry r;
	struct ptree_journal j = PTREE_JOURNAL_INIT;
	struct ptree_error e = { 0 };
	struct ptree_keeper k;
	pid_t engine, init, bystander;
	int fds[2];

	(void)state;
	test_needs_root();
	r = test_registry();
	bystander = test_tree(0, 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	engine = fork();
	if (engine == 0) {
		k = keeper(&r, &j, 9);
		ptree_journal_write(&j, "INIT", "%d %llu", bystander, (unsigned long long)ptree_proc_start(bystander));
		ptree_keeper_arm(&k, 77, &e);
		(void)!write(fds[1], &k.init_pid, sizeof(k.init_pid));
		for (;;)
			pause();
	}
	assert_int_equal(read(fds[0], &init, sizeof(init)), sizeof(init));
	assert_int_equal(ptree_journal_alive(&r, 9), 1);
	kill(engine, SIGKILL);
	waitpid(engine, NULL, 0);
	assert_int_equal(waitpid(bystander, NULL, 0), bystander);
	test_wait_for(waitpid(-1, NULL, WNOHANG) < 0);
	test_wait_for(ptree_proc_start(init) == 0);
	test_wait_for(faccessat(r.ops_fd, "9", F_OK, 0) < 0);
	test_registry_remove(&r);
}

static void unarmed_init_dies_with_the_keeper(void **state)
{
	struct ptree_registry r;
	struct ptree_journal j = PTREE_JOURNAL_INIT;
	struct ptree_keeper k;

	(void)state;
	test_needs_root();
	r = test_registry();
	k = keeper(&r, &j, 1);
	kill(k.pid, SIGKILL);
	test_wait_for(({
		struct ptree_proc_stat stat = { .state = 'Z' };
		int fd = ptree_proc_open(k.init_pid);

		if (fd >= 0)
			ptree_proc_stat(fd, &stat);
		ptree_close_fd(fd);
		stat.state == 'Z';
	}));
	ptree_keeper_discard(&k);
	ptree_journal_remove(&j);
	test_registry_remove(&r);
}

static void missing_ptree_init_is_named(void **state)
{
	struct ptree_registry r;
	struct ptree_journal j = PTREE_JOURNAL_INIT;
	struct ptree_keeper k = PTREE_KEEPER_INIT;
	struct ptree_error e = { 0 };
	char *saved;

	(void)state;
	test_needs_root();
	saved = strdup(getenv("PTREE_INIT") ?: "");
	setenv("PTREE_INIT", "/nonexistent/ptree-init", 1);
	r = test_registry();
	assert_int_equal(ptree_journal_create(&j, &r, 1), 0);
	assert_int_equal(ptree_keeper_spawn(&k, "x", -1, -1, &j, &e), -ENOENT);
	assert_non_null(strstr(e.message, "/nonexistent/ptree-init"));
	assert_int_equal(k.pid, 0);
	setenv("PTREE_INIT", saved, 1);
	free(saved);
	ptree_journal_remove(&j);
	test_registry_remove(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_is_pid_one_without_group_and_session),
		cmocka_unit_test(discard_leaves_neither_keeper_nor_init),
		cmocka_unit_test(released_init_outlives_keeper_and_engine),
		cmocka_unit_test(keeper_undoes_the_op_when_the_engine_is_killed),
		cmocka_unit_test(unarmed_init_dies_with_the_keeper),
		cmocka_unit_test(missing_ptree_init_is_named),
	};

	/* What outlives engine and keeper comes to us, not to an init that may not care. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
