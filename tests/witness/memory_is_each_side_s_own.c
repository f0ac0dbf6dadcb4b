// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Heap, stack, data, private mappings of files, memory without access, guard pages, brk: contents as before, and what
 * one side writes the other never sees. Growing goes on as before, too.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "witness.h"

#define BIG_BYTES	(64UL << 20)
#define PAGE		4096UL
#define WORDS		(PAGE / sizeof(uint64_t))

static uint64_t data[WORDS] = { 1, 2, 3 }, bss[4 * WORDS];
static char *file;

/* A different word at each place, cheap to make. */
static uint64_t word(size_t page, uint64_t salt) { return (page + 1) * 0x9e3779b97f4a7c15ULL ^ salt; }

static void fill(char *memory, size_t bytes, uint64_t salt)
{
	for (size_t page = 0; page < bytes / PAGE; page++) {
		uint64_t *p = (uint64_t *)(memory + page * PAGE);

		p[0] = word(page, salt);
		p[WORDS / 2] = ~word(page, salt);
		p[WORDS - 1] = word(page, salt) + 1;
	}
}

/* How many pages are not as fill() left them, in a part of the whole. */
static size_t wrong_pages(const char *memory, size_t from, size_t to, uint64_t salt)
{
	size_t wrong = 0;

	for (size_t page = from / PAGE; page < to / PAGE; page++) {
		const uint64_t *p = (const uint64_t *)(memory + page * PAGE);

		wrong += p[0] != word(page, salt) || p[WORDS / 2] != ~word(page, salt) ||
			 p[WORDS - 1] != word(page, salt) + 1 || p[1] != 0;
	}
	return wrong;
}

/* Deeper than the stack was before the clone. */
static size_t __attribute__((noinline)) grow_stack(size_t depth)
{
	volatile char frame[4096];

	frame[0] = (char)depth;
	frame[sizeof(frame) - 1] = 1;
	return depth == 0 ? 0 : grow_stack(depth - 1) + (size_t)frame[sizeof(frame) - 1];
}

static sig_atomic_t volatile faults;
static char *volatile guard;

static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	faults++;
	if ((char *)info->si_addr != guard)
		_exit(9);
	mprotect(guard, PAGE, PROT_READ | PROT_WRITE);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	uint64_t local[WORDS], *heap, salt;
	char *big, *brk_before, path[4200];
	int fd;

	witness_start(argc, argv);
	big = mmap(NULL, BIG_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(big != MAP_FAILED);
	fill(big, BIG_BYTES, 1);
	mprotect(big + BIG_BYTES / 2, PAGE, PROT_READ);

	snprintf(path, sizeof(path), "%s/mapped", argv[1]);
	fd = open(path, O_RDWR | O_CREAT, 0666);
	MUST(fd >= 0 && ftruncate(fd, 4 * PAGE) == 0 && pwrite(fd, "file", 4, 0) == 4);
	file = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	MUST(file != MAP_FAILED);
	file[PAGE] = 'p';
	close(fd);

	guard = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(guard != MAP_FAILED);
	sigaction(SIGSEGV, &action, NULL);
	heap = calloc(WORDS, sizeof(*heap));
	MUST(heap);
	for (size_t i = 0; i < WORDS; i++)
		local[i] = heap[i] = i;
	brk_before = sbrk(0);
	witness_ready();

	CHECK_EQUAL(wrong_pages(big, 0, BIG_BYTES, 1), 0);
	CHECK(data[0] == 1 && data[2] == 3 && bss[0] == 0);
	CHECK(memcmp(file, "file", 4) == 0 && file[PAGE] == 'p');
	CHECK(sbrk(0) == brk_before);
	salt = witness_is_clone() ? 1111 : 2222;
	mprotect(big + BIG_BYTES / 2, PAGE, PROT_READ | PROT_WRITE);
	fill(big, BIG_BYTES / 4, salt);
	data[0] = bss[0] = file[0] = (char)salt;
	for (size_t i = 0; i < WORDS; i++)
		local[i] = heap[i] = bss[i] = salt + i;
	witness_meet("written");

	CHECK_EQUAL(wrong_pages(big, 0, BIG_BYTES / 4, salt), 0);
	CHECK_EQUAL(wrong_pages(big, BIG_BYTES / 4, BIG_BYTES, 1), 0);
	CHECK(data[0] == (uint64_t)(char)salt && file[0] == (char)salt);
	for (size_t i = 0; i < WORDS; i++)
		if (local[i] != salt + i || heap[i] != salt + i || bss[i] != salt + i) {
			FAIL("word %zu is the other side's", i);
			break;
		}
	CHECK_EQUAL(grow_stack(500), 500);
	CHECK(sbrk((intptr_t)PAGE) == brk_before && (*brk_before = 1));
	*(volatile char *)guard = 1;
	CHECK_EQUAL(faults, 1);
	CHECK_EQUAL(munmap(big, BIG_BYTES), 0);
	return witness_verdict();
}
