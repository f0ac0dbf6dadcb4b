/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What ptree_fork() of the direct backend tells the process outside of the tree that does the work, ptree-fork: words on
 * its command line, KEY=VALUE. And what that answers.
 */
#ifndef PTREE_FORK_WORDS_H
#define PTREE_FORK_WORDS_H

#include "error.h"
#include "ptree.h"

struct ptree_fork_request {
	int socket;			/* the answer goes here */
	int pidfd;			/* of who asks, and is cloned */
	struct ptree_clone_options options;	/* without what is the caller's memory: progress and userdata */
	int stdio_fds[3];		/* options.stdio_fds, or -1 */
};

/* One message on the socket. */
struct ptree_fork_answer {
	uint64_t id;			/* of the clone */
	struct ptree_error error;	/* code 0: there is one */
};

/* A malloc'ed array of malloc'ed words, ending with NULL, the program's name first. NULL: no memory. */
char **ptree_fork_words_new(const struct ptree_fork_request *request);
char **ptree_fork_words_free(char **words);

/* The other way round; strings stay in @words. -EINVAL with a sentence: words of another version. */
int ptree_fork_words_read(char **words, struct ptree_fork_request *ret, struct ptree_error *e);

#endif
