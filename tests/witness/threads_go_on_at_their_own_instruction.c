// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that compute, and never call the kernel, each with values of its own in the registers: callee-saved ones,
 * vector registers as wide as the processor has them, x87 stack and control word, MXCSR.
 */
#include <cpuid.h>
#include <sys/resource.h>

#include "witness.h"

#define NR_THREADS 6

struct spinner {
	pthread_t thread;
	uint64_t seed;
	volatile uint64_t rounds;
	volatile int broken;	/* which register was found wrong first */
	volatile bool stop;
};

static bool have_avx;
static struct spinner spinners[NR_THREADS];

/* Loads the registers once, then looks at them for ever. Nothing is reloaded: a wrong value stays. */
static int spin_general(struct spinner *s, uint64_t rounds)
{
	uint64_t seed = s->seed;
	int broken = 0;

	__asm__ volatile(
		"push %%rbp\n"
		"mov %[seed], %%rax\n"
		"lea 1(%%rax), %%rbx\n"
		"lea 2(%%rax), %%r12\n"
		"lea 3(%%rax), %%r13\n"
		"lea 4(%%rax), %%r14\n"
		"lea 5(%%rax), %%r15\n"
		"lea 6(%%rax), %%rbp\n"
		"lea 7(%%rax), %%r8\n"
		"lea 8(%%rax), %%r9\n"
		"movq %%rax, %%xmm3\n"
		"movq %%rbx, %%xmm15\n"
		"1:\n"
		"mov $1, %%edi\n" "lea 1(%%rax), %%rdx\n" "cmp %%rdx, %%rbx\n" "jne 2f\n"
		"mov $2, %%edi\n" "lea 2(%%rax), %%rdx\n" "cmp %%rdx, %%r12\n" "jne 2f\n"
		"mov $3, %%edi\n" "lea 3(%%rax), %%rdx\n" "cmp %%rdx, %%r13\n" "jne 2f\n"
		"mov $4, %%edi\n" "lea 4(%%rax), %%rdx\n" "cmp %%rdx, %%r14\n" "jne 2f\n"
		"mov $5, %%edi\n" "lea 5(%%rax), %%rdx\n" "cmp %%rdx, %%r15\n" "jne 2f\n"
		"mov $6, %%edi\n" "lea 6(%%rax), %%rdx\n" "cmp %%rdx, %%rbp\n" "jne 2f\n"
		"mov $7, %%edi\n" "lea 7(%%rax), %%rdx\n" "cmp %%rdx, %%r8\n" "jne 2f\n"
		"mov $8, %%edi\n" "lea 8(%%rax), %%rdx\n" "cmp %%rdx, %%r9\n" "jne 2f\n"
		"mov $9, %%edi\n" "movq %%xmm3, %%rdx\n" "cmp %%rax, %%rdx\n" "jne 2f\n"
		"mov $10, %%edi\n" "movq %%xmm15, %%rdx\n" "cmp %%rbx, %%rdx\n" "jne 2f\n"
		"xor %%edi, %%edi\n"
		"dec %%rcx\n"
		"jnz 1b\n"
		"2:\n"
		"pop %%rbp\n"
		: "=D"(broken), "+c"(rounds)
		: [seed] "S"(seed)
		: "rax", "rbx", "rdx", "r8", "r9", "r12", "r13", "r14", "r15", "xmm3", "xmm15", "cc", "memory");
	return broken;
}

__attribute__((target("avx"))) static int spin_avx(struct spinner *s, uint64_t rounds)
{
	uint64_t want[4] = { s->seed, s->seed * 3, s->seed * 5, s->seed * 7 }, got[4];

	__asm__ volatile("vmovdqu %0, %%ymm7" : : "m"(want) : "xmm7");
	for (; rounds > 0; rounds--) {
		__asm__ volatile("vmovdqu %%ymm7, %0" : "=m"(got));
		if (memcmp(got, want, sizeof(got)) != 0)
			return 20;
	}
	return 0;
}

static int spin_x87(struct spinner *s, uint64_t rounds)
{
	unsigned short control = s->seed & 1 ? 0x027f : 0x0f7f, got;
	unsigned mxcsr = s->seed & 1 ? 0x1f80 | 0x6000 : 0x1f80 | 0x8000, now;
	double want = (double)s->seed, have;

	__asm__ volatile("fldcw %0; ldmxcsr %1; fldl %2" : : "m"(control), "m"(mxcsr), "m"(want));
	for (; rounds > 0; rounds--) {
		__asm__ volatile("fnstcw %0; stmxcsr %1; fstl %2" : "=m"(got), "=m"(now), "=m"(have));
		if ((got & 0x0f3f) != (control & 0x0f3f))
			return 30;
		if ((now & 0xe040) != (mxcsr & 0xe040))
			return 31;
		if (memcmp(&have, &want, sizeof(have)) != 0)
			return 32;
	}
	__asm__ volatile("fstp %%st(0); fninit" : : : "st");
	return 0;
}

static void *spin(void *argument)
{
	struct spinner *s = argument;
	int kind = (int)(s - spinners) % 3;

	/* Or who clones us gets no time on a slow machine. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), 15);

	while (!s->stop && !s->broken) {
		s->broken = kind == 0 ? spin_general(s, 50000) :
			    kind == 1 && have_avx ? spin_avx(s, 20000) : spin_x87(s, 20000);
		s->rounds++;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned a, b, c = 0, d;
	uint64_t before[NR_THREADS];

	witness_start(argc, argv);
	have_avx = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE) && (c & bit_AVX);
	for (int i = 0; i < NR_THREADS; i++) {
		spinners[i].seed = 0x123456789abcULL * (uint64_t)(i + 1) + (uint64_t)i;
		spinners[i].thread = witness_thread(spin, &spinners[i]);
	}
	for (int i = 0; i < NR_THREADS; i++)
		AWAIT(spinners[i].rounds > 0);
	witness_ready();

	for (int i = 0; i < NR_THREADS; i++)
		before[i] = spinners[i].rounds;
	for (int i = 0; i < NR_THREADS; i++) {
		AWAIT(spinners[i].rounds > before[i] + 1 || spinners[i].broken);
		if (spinners[i].broken)
			FAIL("thread %d found a wrong value in register %d", i, spinners[i].broken);
		spinners[i].stop = true;
	}
	for (int i = 0; i < NR_THREADS; i++)
		pthread_join(spinners[i].thread, NULL);
	return witness_verdict();
}
