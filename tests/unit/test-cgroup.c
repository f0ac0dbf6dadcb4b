// SPDX-License-Identifier: GPL-2.0-or-later
/* cgroups: cgroup.c and cgroup-tasks.c. */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

static char *mount_of(const char *mountinfo)
{
	FILE *f = fmemopen((void *)mountinfo, strlen(mountinfo), "r");
	char *found = NULL;

	assert_non_null(f);
	if (ptree_cgroup_mount_parse(f, &found) < 0)
		assert_null(found);
	fclose(f);
	return found;
}

static void assert_mount(const char *mountinfo, const char *expected)
{
	char *found = mount_of(mountinfo);

	assert_non_null(found);
	assert_string_equal(found, expected);
	free(found);
}

static void mount_is_found_on_a_unified_host(void **state)
{
	(void)state;
	assert_mount("25 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
		     "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n", "/sys/fs/cgroup");
}

static void mount_is_found_on_a_hybrid_host(void **state)
{
	(void)state;
	assert_mount("34 24 0:29 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n"
		     "35 34 0:30 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n"
		     "36 34 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n", "/sys/fs/cgroup/unified");
}

static void mount_may_be_anywhere(void **state)
{
	(void)state;
	assert_mount("40 24 0:30 / /mnt/a\\040b\\011c\\134d rw master:1 propagate_from:2 - cgroup2 none rw\n",
		     "/mnt/a b\tc\\d");
}

static void mount_of_the_whole_hierarchy_is_preferred(void **state)
{
	(void)state;
	assert_mount("40 24 0:30 /docker/abc /part rw - cgroup2 none rw\n"
		     "41 24 0:30 / /whole rw - cgroup2 none rw\n", "/whole");
	assert_mount("40 24 0:30 /docker/abc /part rw - cgroup2 none rw\n", "/part");
}

static void missing_or_broken_mounts_are_none(void **state)
{
	(void)state;
	assert_null(mount_of("36 34 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"));
	assert_null(mount_of("garbage - cgroup2\n\n - \n"));
	assert_null(mount_of("\n"));
}

static void path_contains_itself_and_what_is_below(void **state)
{
	(void)state;
	assert_true(ptree_cgroup_contains("/", "/a"));
	assert_true(ptree_cgroup_contains("/a", "/a"));
	assert_true(ptree_cgroup_contains("/a", "/a/b"));
	assert_false(ptree_cgroup_contains("/a", "/ab"));
	assert_false(ptree_cgroup_contains("/a/b", "/a"));
}

static void freeze_cgroups_are_recognised(void **state)
{
	(void)state;
	assert_int_equal(ptree_cgroup_freeze_id("/a/ptree.freeze-12"), 12);
	assert_int_equal(ptree_cgroup_freeze_id("/ptree.freeze-7"), 7);
	assert_int_equal(ptree_cgroup_freeze_id("/ptree.freeze-7/b"), 0);
	assert_int_equal(ptree_cgroup_freeze_id("/a"), 0);
	assert_int_equal(ptree_cgroup_freeze_id("/"), 0);
}

static void names_become_paths_below_the_root(void **state)
{
	_cleanup_free_ char *path = NULL, *absolute = NULL, *again = NULL, *root = NULL;
	const char *mount;

	(void)state;
	test_needs_cgroup();
	assert_int_equal(ptree_cgroup_mount(&mount), 0);
	assert_true(asprintf(&absolute, "%s//x/./y/", mount) > 0);
	assert_int_equal(ptree_cgroup_normalize(absolute, &path), 0);
	assert_string_equal(path, "/x/y");
	assert_int_equal(ptree_cgroup_normalize("x/y", &again), 0);
	assert_string_equal(again, "/x/y");
	assert_int_equal(ptree_cgroup_normalize(mount, &root), 0);
	assert_string_equal(root, "/");
	assert_int_equal(ptree_cgroup_normalize("/x/../y", &root), -EINVAL);
}

static int count(pid_t pid, void *userdata)
{
	(void)pid;
	++*(int *)userdata;
	return 0;
}

static void tree_is_moved_frozen_and_moved_back(void **state)
{
	_cleanup_free_ char *home = NULL, *now = NULL;
	_cleanup_close_ int fd = -1;
	char text[16];
	int nr = 0;
	pid_t root;

	(void)state;
	test_needs_cgroup();
	root = test_tree(0, 0);
	assert_int_equal(ptree_cgroup_of_pid(root, &home), 0);
	fd = ptree_cgroup_make("/ptree-test-move", false);
	assert_true(fd >= 0);
	assert_int_equal(ptree_cgroup_make("/ptree-test-move", false), -EEXIST);
	snprintf(text, sizeof(text), "%d", root);
	assert_int_equal(ptree_cgroup_write(fd, "cgroup.procs", text), 0);
	assert_int_equal(ptree_cgroup_of_pid(root, &now), 0);
	assert_string_equal(now, "/ptree-test-move");
	assert_int_equal(ptree_cgroup_each_pid("/ptree-test-move", true, count, &nr), 0);
	assert_int_equal(nr, 1);

	assert_int_equal(ptree_cgroup_freeze(fd, true, 5 * USEC_PER_SEC), 0);
	assert_int_equal(ptree_cgroup_freeze(fd, false, 0), 0);
	assert_int_equal(ptree_cgroup_move_all("/ptree-test-move", home), 0);
	assert_int_equal(ptree_cgroup_remove("/ptree-test-move"), 0);
	assert_int_equal(ptree_cgroup_open("/ptree-test-move"), -ENOENT);
	test_tree_end(root);
}

static void wait_for_events_ends_in_time(void **state)
{
	_cleanup_close_ int fd = -1, events = -1;
	uint64_t start;

	(void)state;
	test_needs_cgroup();
	fd = ptree_cgroup_make("/ptree-test-events", true);
	assert_true(fd >= 0);
	events = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	start = ptree_now_usec(CLOCK_MONOTONIC);
	assert_int_equal(ptree_cgroup_wait_events(&events, 1, "frozen", 1, 20000), -ETIMEDOUT);
	assert_in_range(ptree_now_usec(CLOCK_MONOTONIC) - start, 20000, 2000000);
	assert_int_equal(ptree_cgroup_event(events, "nonsense"), -ENODATA);
	assert_int_equal(ptree_cgroup_remove("/ptree-test-events"), 0);
	assert_int_equal(ptree_cgroup_wait_events(&events, 1, "populated", 0, 0), 0);
}

static void what_is_no_cgroup_is_not_opened(void **state)
{
	(void)state;
	test_needs_cgroup();
	assert_int_equal(ptree_cgroup_open("/../../.."), -EBADF);
	assert_int_equal(ptree_cgroup_remove("/"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mount_is_found_on_a_unified_host),
		cmocka_unit_test(mount_is_found_on_a_hybrid_host),
		cmocka_unit_test(mount_may_be_anywhere),
		cmocka_unit_test(mount_of_the_whole_hierarchy_is_preferred),
		cmocka_unit_test(missing_or_broken_mounts_are_none),
		cmocka_unit_test(path_contains_itself_and_what_is_below),
		cmocka_unit_test(freeze_cgroups_are_recognised),
		cmocka_unit_test(names_become_paths_below_the_root),
		cmocka_unit_test(tree_is_moved_frozen_and_moved_back),
		cmocka_unit_test(wait_for_events_ends_in_time),
		cmocka_unit_test(what_is_no_cgroup_is_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
