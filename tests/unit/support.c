// SPDX-License-Identifier: GPL-2.0-or-later
/* Helpers of the unit tests. */
#include "support.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "proc.h"

static char directory[] = "/tmp/ptree-test-XXXXXX";

struct ptree_registry test_registry(void)
{
	struct ptree_registry r = PTREE_REGISTRY_INIT;

	strcpy(directory, "/tmp/ptree-test-XXXXXX");
	assert_non_null(mkdtemp(directory));
	setenv("PTREE_RUNTIME_DIR", directory, 1);
	assert_int_equal(ptree_registry_open(&r, true), 0);
	return r;
}

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
	(void)s;
	(void)type;
	(void)ftw;
	return remove(path);
}

void test_registry_remove(struct ptree_registry *r)
{
	ptree_registry_close(r);
	nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void __attribute__((noreturn)) member_run(unsigned width, unsigned depth, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0; depth > 0 && i < width; i++)
		if (fork() == 0)
			member_run(1, depth - 1, ready);
	(void)!write(ready, "", 1);
	for (;;)
		pause();
}

pid_t test_tree(unsigned width, unsigned depth)
{
	unsigned nr = 1 + (depth ? width * depth : 0);
	int ready[2];
	pid_t root;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	root = fork();
	assert_true(root >= 0);
	if (root == 0)
		member_run(width, depth, ready[1]);
	close(ready[1]);
	for (unsigned i = 0; i < nr; i++) {
		char c;

		assert_int_equal(read(ready[0], &c, 1), 1);
	}
	close(ready[0]);
	return root;
}

/* The others die with their parents. */
void test_tree_end(pid_t root)
{
	kill(root, SIGKILL);
	waitpid(root, NULL, 0);
}

struct ptree_op *test_op(pid_t pid, struct ptree_registry *r)
{
	struct ptree_op *op;
	int lock;

	assert_int_equal(ptree_op_new(pid, -1, &op), 0);
	assert_int_equal(ptree_registry_open(&op->registry, true), 0);
	lock = ptree_registry_lock(r);
	assert_true(lock >= 0);
	assert_int_equal(ptree_registry_next_id(r, &op->id), 0);
	assert_int_equal(ptree_journal_create(&op->journal, &op->registry, op->id), 0);
	assert_int_equal(ptree_journal_write(&op->journal, "SOURCE", "%d %llu", pid,
					     (unsigned long long)ptree_proc_start(pid)), 0);
	close(lock);
	return op;
}

void test_op_end(struct ptree_op *op)
{
	ptree_discard(op);
	ptree_op_free(op);
}

void test_needs_root(void)
{
	if (geteuid() != 0)
		skip();
}

void test_needs_cgroup(void)
{
	int fd;

	test_needs_root();
	fd = ptree_cgroup_make("/ptree-test", true);
	if (fd < 0)
		skip();
	close(fd);
	ptree_cgroup_remove("/ptree-test");
}
