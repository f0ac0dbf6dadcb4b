// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreed.conf: config-file.c and config-path.c. */
#include "support.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#include "config-file.h"

static char dir[64];

static int parse(const char *text, struct ptree_config *config, struct ptree_error *e)
{
	FILE *f = fmemopen((char *)text, strlen(text), "r");
	int r;

	*config = (struct ptree_config){ 0 };
	r = ptree_config_parse(f, "x.conf", config, NULL, NULL, e);
	fclose(f);
	return r;
}

static void every_key_is_read(void **state)
{
	static const char text[] = "# comment\n; comment\n\n[Clone]\n Share = files, shm\tpipes \nSever=unix\nPrivate=net\n"
				   "Files=copy\nTTY=new\nMaxPauseSec=300ms\r\n[Limits]\nWorkers=1\n";
	struct ptree_error e = { 0 };
	struct ptree_config c;

	(void)state;
	assert_int_equal(parse(text, &c, &e), 0);
	assert_int_equal(c.policies.of[PTREE_GROUP_FILES], PTREE_POLICY_SHARE);
	assert_int_equal(c.policies.of[PTREE_GROUP_SHM], PTREE_POLICY_SHARE);
	assert_int_equal(c.policies.of[PTREE_GROUP_PIPES], PTREE_POLICY_SHARE);
	assert_int_equal(c.policies.of[PTREE_GROUP_UNIX], PTREE_POLICY_SEVER);
	assert_int_equal(c.policies.namespaces[PTREE_NAMESPACE_NET], PTREE_POLICY_PRIVATE);
	assert_int_equal(c.policies.contents, PTREE_POLICY_PRIVATE);
	assert_int_equal(c.policies.of[PTREE_GROUP_TTY], PTREE_POLICY_PRIVATE);
	assert_int_equal(c.max_pause_usec, 300000);
}

static void what_comes_later_holds(void **state)
{
	struct ptree_error e = { 0 };
	struct ptree_config c;

	(void)state;
	assert_int_equal(parse("[Clone]\nShare=pipes unix\nShare=unix tcp\nSever=tcp\nFiles=copy\nFiles=share\n", &c, &e), 0);
	assert_int_equal(c.policies.of[PTREE_GROUP_PIPES], 0);
	assert_int_equal(c.policies.of[PTREE_GROUP_UNIX], PTREE_POLICY_SHARE);
	assert_int_equal(c.policies.of[PTREE_GROUP_TCP], PTREE_POLICY_SEVER);
	assert_int_equal(c.policies.contents, PTREE_POLICY_SHARE);
	assert_int_equal(parse("[Clone]\nShare=pipes\nShare=\n", &c, &e), 0);
	assert_int_equal(c.policies.of[PTREE_GROUP_PIPES], 0);
}

