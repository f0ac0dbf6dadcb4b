// SPDX-License-Identifier: LGPL-2.1-or-later
/* Clones a process and everything below it, waits for a key, and ends the clone. Build: cc clone.c $(pkg-config --cflags
 * --libs libptree). Run as root, or by anybody where ptreed runs. */
#include <ptree.h>
#include <stdio.h>
#include <stdlib.h>

static int failed(struct ptree *p, const char *what)
{
	fprintf(stderr, "%s: %s\n", what, p ? ptree_error_message(p) : "out of memory");
	ptree_close(p);
	return 1;
}

int main(int argc, char **argv)
{
	struct ptree_clone_options options = { .size = sizeof(options), .name = argc > 2 ? argv[2] : NULL };
	struct ptree_clone *clone;
	struct ptree *p;

	if (argc < 2) {
		fprintf(stderr, "usage: clone PID [NAME]\n");
		return 2;
	}
	if (ptree_open(&p, PTREE_BACKEND_AUTO) < 0)
		return failed(p, "open");
	if (ptree_clone(p, atoi(argv[1]), &options, &clone) < 0)
		return failed(p, "clone");

	printf("clone %s: root %d, %u processes, %u threads, the source paused for %llu us\n", ptree_clone_name(clone),
	       ptree_clone_root_pid(clone), ptree_clone_nr_processes(clone), ptree_clone_nr_threads(clone),
	       (unsigned long long)ptree_clone_pause_usec(clone));
	printf("press Enter to end it\n");
	getchar();

	if (ptree_clone_terminate(p, clone) < 0)
		return failed(p, "terminate");
	ptree_clone_unref(clone);
	ptree_close(p);
	return 0;
}
