// SPDX-License-Identifier: GPL-2.0-or-later
#include "partner.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#define STACK_BYTES 65536

/* In memory that is shared whatever the flags are, and in the clone its own. */
struct partner {
	enum { IDLE, CALL, READ, WRITE } volatile order;
	volatile long nr, args[6];
	long *volatile address;
	volatile long result;
	pid_t pid;
	char stack[STACK_BYTES] __attribute__((aligned(64)));
};

static long raw(long nr, const volatile long *a)
{
	long result;
	register long r10 __asm__("r10") = a[3];
	register long r8 __asm__("r8") = a[4];
	register long r9 __asm__("r9") = a[5];

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static int obey(void *argument)
{
	static const struct timespec moment = { .tv_nsec = 2000000 };
	const long sleep[6] = { (long)&moment };
	struct partner *p = argument;

	for (;;) {
		switch (p->order) {
		case CALL:
			p->result = raw(p->nr, p->args);
			break;
		case READ:
			p->result = *(volatile long *)p->address;
			break;
		case WRITE:
			*(volatile long *)p->address = p->nr;
			break;
		case IDLE:
			raw(SYS_nanosleep, sleep);
			continue;
		}
		__atomic_store_n((int *)&p->order, IDLE, __ATOMIC_RELEASE);
	}
	return 0;
}

struct partner *partner_new(int flags)
{
	struct partner *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	MUST(p != MAP_FAILED);
	p->pid = clone(obey, p->stack + STACK_BYTES, flags | SIGCHLD, p);
	MUST(p->pid > 0);
	MUST(partner_call(p, SYS_prctl, PR_SET_PDEATHSIG, SIGKILL) == 0);
	return p;
}

pid_t partner_pid(const struct partner *p)
{
	return p->pid;
}

static long give(struct partner *p, int order)
{
	__atomic_store_n((int *)&p->order, order, __ATOMIC_RELEASE);
	AWAIT(__atomic_load_n((int *)&p->order, __ATOMIC_ACQUIRE) == IDLE);
	return p->result;
}

long partner_call_args(struct partner *p, long nr, const long args[6])
{
	p->nr = nr;
	for (int i = 0; i < 6; i++)
		p->args[i] = args[i];
	return give(p, CALL);
}

long partner_read(struct partner *p, const long *address)
{
	p->address = (long *)address;
	return give(p, READ);
}

void partner_write(struct partner *p, long *address, long value)
{
	p->address = address;
	p->nr = value;
	give(p, WRITE);
}

void partner_end(struct partner *p, int status)
{
	p->nr = SYS_exit_group;
	p->args[0] = status;
	__atomic_store_n((int *)&p->order, CALL, __ATOMIC_RELEASE);
	witness_reap(p->pid, EXITED(status));
}

/* struct sigaction as the kernel has it. */
struct handler {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static void nothing(int signal) { (void)signal; }

static bool is_ignored(int signal)
{
	struct sigaction now;

	return sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static bool has_umask(mode_t mask)
{
	mode_t now = umask(022);

	umask(now);
	return now == mask;
}

static bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

void partner_check(struct partner *p, int flags, const char *name)
{
	/* What one side does the other must not see, so each does something else. */
	bool clone = witness_is_clone();
	int signal = clone ? SIGUSR1 : SIGUSR2, not_signal = clone ? SIGUSR2 : SIGUSR1;
	int fd = clone ? 201 : 202, not_fd = clone ? 202 : 201;
	mode_t mask = clone ? 025 : 052;
	static const struct handler ignored = { .handler = SIG_IGN };
	static long word;

	CHECK_EQUAL(partner_call(p, SYS_getpid), p->pid);
	CHECK_EQUAL(partner_call(p, SYS_getppid), getpid());
	CHECK_EQUAL(kill(p->pid, 0), 0);

	/* Memory, both ways. */
	word = 1;
	partner_write(p, &word, clone ? 1001 : 1002);
	CHECK_EQUAL(*(volatile long *)&word, flags & CLONE_VM ? (clone ? 1001 : 1002) : 1);
	*(volatile long *)&word = clone ? 2001 : 2002;
	CHECK_EQUAL(partner_read(p, &word), flags & CLONE_VM ? word : (clone ? 1001 : 1002));
	/* A mapping that it makes. */
	long page = partner_call(p, SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page > 0);
	CHECK_EQUAL(madvise((void *)page, 4096, MADV_NORMAL) == 0, !!(flags & CLONE_VM));

	CHECK_EQUAL(partner_call(p, SYS_dup2, 2, fd), fd);
	CHECK_EQUAL(is_open(fd), !!(flags & CLONE_FILES));

	CHECK(partner_call(p, SYS_umask, (long)mask) >= 0);
	CHECK_EQUAL(has_umask(mask), !!(flags & CLONE_FS));
	CHECK_EQUAL(partner_call(p, SYS_chdir, (long)(clone ? "/proc" : "/dev")), 0);
	char directory[64];
	CHECK(getcwd(directory, sizeof(directory)) != NULL);
	CHECK_EQUAL(strcmp(directory, clone ? "/proc" : "/dev") == 0, !!(flags & CLONE_FS));

	CHECK_EQUAL(partner_call(p, SYS_rt_sigaction, signal, (long)&ignored, 0, 8), 0);
	CHECK_EQUAL(is_ignored(signal), !!(flags & CLONE_SIGHAND));

	witness_meet(name);
	CHECK(!is_open(not_fd));
	CHECK(partner_call(p, SYS_fcntl, not_fd, F_GETFD) == -EBADF);
	CHECK(!is_ignored(not_signal));
	CHECK(!has_umask(clone ? 052 : 025));
	CHECK_EQUAL(*(volatile long *)&word, clone ? 2001 : 2002);
	struct handler now = { 0 };
	if (flags & CLONE_VM) {
		CHECK_EQUAL(partner_call(p, SYS_rt_sigaction, not_signal, 0, (long)&now, 8), 0);
		CHECK(now.handler == nothing);
	}
}

int partner_witness(int argc, char **argv, int flags)
{
	struct partner *p;

	witness_start(argc, argv);
	signal(SIGUSR1, nothing);
	signal(SIGUSR2, nothing);
	p = partner_new(flags);
	MUST(partner_call(p, SYS_getpid) == p->pid);
	witness_ready();

	partner_check(p, flags, "checked");
	partner_end(p, 7);
	return witness_verdict();
}
