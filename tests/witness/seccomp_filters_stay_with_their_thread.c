// SPDX-License-Identifier: GPL-2.0-or-later
/* A filter and no_new_privs in one thread only; two filters in another; a whole child below a filter. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "witness.h"

static volatile int ready;

/* System call @nr fails with @error from now on, in this thread. */
static void forbid(int nr, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = COUNT(code), .filter = code };

	MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
}

static void judge(bool first, bool second, int no_new_privs)
{
	long r;

	errno = 0;
	r = syscall(SYS_getuid);
	CHECK_EQUAL(r == -1 && errno == ENOTUNIQ, first);
	errno = 0;
	r = syscall(SYS_getgid);
	CHECK_EQUAL(r == -1 && errno == EBADSLT, second);
	CHECK_EQUAL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), no_new_privs);
	CHECK_EQUAL(prctl(PR_GET_SECCOMP), first || second ? SECCOMP_MODE_FILTER : SECCOMP_MODE_DISABLED);
}

static void *plain(void *argument)
{
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();
	judge(false, false, 0);
	return argument;
}

static void *one_filter(void *argument)
{
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	forbid(SYS_getuid, ENOTUNIQ);
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();
	judge(true, false, 1);
	return argument;
}

static void *two_filters(void *argument)
{
	forbid(SYS_getuid, ENOTUNIQ);
	forbid(SYS_getgid, EBADSLT);
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();
	judge(true, true, 0);
	return argument;
}

static int filtered_child(void *argument)
{
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	forbid(SYS_getgid, EBADSLT);
	/* What cloning itself might be tempted to call here. */
	forbid(SYS_kill, EPERM);
	forbid(SYS_prctl, 0);
	(void)argument;
	witness_wait_go();
	CHECK(syscall(SYS_getgid) == -1 && errno == EBADSLT);
	CHECK(kill(getpid(), 0) == -1 && errno == EPERM);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t threads[4];
	pid_t child;

	witness_start(argc, argv);
	if (geteuid() != 0)
		witness_skip("needs root");
	child = witness_fork(filtered_child, NULL);
	threads[0] = witness_thread(plain, NULL);
	threads[1] = witness_thread(one_filter, NULL);
	threads[2] = witness_thread(two_filters, NULL);
	threads[3] = witness_thread(plain, NULL);
	AWAIT(ready == 4);
	witness_sleep_usec(100000);
	witness_ready();

	judge(false, false, 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	witness_reap(child, EXITED(0));
	return witness_verdict();
}
