// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Users, groups, capabilities and securebits: each process of the tree has others, and so have threads, by system calls
 * past libc, which would change all threads at once.
 */
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#include "witness.h"

struct identity {
	uid_t real, effective, saved;
	gid_t group;
	gid_t groups[5];
	int nr_groups;
	struct __user_cap_data_struct caps[2];
	int securebits, keepcaps, ambient;
	uid_t fs;
};

static struct identity identity(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct identity i;

	memset(&i, 0, sizeof(i));
	CHECK(getresuid(&i.real, &i.effective, &i.saved) == 0);
	i.group = getegid();
	i.nr_groups = getgroups(COUNT(i.groups), i.groups);
	CHECK(syscall(SYS_capget, &header, i.caps) == 0);
	i.securebits = prctl(PR_GET_SECUREBITS);
	i.keepcaps = prctl(PR_GET_KEEPCAPS);
	i.ambient = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0);
	i.fs = (uid_t)setfsuid((uid_t)-1);
	return i;
}

static void same(const struct identity *before)
{
	struct identity now = identity();

	CHECK_EQUAL(now.real, before->real);
	CHECK_EQUAL(now.effective, before->effective);
	CHECK_EQUAL(now.saved, before->saved);
	CHECK_EQUAL(now.fs, before->fs);
	CHECK_EQUAL(now.group, before->group);
	CHECK_EQUAL(now.nr_groups, before->nr_groups);
	CHECK(memcmp(now.groups, before->groups, sizeof(now.groups)) == 0);
	for (int i = 0; i < 2; i++) {
		CHECK_EQUAL(now.caps[i].effective, before->caps[i].effective);
		CHECK_EQUAL(now.caps[i].permitted, before->caps[i].permitted);
		CHECK_EQUAL(now.caps[i].inheritable, before->caps[i].inheritable);
	}
	CHECK_EQUAL(now.securebits, before->securebits);
	CHECK_EQUAL(now.keepcaps, before->keepcaps);
	CHECK_EQUAL(now.ambient, before->ambient);
}

static void caps_set(uint32_t permitted, uint32_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = {
		{ .effective = permitted, .permitted = permitted, .inheritable = inheritable },
	};

	MUST(syscall(SYS_capset, &header, caps) == 0);
}

static volatile int ready;

/* Whether the kernel acts by it, not only tells it. */
static void may_not_be_root(void)
{
	CHECK(setuid(0) == -1 && errno == EPERM);
	CHECK(access("/etc/shadow", R_OK) == -1 && errno == EACCES);
}

static void *other_uid(void *argument)
{
	struct identity before;

	MUST(syscall(SYS_setresuid, 4001, 4002, 4003) == 0);
	before = identity();
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();
	same(&before);
	CHECK(syscall(SYS_setresuid, 0, 0, 0) == -1 && errno == EPERM);
	return argument;
}

static void *fewer_caps(void *argument)
{
	struct identity before;

	caps_set(1u << CAP_CHOWN | 1u << CAP_KILL, 1u << CAP_CHOWN);
	MUST(prctl(PR_SET_KEEPCAPS, 1) == 0);
	MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0) == 0);
	before = identity();
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();
	same(&before);
	return argument;
}

static int as_user(void *argument)
{
	uid_t uid = (uid_t)(uintptr_t)argument;
	gid_t groups[] = { uid + 10, uid + 20, uid + 30 };
	struct identity before;

	MUST(setgroups(COUNT(groups), groups) == 0);
	MUST(setresgid(uid + 1, uid + 1, uid + 1) == 0);
	MUST(setresuid(uid, uid, uid) == 0);
	before = identity();
	witness_wait_go();
	same(&before);
	may_not_be_root();
	return 0;
}

static int with_securebits(void *argument)
{
	struct identity before;

	(void)argument;
	MUST(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP) == 0);
	MUST(prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT, 0, 0, 0) == 0);
	before = identity();
	witness_wait_go();
	same(&before);
	CHECK_EQUAL(prctl(PR_CAPBSET_READ, CAP_SYS_BOOT, 0, 0, 0), 0);
	CHECK_EQUAL(prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0), 1);
	return 0;
}

int main(int argc, char **argv)
{
	struct identity before;
	pthread_t threads[2];
	pid_t children[3];

	witness_start(argc, argv);
	if (geteuid() != 0)
		witness_skip("needs root");
	children[0] = witness_fork(as_user, (void *)(uintptr_t)5000);
	children[1] = witness_fork(as_user, (void *)(uintptr_t)6000);
	children[2] = witness_fork(with_securebits, NULL);
	before = identity();
	threads[0] = witness_thread(other_uid, NULL);
	threads[1] = witness_thread(fewer_caps, NULL);
	AWAIT(ready == 2);
	witness_sleep_usec(200000);
	witness_ready();

	same(&before);
	for (size_t i = 0; i < COUNT(threads); i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < COUNT(children); i++)
		witness_reap(children[i], EXITED(0));
	return witness_verdict();
}
