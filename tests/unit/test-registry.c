// SPDX-License-Identifier: GPL-2.0-or-later
/* The registry: registry.c and registry-entry.c. */
#include "support.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "proc.h"
#include "report.h"

static struct ptree_clone *entry(const char *id, const char *name)
{
	struct ptree_clone *c = ptree_clone_new();

	c->id = strdup(id);
	c->name = strdup(name);
	c->cgroup = strdup("/ptree.slice/nowhere");
	c->source_pid = 100;
	c->root_pid = 200;
	c->init_pid = getpid();
	c->init_start = ptree_proc_start(getpid());
	c->uid = 4294967294u;
	c->created_usec = UINT64_C(1700000000000000);
	c->pause_usec = 1234;
	c->total_usec = 5678;
	for (int i = 0; i < _PTREE_STEP_MAX; i++)
		c->step_usec[i] = (uint64_t)i * 11;
	c->nr_processes = 2;
	c->nr_threads = 5;
	c->pairs = calloc(2, sizeof(*c->pairs));
	c->pairs[0] = (struct ptree_pair){ 100, 200, 5 };
	c->pairs[1] = (struct ptree_pair){ 101, 201, 0 };
	c->nr_pairs = 2;
	assert_int_equal(ptree_report_add(c->report, PTREE_POLICY_SEVER, "TCP connection", "fd 5 of pid 100 (a\nb)", NULL, NULL), 0);
	assert_int_equal(ptree_report_add_user(c->report, 100, 5), 0);
	return c;
}

static void entry_reads_as_it_was_written(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_clone *c = entry("7", "bash-7"), *d;

	(void)state;
	assert_int_equal(ptree_registry_write(&r, c), 0);
	assert_int_equal(ptree_registry_read(&r, "7", &d), 0);
	assert_string_equal(d->id, "7");
	assert_string_equal(d->name, "bash-7");
	assert_string_equal(d->cgroup, c->cgroup);
	assert_int_equal(d->uid, c->uid);
	assert_int_equal(d->created_usec, c->created_usec);
	assert_int_equal(d->init_start, c->init_start);
	assert_memory_equal(d->step_usec, c->step_usec, sizeof(c->step_usec));
	assert_int_equal(d->nr_threads, 5);
	assert_int_equal(d->nr_pairs, 2);
	assert_memory_equal(d->pairs, c->pairs, 2 * sizeof(*c->pairs));
	assert_int_equal(d->state, PTREE_STATE_RUNNING);
	assert_int_equal(ptree_report_nr(d->report), 1);
	assert_string_equal(ptree_report_object(d->report, 0)->description, "fd 5 of pid 100 (a\\x0ab)");
	assert_int_equal(ptree_report_object(d->report, 0)->users[0].fd, 5);
	ptree_clone_unref(c);
	ptree_clone_unref(d);
	test_registry_remove(&r);
}

static void broken_entries_are_refused_and_not_listed(void **state)
{
	static const char *const broken[] = {
		"", "ID=7\n", "ID=7\nNAME=x\nCGROUP=/\nINIT_PID=x\n", "ID=7\nNAME=x\nCGROUP=/\nINIT_PID=1\nPAIRS=1:2\n",
		"ID=8\nNAME=x\nCGROUP=/\nINIT_PID=1\n", "nonsense\n", "ID=7\nNAME=x\nCGROUP=/\nINIT_PID=99999999999\n",
	};
	struct ptree_registry r = test_registry();
	struct ptree_clone *c, **clones;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		int fd = openat(r.clones_fd, "7", O_WRONLY | O_CREAT | O_TRUNC, 0600);

		assert_int_equal(write(fd, broken[i], strlen(broken[i])), strlen(broken[i]));
		close(fd);
		assert_int_equal(ptree_registry_read(&r, "7", &c), -EBADMSG);
		assert_int_equal(ptree_registry_list(&r, &clones), 0);
		free(clones);
	}
	assert_int_equal(ptree_registry_read(&r, "8", &c), -ENOENT);
	assert_int_equal(ptree_registry_read(&r, "../7", &c), -ENOENT);
	assert_int_equal(ptree_registry_read(&r, "", &c), -ENOENT);
	test_registry_remove(&r);
}

static void unknown_keys_are_skipped(void **state)
{
	static char text[] = "ID=7\nNAME=x\nCGROUP=/\nINIT_PID=1\nCOLOUR=blue\nSTEPS_USEC=walk:5 dance:9\n";
	FILE *f = fmemopen(text, strlen(text), "r");
	struct ptree_clone *c;

	(void)state;
	assert_int_equal(ptree_registry_parse(f, &c), 0);
	assert_int_equal(c->step_usec[PTREE_STEP_WALK], 5);
	ptree_clone_unref(c);
	fclose(f);
}

static void value_with_a_newline_is_not_written(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_clone *c = entry("7", "a\nUID=0");

	(void)state;
	assert_int_equal(ptree_registry_write(&r, c), -EINVAL);
	assert_int_not_equal(faccessat(r.clones_fd, "7", F_OK, 0), 0);
	ptree_clone_unref(c);
	test_registry_remove(&r);
}

