// SPDX-License-Identifier: LGPL-2.1-or-later
/* Clones itself, all threads included, and draws other random numbers on the two sides. Build: cc fork.c $(pkg-config
 * --cflags --libs libptree). Run as root, or by anybody where ptreed runs. */
#include <inttypes.h>
#include <ptree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* A generator that both sides would go on with from one state. */
static unsigned state[2];

static void seed(void *userdata)
{
	uint64_t generation = ptree_generation();

	(void)userdata;
	memcpy(state, &generation, sizeof(state));
}

int main(int argc, char **argv)
{
	struct ptree_clone_options options = { .size = sizeof(options) };
	struct ptree *p;
	int64_t id;

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--share=", 8) == 0)
			options.share_list = argv[i] + 8;
		else if (strcmp(argv[i], "--subreaper") == 0)
			prctl(PR_SET_CHILD_SUBREAPER, 1);

	seed(NULL);
	ptree_at_clone(seed, NULL);
	if (ptree_open(&p, PTREE_BACKEND_AUTO) < 0) {
		fprintf(stderr, "open: %s\n", p ? ptree_error_message(p) : "out of memory");
		return 1;
	}

	id = ptree_fork(p, &options);
	if (id < 0)
		fprintf(stderr, "fork: %s\n", ptree_error_message(p));
	else if (id > 0)
		printf("clone %" PRId64 " is made; random %08x\n", id, rand_r(&state[0]));
	else
		printf("in the clone; random %08x\n", rand_r(&state[0]));
	ptree_close(p);
	return id < 0;
}
