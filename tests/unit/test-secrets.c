// SPDX-License-Identifier: GPL-2.0-or-later
/* Random states of libraries: secrets.c. What it is that is mapped does not matter, its name does. */
#include "support.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "secrets.h"

static char dir[] = "/tmp/ptree-secrets-XXXXXX";

/* Maps a file of that name twice, as a library's text and data are. */
static void map(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, 8192), 0);
	assert_ptr_not_equal(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0), MAP_FAILED);
	assert_ptr_not_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096), MAP_FAILED);
	close(fd);
	unlink(path); /* as a library that was upgraded since */
}

static const struct ptree_object *object_of(const struct ptree_report *r, const char *what)
{
	const struct ptree_object *found = NULL, *o;

	for (size_t i = 0; (o = ptree_report_object(r, i)); i++) {
		if (!strstr(o->description, what))
			continue;
		assert_null(found);
		found = o;
	}
	return found;
}

static void libraries_are_named_once_with_all_their_users(void **state)
{
	const struct ptree_object *o;
	struct ptree_report *r;
	struct ptree_op *op;
	pid_t root;

	(void)state;
	assert_non_null(mkdtemp(dir));
	map("libcrypto.so.99");
	map("libsodium.so.98");
	map("libcrypto.txt");
	root = test_tree(2, 1);
	assert_int_equal(ptree_op_new(root, -1, &op), 0);
	assert_true(ptree_walk_again(op) >= 0);
	r = ptree_report_new();
	assert_int_equal(ptree_report_add_secrets(r, op->members, op->nr_members), 0);

	o = object_of(r, "libcrypto.so.99");
	assert_non_null(o);
	assert_int_equal(o->policy, PTREE_POLICY_SHARE);
	assert_string_equal(o->kind, "random state");
	assert_non_null(strstr(o->note, "RAND_poll()"));
	assert_int_equal(o->nr_users, op->nr_members);
	assert_int_equal(o->users[0].pid, root);
	assert_int_equal(o->users[0].fd, -1);
	assert_non_null(object_of(r, "libsodium.so.98"));
	assert_null(object_of(r, "libcrypto.txt"));

	ptree_report_free(r);
	ptree_op_free(op);
	test_tree_end(root);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libraries_are_named_once_with_all_their_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
