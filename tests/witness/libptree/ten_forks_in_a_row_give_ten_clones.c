// SPDX-License-Identifier: GPL-2.0-or-later
/* Ten clones of one program, one after the other, by one context: ten ids, ten generations, and nothing piles up. */
#include "forking.h"

#define NR	10

static uint64_t seed;

static void seed_anew(void *userdata)
{
	*(uint64_t *)userdata = ptree_generation();
}

static void differs_from_all(const uint64_t *numbers, size_t nr, const char *what)
{
	for (size_t i = 0; i < nr; i++)
		if (numbers[i] == numbers[nr])
			FAIL("%s %zu and %zu are both %llu", what, i, nr, (unsigned long long)numbers[nr]);
}

/* In the clone of number @i; only the last one gives a verdict. */
static int clone_ends(unsigned i)
{
	CHECK(witness_is_clone());
	CHECK(seed == ptree_generation());
	forking_write("generation", i, seed);
	return i == NR - 1 ? witness_verdict() : 0;
}

int main(int argc, char **argv)
{
	uint64_t ids[NR], generations[NR + 1];
	unsigned nr_fds;
	struct ptree *p;

	forking_start(argc, argv);
	seed = generations[0] = ptree_generation();
	MUST(ptree_at_clone(seed_anew, &seed) == 0);
	p = forking_context();
	nr_fds = forking_nr_fds();
	for (unsigned i = 0; i < NR; i++) {
		int64_t id = forking_fork(p, NULL);

		if (id == 0)
			return clone_ends(i);
		ids[i] = (uint64_t)id;
		differs_from_all(ids, i, "the ids");
		generations[i + 1] = forking_read("generation", i);
		differs_from_all(generations, i + 1, "the generations");
		CHECK_EQUAL(forking_nr_fds(), nr_fds);
		CHECK(seed == generations[0] && ptree_generation() == seed);
	}
	ptree_close(p);
	return witness_verdict();
}
