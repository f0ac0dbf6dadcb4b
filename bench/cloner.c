// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cloner: calls libptree as a program would, and tells what came of it in lines of JSON. Its requests are lines on
 * stdin: `clone PID [CGROUP]` and, once, `end`, which ends the clone. bench/vs/contenders.py asks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ptree.h"

#define MAX_PAUSE_USEC (UINT64_C(60) * 1000 * 1000)

static uint64_t now_nsec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* A JSON string, of a sentence: what would need more than a backslash is left out. */
static void string_print(const char *name, const char *text)
{
	printf("\"%s\":\"", name);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		if ((unsigned char)*text >= ' ')
			putchar(*text);
	}
	putchar('"');
}

static void failed(struct ptree *p)
{
	putchar('{');
	string_print("error", ptree_error_message(p));
	puts("}");
}

static struct ptree_clone *clone(struct ptree *p, const char *request)
{
	char cgroup[512] = "";
	struct ptree_clone_options options = { .size = sizeof(options), .max_pause_usec = MAX_PAUSE_USEC };
	struct ptree_clone *c = NULL;
	uint64_t begin, end;
	int pid;

	if (sscanf(request, "clone %d %511s", &pid, cgroup) < 1)
		return NULL;
	if (*cgroup)
		options.cgroup = cgroup;
	begin = now_nsec();
	if (ptree_clone(p, pid, &options, &c) < 0) {
		failed(p);
		return NULL;
	}
	end = now_nsec();
	printf("{\"begin\":%llu,\"end\":%llu,\"pause_usec\":%llu,\"total_usec\":%llu,\"threads\":%u,\"steps_usec\":{",
	       (unsigned long long)begin, (unsigned long long)end, (unsigned long long)ptree_clone_pause_usec(c),
	       (unsigned long long)ptree_clone_total_usec(c), ptree_clone_nr_threads(c));
	for (int step = 0; step < _PTREE_STEP_MAX; step++)
		printf("%s\"%s\":%llu", step ? "," : "", ptree_step_name(step),
		       (unsigned long long)ptree_clone_step_usec(c, step));
	printf("},");
	string_print("cgroup", ptree_clone_cgroup(c));
	puts("}");
	return c;
}

int main(int argc, char **argv)
{
	struct ptree_clone *c = NULL;
	struct ptree *p = NULL;
	char line[1024];

	if (argc != 2 || (strcmp(argv[1], "direct") != 0 && strcmp(argv[1], "bus") != 0)) {
		fprintf(stderr, "usage: cloner direct|bus\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (ptree_open(&p, strcmp(argv[1], "bus") == 0 ? PTREE_BACKEND_BUS : PTREE_BACKEND_DIRECT) < 0) {
		failed(p);
		return EXIT_FAILURE;
	}
	while (fgets(line, sizeof(line), stdin)) {
		if (strcmp(line, "end\n") != 0) {
			c = clone(p, line);
			continue;
		}
		if (c && ptree_clone_terminate(p, c) < 0)
			failed(p);
		else
			puts("{}");
		c = ptree_clone_unref(c);
	}
	ptree_close(p);
	return 0;
}
