// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What programs ask of their memory and fork() does not keep: MADV_DONTFORK, mlock() and mlockall(), as /proc shows it
 * for every mapping; wiped is what was to be. Each thread's NUMA policy; where the program break and the arguments are.
 */
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "witness.h"

#define PAGE 4096
#define NR_THREADS 3

/* Which of these flags a mapping has, as smaps tells. */
static const char *const flags[] = { "lo", "lf", "dc", "wf", "dd", "rr", "sr", "hg", "nh", "mg" };

struct mapping {
	unsigned long start, end;
	unsigned int flags;
};

struct memory {
	struct mapping mappings[256];
	size_t nr;
	char locked[32];
};

static void memory_read(struct memory *m)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	struct mapping now = { 0 };
	char line[512], permissions;

	MUST(f);
	m->nr = 0;
	while (fgets(line, sizeof(line), f)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx %c", &start, &end, &permissions) == 3) {
			now.start = start;
			now.end = end;
		}
		if (strncmp(line, "VmFlags:", 8) != 0)
			continue;
		now.flags = 0;
		for (size_t i = 0; i < COUNT(flags); i++)
			if (strstr(line, flags[i]))
				now.flags |= 1u << i;
		if (now.flags && m->nr < COUNT(m->mappings))
			m->mappings[m->nr++] = now;
	}
	fclose(f);
	f = fopen("/proc/self/status", "re");
	MUST(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmLck: %31[^\n]", m->locked) == 1)
			break;
	fclose(f);
}

/* Whether mapped memory at @address has that flag. */
static bool has(const struct memory *m, const void *address, const char *flag)
{
	unsigned long at = (unsigned long)address;

	for (size_t i = 0; i < m->nr; i++)
		for (size_t j = 0; j < COUNT(flags); j++)
			if (strcmp(flags[j], flag) == 0 && at >= m->mappings[i].start && at < m->mappings[i].end)
				return m->mappings[i].flags & 1u << j;
	return false;
}

static volatile int ready;

static void *thread_body(void *argument)
{
	int number = (int)(intptr_t)argument, mode = -1;
	unsigned long nodes = 1, got = 0;
	const int modes[NR_THREADS] = { MPOL_BIND, MPOL_INTERLEAVE, MPOL_DEFAULT };

	MUST(syscall(SYS_set_mempolicy, modes[number], modes[number] == MPOL_DEFAULT ? NULL : &nodes, 64) == 0);
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();
	CHECK_EQUAL(syscall(SYS_get_mempolicy, &mode, &got, 64, NULL, 0), 0);
	CHECK_EQUAL(mode, modes[number]);
	CHECK_EQUAL(got, modes[number] == MPOL_DEFAULT ? 0 : nodes);
	return NULL;
}

static char *map(size_t pages)
{
	char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(memory != MAP_FAILED);
	for (size_t i = 0; i < pages; i++)
		memset(memory + i * PAGE, 'a' + (int)(i % 26), PAGE);
	return memory;
}

static bool intact(const char *memory, size_t first, size_t pages)
{
	for (size_t i = first; i < first + pages; i++)
		for (size_t j = 0; j < PAGE; j += 512)
			if (memory[i * PAGE + j] != 'a' + (int)(i % 26))
				return false;
	return true;
}

static int child(void *argument)
{
	/* What a child of its own sees, on both sides: fork() leaves out what it left out. */
	unsigned char in_core;
	char *memory = argument;

	return mincore(memory + 2 * PAGE, PAGE, &in_core) == 0 || errno != ENOMEM ? 1 : 0;
}

/* All of it locked, and all that is to come. */
static int locks_all(void *argument)
{
	static struct memory before, after;
	char *later;

	MUST(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0);
	memory_read(&before);
	MUST(write(*(int *)argument, "", 1) == 1);
	witness_wait_go();
	memory_read(&after);
	later = map(8);
	CHECK(has(&after, (const void *)&ready, "lo"));
	memory_read(&after);
	CHECK(has(&after, later, "lo"));
	CHECK_EQUAL(munlockall(), 0);
	memory_read(&after);
	CHECK_EQUAL(strtol(after.locked, NULL, 10), 0);
	return 0;
}

static void cmdline_read(char *text, const char *name)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	f = fopen(path, "re");
	MUST(f);
	memset(text, 0, 8192);
	MUST(fread(text, 1, 8192, f) > 0);
	fclose(f);
}

