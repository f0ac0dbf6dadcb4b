// SPDX-License-Identifier: GPL-2.0-or-later
/* The subject: a tree of processes of a given shape, to be cloned, dumped and forked. Started by vs/subject.py. */
#include "board.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static _Noreturn void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: subject --board=FILE [--mib=N] [--huge] [--processes=N] [--threads=N] [--descriptors=N]\n"
		"               [--mappings=N] [--busy]\n"
		"\n"
		"Builds a tree and lives in it until it is killed. Only useful to bench/ptree_vs_criu.\n");
	exit(status);
}

static unsigned int number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || n > 1000000)
		usage(2);
	return (unsigned int)n;
}

static struct board *board_open(const struct shape *shape)
{
	int fd = open(shape->board, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct board *board = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, (off_t)board_size(shape)) == 0)
		board = mmap(NULL, board_size(shape), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (board == MAP_FAILED) {
		perror("subject: cannot map the board");
		exit(EXIT_FAILURE);
	}
	close(fd);
	sem_init(&board->answered, 1, 0);
	for (unsigned int i = 0; i < shape->nr_processes; i++)
		sem_init(&board->asked[i], 1, 0);
	return board;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "board", required_argument, NULL, 'b' },	 { "mib", required_argument, NULL, 'm' },
		{ "huge", no_argument, NULL, 'h' },		 { "processes", required_argument, NULL, 'p' },
		{ "threads", required_argument, NULL, 't' },	 { "descriptors", required_argument, NULL, 'd' },
		{ "mappings", required_argument, NULL, 'v' },	 { "busy", no_argument, NULL, 'y' },
		{ "help", no_argument, NULL, '?' + 1 },		 { NULL, 0, NULL, 0 },
	};
	struct shape shape = { .mib = 4, .nr_processes = 1, .nr_threads = 1 };
	struct board *board;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 'b': shape.board = optarg; break;
		case 'm': shape.mib = number(optarg); break;
		case 'h': shape.huge = true; break;
		case 'p': shape.nr_processes = number(optarg); break;
		case 't': shape.nr_threads = number(optarg); break;
		case 'd': shape.nr_descriptors = number(optarg); break;
		case 'v': shape.nr_mappings = number(optarg); break;
		case 'y': shape.busy = true; break;
		case '?' + 1: usage(0);
		default: usage(2);
		}
	}
	if (optind < argc || !shape.board || !shape.mib || !shape.nr_processes || !shape.nr_threads)
		usage(2);
	board = board_open(&shape);
	for (unsigned int i = 1; i < shape.nr_processes; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("subject: cannot fork");
			return EXIT_FAILURE;
		}
		if (pid == 0)
			live_as_member(&shape, board, build(&shape, board), i);
	}
	live_as_root(&shape, board, build(&shape, board));
}
