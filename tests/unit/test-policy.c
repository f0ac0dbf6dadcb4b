// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of policies: policy.c. */
#include "support.h"

#include <string.h>

#include "policy.h"

static void words_are_of_their_groups(void **state)
{
	struct ptree_clone_options options = {
		.share_list = "files,shm", .sever_list = "pipes,unix", .private_list = "net", .files = "copy", .tty = "keep",
	};
	struct ptree_policies p = { 0 };

	(void)state;
	assert_int_equal(ptree_policies_asked(&p, &options, NULL), 0);
	assert_int_equal(p.of[PTREE_GROUP_FILES], PTREE_POLICY_SHARE);
	assert_int_equal(p.of[PTREE_GROUP_SHM], PTREE_POLICY_SHARE);
	assert_int_equal(p.of[PTREE_GROUP_PIPES], PTREE_POLICY_SEVER);
	assert_int_equal(p.of[PTREE_GROUP_UNIX], PTREE_POLICY_SEVER);
	assert_int_equal(p.of[PTREE_GROUP_TTY], PTREE_POLICY_SHARE);
	assert_int_equal(p.namespaces[PTREE_NAMESPACE_NET], PTREE_POLICY_PRIVATE);
	assert_int_equal(p.contents, PTREE_POLICY_PRIVATE);
	assert_int_equal(p.of[PTREE_GROUP_TCP], 0);
}

static void every_group_and_namespace_has_a_word(void **state)
{
	(void)state;
	assert_null(ptree_group_word(PTREE_GROUP_NONE));
	for (int i = PTREE_GROUP_NONE + 1; i < _PTREE_GROUP_MAX; i++)
		assert_non_null(ptree_group_word(i));
	for (int i = 0; i < _PTREE_NAMESPACE_MAX; i++)
		assert_non_null(ptree_namespace_word(i));
	assert_string_equal(ptree_group_word(PTREE_GROUP_PIPES), "pipes");
	assert_string_equal(ptree_namespace_word(PTREE_NAMESPACE_UTS), "uts");
}

static void words_that_are_not_there_are_refused_with_those_that_are(void **state)
{
	static const struct {
		const char *option, *list, *sentence;
	} bad[] = {
		{ "share", "pipe", "share=pipe: there is no such word; share takes files, pipes, unix" },
		{ "share", "", "share=: there is no such word" },
		{ "share", "pipes,", "share=: there is no such word" },
		{ "share", "Pipes", "share=Pipes: " },
		{ "sever", "shm", "sever takes pipes, unix, listen, tcp, udp, tty" },
		{ "private", "pipes", "private takes mnt, ipc, net, uts" },
		{ "files", "move", "files takes share, copy" },
		{ "files", "share,copy", "files=copy contradicts another option, which says share" },
		{ "tty", "keep,null", "tty=null contradicts" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct ptree_policies p = { 0 };
		struct ptree_error e = { 0 };

		assert_int_equal(ptree_policies_add_list(&p, bad[i].option, bad[i].list, &e), -EINVAL);
		if (!strstr(e.message, bad[i].sentence))
			fail_msg("\"%s\" is not in \"%s\"", bad[i].sentence, e.message);
	}
}

static void contradictions_are_refused_and_repetitions_are_not(void **state)
{
	struct ptree_policies p = { 0 };
	struct ptree_error e = { 0 };

	(void)state;
	assert_int_equal(ptree_policies_add_list(&p, "share", "pipes,pipes", &e), 0);
	assert_int_equal(ptree_policies_add_list(&p, "share", "pipes", &e), 0);
	assert_int_equal(ptree_policies_add_list(&p, "sever", "pipes", &e), -EINVAL);
	assert_non_null(strstr(e.message, "sever=pipes contradicts"));
	/* Two names of one thing. */
	assert_int_equal(ptree_policies_add_list(&p, "share", "tty", &e), 0);
	assert_int_equal(ptree_policies_add_list(&p, "tty", "keep", &e), 0);
	assert_int_equal(ptree_policies_add_list(&p, "tty", "new", &e), -EINVAL);
}

static void what_is_asked_for_goes_over_what_was_there(void **state)
{
	struct ptree_policies p = { 0 }, asked = { 0 };

	(void)state;
	assert_int_equal(ptree_policies_add_list(&p, "share", "pipes,unix", NULL), 0);
	assert_int_equal(ptree_policies_add_list(&asked, "sever", "pipes", NULL), 0);
	ptree_policies_merge(&p, &asked);
	assert_int_equal(p.of[PTREE_GROUP_PIPES], PTREE_POLICY_SEVER);
	assert_int_equal(p.of[PTREE_GROUP_UNIX], PTREE_POLICY_SHARE);
}

static void defaults_and_sharing_always_go_together(void **state)
{
	struct ptree_policies p = { 0 };

	(void)state;
	assert_int_equal(ptree_policies_check(&p, NULL), 0);
	assert_int_equal(ptree_policies_add_list(&p, "share",
						 "files,pipes,unix,listen,tcp,udp,shm,events,mqueue,tty,devices,other,mnt,ipc,net,uts",
						 NULL), 0);
	assert_int_equal(ptree_policies_add_list(&p, "files", "share", NULL), 0);
	assert_int_equal(ptree_policies_check(&p, NULL), 0);
}

static void copies_need_a_mount_namespace_and_offsets_of_their_own(void **state)
{
	static const char *const against[] = { "mnt", "files" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(against); i++) {
		struct ptree_policies p = { 0 };
		struct ptree_error e = { 0 };

		assert_int_equal(ptree_policies_add_list(&p, "files", "copy", &e), 0);
		assert_int_equal(ptree_policies_check(&p, &e), 0);
		assert_int_equal(ptree_policies_add_list(&p, "share", against[i], &e), 0);
		assert_int_equal(ptree_policies_check(&p, &e), -EINVAL);
		assert_non_null(strstr(e.message, "files=copy"));
		assert_non_null(strstr(e.message, against[i]));
	}
}

static void naming_a_directory_asks_for_copies(void **state)
{
	const char *const paths[] = { "/srv", NULL };
	struct ptree_clone_options options = { .size = sizeof(options), .copy_paths = paths };
	struct ptree_policies p = { 0 };
	struct ptree_error e = { 0 };

	(void)state;
	assert_int_equal(ptree_policies_asked(&p, &options, &e), 0);
	assert_int_equal(p.contents, PTREE_POLICY_PRIVATE);
	options.files = "share";
	p = (struct ptree_policies){ 0 };
	assert_int_equal(ptree_policies_asked(&p, &options, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_of_their_groups),
		cmocka_unit_test(every_group_and_namespace_has_a_word),
		cmocka_unit_test(words_that_are_not_there_are_refused_with_those_that_are),
		cmocka_unit_test(contradictions_are_refused_and_repetitions_are_not),
		cmocka_unit_test(what_is_asked_for_goes_over_what_was_there),
		cmocka_unit_test(defaults_and_sharing_always_go_together),
		cmocka_unit_test(copies_need_a_mount_namespace_and_offsets_of_their_own),
		cmocka_unit_test(naming_a_directory_asks_for_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