static void ids_go_up_and_are_never_in_use(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_clone *c = entry("3", "third");
	uint64_t id;

	(void)state;
	assert_int_equal(ptree_registry_write(&r, c), 0);
	assert_int_equal(ptree_registry_next_id(&r, &id), 0);
	assert_int_equal(id, 1);
	assert_int_equal(ptree_registry_next_id(&r, &id), 0);
	assert_int_equal(id, 2);
	assert_int_equal(ptree_registry_next_id(&r, &id), 0);
	assert_int_equal(id, 4);
	ptree_clone_unref(c);
	test_registry_remove(&r);
}

static void name_of_the_living_is_taken_and_of_the_dead_is_free(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_clone *c = entry("1", "alive"), *d = entry("2", "dead");

	(void)state;
	d->init_start++; /* a reused pid */
	assert_int_equal(ptree_registry_write(&r, c), 0);
	assert_int_equal(ptree_registry_write(&r, d), 0);
	assert_int_equal(ptree_registry_name_taken(&r, "alive"), 1);
	assert_int_equal(ptree_registry_name_taken(&r, "dead"), 0);
	assert_int_equal(ptree_registry_name_taken(&r, "other"), 0);
	ptree_clone_unref(c);
	ptree_clone_unref(d);
	test_registry_remove(&r);
}

static void collect_forgets_the_dead_and_keeps_the_living(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_clone *c = entry("1", "alive"), *d = entry("2", "dead"), **clones;
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

	(void)state;
	d->init_start++;
	assert_int_equal(ptree_registry_write(&r, c), 0);
	assert_int_equal(ptree_registry_write(&r, d), 0);
	for (const char *const *id = (const char *const[]){ "2", "99", NULL }; *id; id++) {
		int fd = ptree_registry_status_create(&r, *id);

		assert_int_equal(write(fd, "9\n", 2), 2);
		close(fd);
	}
	close(ptree_registry_status_create(&r, "98"));
	assert_int_equal(utimensat(r.clones_fd, "99.status", old, 0), 0);
	assert_int_equal(ptree_registry_list(&r, &clones), 2);
	assert_int_equal(clones[1]->state, PTREE_STATE_DEAD);
	ptree_clone_free_all(clones, 2);

	assert_int_equal(ptree_registry_collect(&r), 0);
	assert_int_equal(ptree_registry_list(&r, &clones), 1);
	assert_string_equal(clones[0]->id, "1");
	ptree_clone_free_all(clones, 1);
	assert_int_equal(faccessat(r.clones_fd, "2.status", F_OK, 0), 0); /* somebody may come for it yet */
	assert_int_not_equal(faccessat(r.clones_fd, "99.status", F_OK, 0), 0);
	assert_int_not_equal(faccessat(r.clones_fd, "98.status", F_OK, 0), 0); /* nothing was ever written */
	ptree_clone_unref(c);
	ptree_clone_unref(d);
	test_registry_remove(&r);
}

static void status_is_unknown_until_it_is_written(void **state)
{
	struct ptree_registry r = test_registry();
	int fd = ptree_registry_status_create(&r, "5");

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ptree_registry_status_read(&r, "5"), -1);
	assert_int_equal(write(fd, "768\n", 4), 4);
	assert_int_equal(ptree_registry_status_read(&r, "5"), 768);
	assert_int_equal(ptree_registry_remove(&r, "5", true), 0);
	assert_int_equal(ptree_registry_status_read(&r, "5"), -1);
	close(fd);
	test_registry_remove(&r);
}

static void large_tree_is_written_and_read(void **state)
{
	struct ptree_registry r = test_registry();
	struct ptree_clone *c = entry("1", "large"), *d;

	(void)state;
	free(c->pairs);
	c->nr_pairs = 16000;
	c->pairs = calloc(c->nr_pairs, sizeof(*c->pairs));
	for (size_t i = 0; i < c->nr_pairs; i++)
		c->pairs[i] = (struct ptree_pair){ (pid_t)i + 1, (pid_t)i + 100000, (unsigned)i % 7 };
	assert_int_equal(ptree_registry_write(&r, c), 0);
	assert_int_equal(ptree_registry_read(&r, "1", &d), 0);
	assert_int_equal(d->nr_pairs, 16000);
	assert_memory_equal(d->pairs, c->pairs, c->nr_pairs * sizeof(*c->pairs));
	ptree_clone_unref(c);
	ptree_clone_unref(d);
	test_registry_remove(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entry_reads_as_it_was_written),
		cmocka_unit_test(broken_entries_are_refused_and_not_listed),
		cmocka_unit_test(unknown_keys_are_skipped),
		cmocka_unit_test(value_with_a_newline_is_not_written),
		cmocka_unit_test(ids_go_up_and_are_never_in_use),
		cmocka_unit_test(name_of_the_living_is_taken_and_of_the_dead_is_free),
		cmocka_unit_test(collect_forgets_the_dead_and_keeps_the_living),
		cmocka_unit_test(status_is_unknown_until_it_is_written),
		cmocka_unit_test(large_tree_is_written_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