int main(int argc, char **argv)
{
	static char arguments[2][8192], environment[2][8192], line[2][512];
	static struct memory before, after;
	char *rest[2] = { line[0], line[1] };
	struct rlimit low = { 0, 0 };
	char *apart, *locked, *on_fault, *wiped, *wide, *end;
	pthread_t threads[NR_THREADS];
	int pair[2];
	pid_t all;
	FILE *f;

	witness_start(argc, argv);
	MUST(pipe(pair) == 0);
	apart = map(16);
	MUST(madvise(apart + 2 * PAGE, 3 * PAGE, MADV_DONTFORK) == 0);
	MUST(madvise(apart + 9 * PAGE, PAGE, MADV_DONTFORK) == 0);
	locked = map(64);
	MUST(mlock(locked, 32 * PAGE) == 0);
	on_fault = locked + 32 * PAGE;
	MUST(mlock2(on_fault, 16 * PAGE, MLOCK_ONFAULT) == 0);
	MUST(madvise(locked + 8 * PAGE, 4 * PAGE, MADV_DONTFORK) == 0);
	wiped = map(4);
	MUST(madvise(wiped, 2 * PAGE, MADV_WIPEONFORK) == 0);
	wide = map(2048);
	MUST(madvise(wide, 1024 * PAGE, MADV_HUGEPAGE) == 0 || errno == EINVAL);
	MUST(madvise(wide + 1024 * PAGE, 1024 * PAGE, MADV_DONTDUMP) == 0);
	for (int i = 0; i < NR_THREADS; i++)
		threads[i] = witness_thread(thread_body, (void *)(intptr_t)i);
	AWAIT(ready == NR_THREADS);
	all = witness_fork(locks_all, &pair[1]);
	MUST(read(pair[0], line[0], 1) == 1);
	/* It may have what it has, but no more. */
	MUST(setrlimit(RLIMIT_MEMLOCK, &low) == 0);
	end = sbrk(0);
	memory_read(&before);
	cmdline_read(arguments[0], "cmdline");
	cmdline_read(environment[0], "environ");
	f = fopen("/proc/self/stat", "re");
	MUST(f && fgets(line[0], sizeof(line[0]), f));
	fclose(f);
	witness_ready();

	memory_read(&after);
	CHECK(intact(apart, 0, 16));
	CHECK(intact(locked, 0, 64));
	for (int i = 0; i < 16; i++)
		CHECK_EQUAL(has(&after, apart + i * PAGE, "dc"), (i >= 2 && i < 5) || i == 9);
	for (int i = 0; i < 64; i++) {
		CHECK_EQUAL(has(&after, locked + i * PAGE, "lo"), i < 48);
		/* Linux 6.1 does not tell it. */
		CHECK_EQUAL(has(&after, locked + i * PAGE, "lf"), has(&before, locked + i * PAGE, "lf"));
		CHECK_EQUAL(has(&after, locked + i * PAGE, "dc"), i >= 8 && i < 12);
	}
	if (strcmp(before.locked, after.locked) != 0)
		FAIL("%s are locked, not %s", after.locked, before.locked);
	CHECK_EQUAL(has(&after, wide, "hg"), has(&before, wide, "hg"));
	CHECK(has(&after, wide + 1024 * PAGE, "dd"));
	CHECK(intact(wide, 0, 2048));
	CHECK(has(&after, wiped, "wf") && !has(&after, wiped + 2 * PAGE, "wf"));
	CHECK(intact(wiped, 2, 2));
	CHECK_EQUAL(wiped[0], witness_is_clone() ? 0 : 'a');
	/* Written to, it is each side's own. */
	memset(apart, 'z', 16 * PAGE);
	memset(locked, 'z', 64 * PAGE);
	witness_meet("written");
	CHECK_EQUAL(apart[2 * PAGE] + locked[8 * PAGE], 2 * 'z');
	witness_reap(witness_fork(child, apart), EXITED(0));

	CHECK(sbrk(0) == end);
	CHECK(sbrk(65536) == end);
	cmdline_read(arguments[1], "cmdline");
	cmdline_read(environment[1], "environ");
	CHECK(memcmp(arguments[0], arguments[1], sizeof(arguments[0])) == 0);
	CHECK(memcmp(environment[0], environment[1], sizeof(environment[0])) == 0);
	f = fopen("/proc/self/stat", "re");
	CHECK(f && fgets(line[1], sizeof(line[1]), f));
	/* Fields 26 to 28 and 45 to 51: code, stack, data, break, arguments, environment. */
	for (int field = 1; f && field <= 51; field++) {
		char *a = strsep(&rest[0], " "), *b = strsep(&rest[1], " ");

		if (a && b && ((field >= 26 && field <= 28) || field >= 45) && strcmp(a, b) != 0)
			FAIL("field %d of stat is %s, not %s", field, b, a);
	}
	for (int i = 0; i < NR_THREADS; i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	witness_reap(all, EXITED(0));
	CHECK_EQUAL(munlock(locked, 64 * PAGE), 0);
	return witness_verdict();
}
