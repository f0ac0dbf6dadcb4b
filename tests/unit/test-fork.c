// SPDX-License-Identifier: GPL-2.0-or-later
/* ptree_fork() by the direct backend, as far as it goes without the kernel module: fork-words.c, backend/direct-fork.c. */
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "fork-words.h"

static void words_say_what_was_asked(void **state)
{
	struct ptree_fork_request back, request = {
		.socket = 7,
		.pidfd = 9,
		.stdio_fds = { -1, 4, 0 },
		.options = {
			.flags = PTREE_CLONE_HOLD,
			.name = "a",
			.max_pause_usec = UINT64_C(1) << 40,
			.share_list = "pipes,shm",
			.files = "",
			.tty = "null",
		},
	};
	char **words = ptree_fork_words_new(&request);
	struct ptree_error e = { 0 };

	(void)state;
	assert_non_null(words);
	assert_int_equal(ptree_fork_words_read(words, &back, &e), 0);
	assert_int_equal(back.socket, 7);
	assert_int_equal(back.pidfd, 9);
	assert_memory_equal(back.stdio_fds, request.stdio_fds, sizeof(back.stdio_fds));
	assert_ptr_equal(back.options.stdio_fds, back.stdio_fds);
	assert_int_equal(back.options.size, sizeof(back.options));
	assert_true(back.options.flags == PTREE_CLONE_HOLD && back.options.max_pause_usec == UINT64_C(1) << 40);
	assert_string_equal(back.options.name, "a");
	assert_string_equal(back.options.share_list, "pipes,shm");
	assert_string_equal(back.options.files, "");
	assert_string_equal(back.options.tty, "null");
	assert_null(back.options.sever_list);
	assert_null(back.options.private_list);
	assert_null(back.options.cgroup);
	ptree_fork_words_free(words);
}

static void other_words_are_refused(void **state)
{
	struct ptree_fork_request request;
	struct ptree_error e = { 0 };

	(void)state;
	assert_int_equal(ptree_fork_words_read((char *[]){ (char *)"x", (char *)"colour=red", NULL }, &request, &e), -EINVAL);
	assert_non_null(strstr(e.message, "colour=red"));
	assert_int_equal(ptree_fork_words_read((char *[]){ (char *)"x", (char *)"name", NULL }, &request, &e), -EINVAL);
	assert_int_equal(ptree_fork_words_read((char *[]){ (char *)"x", NULL }, &request, &e), -EINVAL);
	assert_non_null(strstr(e.message, "not for users"));
}

static unsigned nr_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned nr = 0;

	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

static unsigned nr_signals;

static void on_signal(int signal)
{
	(void)signal;
	nr_signals++;
}

/* Without the module it comes no further than to ask for it; but it runs outside of the tree, and answers. */
static void ptree_fork_answers_from_outside(void **state)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct ptree_registry r;
	sigset_t before, after;
	struct ptree *p;
	unsigned fds;
	int64_t id;

	(void)state;
	test_needs_root();
	if (access("/sys/module/ptree", F_OK) == 0)
		skip();
	r = test_registry();
	sigaction(SIGCHLD, &action, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(ptree_open(&p, PTREE_BACKEND_DIRECT), 0);
	fds = nr_fds();
	id = ptree_fork(p, NULL);
	assert_true(id < 0);
	if (id == -EDEADLK || id == -EIO)
		fail_msg("%s", ptree_error_message(p));
	assert_non_null(strstr(ptree_error_message(p), ": "));
	assert_int_equal(nr_fds(), fds);
	assert_int_equal(nr_signals, 0);
	assert_int_equal(waitpid(-1, NULL, __WALL), -1);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int i = 1; i < NSIG; i++)
		assert_int_equal(sigismember(&before, i), sigismember(&after, i));
	ptree_close(p);
	test_registry_remove(&r);
}

static void who_cannot_be_left_is_told_so(void **state)
{
	struct ptree_registry r;
	struct ptree *p;

	(void)state;
	test_needs_root();
	r = test_registry();
	assert_int_equal(ptree_open(&p, PTREE_BACKEND_DIRECT), 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	assert_true(ptree_fork(p, NULL) == -EOPNOTSUPP);
	assert_non_null(strstr(ptree_error_message(p), "PTREE_BACKEND_BUS"));
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	ptree_close(p);
	test_registry_remove(&r);
}

/* A ptree-fork that is not there, and one that ends without a word. */
static void broken_installations_are_named(void **state)
{
	char *saved = strdup(getenv("PTREE_FORK") ?: "");
	unsigned fds = nr_fds();
	struct ptree_registry r;
	struct ptree *p;

	(void)state;
	test_needs_root();
	r = test_registry();
	assert_int_equal(ptree_open(&p, PTREE_BACKEND_DIRECT), 0);
	setenv("PTREE_FORK", "/nonexistent/ptree-fork", 1);
	assert_true(ptree_fork(p, NULL) == -ENOENT);
	assert_non_null(strstr(ptree_error_message(p), "/nonexistent/ptree-fork"));
	setenv("PTREE_FORK", "/bin/false", 1);
	assert_true(ptree_fork(p, NULL) == -EIO);
	assert_non_null(strstr(ptree_error_message(p), "ptree-fork was killed"));
	setenv("PTREE_FORK", saved, 1);
	ptree_close(p);
	test_registry_remove(&r);
	assert_int_equal(nr_fds(), fds);
	free(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_say_what_was_asked),
		cmocka_unit_test(other_words_are_refused),
		cmocka_unit_test(ptree_fork_answers_from_outside),
		cmocka_unit_test(who_cannot_be_left_is_told_so),
		cmocka_unit_test(broken_installations_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
