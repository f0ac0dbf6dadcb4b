// SPDX-License-Identifier: GPL-2.0-or-later
/* Several threads clone their process at the same time: each gets a clone of its own, and 0 in every one it waited in. */
#include <stdatomic.h>

#include "forking.h"

#define NR	3

static pthread_barrier_t barrier;
static atomic_ullong ids[NR];

static void *forks(void *argument)
{
	atomic_ullong *ret = argument;
	struct ptree *p = forking_context();

	pthread_barrier_wait(&barrier);
	*ret = (unsigned long long)forking_fork(p, NULL);
	ptree_close(p);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[NR];
	unsigned nr_fds, nr_ids = 0;

	forking_start(argc, argv);
	ptree_generation();
	nr_fds = forking_nr_fds();
	MUST(pthread_barrier_init(&barrier, NULL, NR) == 0);
	for (size_t i = 0; i < NR; i++)
		threads[i] = witness_thread(forks, &ids[i]);
	for (size_t i = 0; i < NR; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQUAL(forking_nr_fds(), nr_fds);
	for (size_t i = 0; i < NR; i++)
		nr_ids += ids[i] != 0;

	if (!witness_is_clone()) {
		CHECK_EQUAL(nr_ids, NR);
		CHECK(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
		AWAIT(forking_nr_counted("clones") == NR);
		return witness_verdict();
	}
	/* In the clone that is made first all of them wait; in the next one, one may have its answer. */
	CHECK(nr_ids < NR);
	return forking_count("clones") == NR ? witness_verdict() : 0;
}