static void errors_tell_file_and_line(void **state)
{
	static const struct {
		const char *text, *sentence;
	} broken[] = {
		{ "Share=pipes\n", "x.conf:1: this stands before any section: Share" },
		{ "\n[Clone\n", "x.conf:2: this is no section: [Clone" },
		{ "[Clone]\n[Colour]\n", "x.conf:2: there is no such section; there are [Clone] and [Limits]: [Colour]" },
		{ "[]\n", "x.conf:1: this is no section" },
		{ "[Clone]\nShare pipes\n", "x.conf:2: this is neither KEY=VALUE" },
		{ "[Clone]\nColour=blue\n", "x.conf:2: there is no such key in this section: Colour" },
		{ "[Clone]\nshare=pipes\n", "x.conf:2: there is no such key" },
		{ "[Clone]\n\nShare=pipes pips\n", "x.conf:3: share=pips: there is no such word; share takes files, pipes" },
		{ "[Clone]\nFiles=\n", "x.conf:2: files=: there is no such word" },
		{ "[Clone]\nTTY=new null\n", "x.conf:2: tty=new null: there is no such word" },
		{ "[Clone]\nMaxPauseSec=soon\n", "x.conf:2: MaxPauseSec=soon is not understood" },
		{ "[Clone]\nMaxPauseSec=0\n", "x.conf:2: MaxPauseSec=0 is out of range" },
		{ "[Clone]\nMaxPauseSec=61min\n", "x.conf:2: MaxPauseSec=61min is out of range" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct ptree_error e = { 0 };
		struct ptree_config c;

		assert_int_equal(parse(broken[i].text, &c, &e), -EBADMSG);
		if (!strstr(e.message, broken[i].sentence))
			fail_msg("\"%s\" is not in \"%s\"", broken[i].sentence, e.message);
	}
}

static void times_are_as_in_units(void **state)
{
	uint64_t usec;

	(void)state;
	assert_int_equal(ptree_config_usec("2", &usec), 0);
	assert_int_equal(usec, 2 * USEC_PER_SEC);
	assert_int_equal(ptree_config_usec("1 min", &usec), 0);
	assert_int_equal(usec, 60 * USEC_PER_SEC);
	assert_int_equal(ptree_config_usec("1500us", &usec), 0);
	assert_int_equal(usec, 1500);
	assert_int_equal(ptree_config_usec("-1", &usec), -EINVAL);
	assert_int_equal(ptree_config_usec("", &usec), -EINVAL);
	assert_int_equal(ptree_config_usec("2h", &usec), -EINVAL);
	assert_int_equal(ptree_config_usec("99999999999999999999", &usec), -ERANGE);
}

static void file_make(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	static const char *const dirs[] = { "", "/etc", "/etc/ptreed.conf.d", "/lib", "/lib/ptreed.conf.d" };
	char path[256];

	(void)state;
	strcpy(dir, "/tmp/ptree-config-XXXXXX");
	assert_non_null(mkdtemp(dir));
	for (size_t i = 1; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, dirs[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	snprintf(path, sizeof(path), "%s/etc:%s/lib", dir, dir);
	setenv("PTREE_CONFIG_PATH", path, 1);
	return 0;
}

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
	(void)s, (void)type, (void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	unsetenv("PTREE_CONFIG_PATH");
	return nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static int limit_take(const char *section, const char *key, const char *value, void *userdata, struct ptree_error *e)
{
	(void)e;
	assert_string_equal(section, "Limits");
	if (strcmp(key, "Workers") != 0)
		return -ENOENT;
	*(int *)userdata = atoi(value);
	return 0;
}

static void drop_ins_are_read_by_name_and_hide_those_of_the_vendor(void **state)
{
	struct ptree_config c = { 0 };
	struct ptree_error e = { 0 };
	int workers = 0;

	(void)state;
	file_make("lib/ptreed.conf", "[Clone]\nShare=devices\n");
	file_make("etc/ptreed.conf", "[Clone]\nShare=pipes\nMaxPauseSec=1\n[Limits]\nWorkers=1\n");
	file_make("lib/ptreed.conf.d/20.conf", "[Clone]\nMaxPauseSec=20\n[Limits]\nWorkers=20\n");
	file_make("etc/ptreed.conf.d/20.conf", "[Limits]\nWorkers=21\n");
	file_make("etc/ptreed.conf.d/10.conf", "[Clone]\nSever=pipes\n[Limits]\nWorkers=10\n");
	file_make("etc/ptreed.conf.d/30.conf.bak", "broken");
	file_make("etc/ptreed.conf.d/.30.conf", "broken");
	assert_int_equal(ptree_config_read(&c, limit_take, &workers, &e), 0);
	assert_int_equal(workers, 21);
	assert_int_equal(c.max_pause_usec, USEC_PER_SEC);
	assert_int_equal(c.policies.of[PTREE_GROUP_PIPES], PTREE_POLICY_SEVER);
	assert_int_equal(c.policies.of[PTREE_GROUP_DEVICES], 0);

	file_make("etc/ptreed.conf.d/40.conf", "[Limits]\nColour=1\n");
	assert_int_equal(ptree_config_read(&c, limit_take, &workers, &e), -EBADMSG);
	assert_non_null(strstr(e.message, "/etc/ptreed.conf.d/40.conf:2: there is no such key"));
	/* Who has no use for a section does not judge its keys. */
	assert_int_equal(ptree_config_read(&c, NULL, NULL, &e), 0);
}

static void no_file_is_no_error(void **state)
{
	struct ptree_config c = { 0 }, none = { 0 };
	struct ptree_error e = { 0 };

	(void)state;
	assert_int_equal(ptree_config_read(&c, NULL, NULL, &e), 0);
	assert_memory_equal(&c, &none, sizeof(c));
	file_make("lib/ptreed.conf", "[Clone]\nShare=devices\n");
	assert_int_equal(ptree_config_read(&c, NULL, NULL, &e), 0);
	assert_int_equal(c.policies.of[PTREE_GROUP_DEVICES], PTREE_POLICY_SHARE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(what_comes_later_holds),
		cmocka_unit_test(errors_tell_file_and_line),
		cmocka_unit_test(times_are_as_in_units),
		cmocka_unit_test_setup_teardown(drop_ins_are_read_by_name_and_hide_those_of_the_vendor, setup, teardown),
		cmocka_unit_test_setup_teardown(no_file_is_no_error, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
