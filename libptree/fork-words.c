// SPDX-License-Identifier: LGPL-2.1-or-later
/* A request of ptree_fork() as words, and back. */
#include "fork-words.h"

#include <inttypes.h>
#include <string.h>

#define AT(member) offsetof(struct ptree_fork_request, member)

static const struct {
	const char *key;
	enum { DESCRIPTOR, NUMBER, STRING } type;
	size_t at;
} words[] = {
	{ "socket",		DESCRIPTOR,	AT(socket) },
	{ "pidfd",		DESCRIPTOR,	AT(pidfd) },
	{ "stdin",		DESCRIPTOR,	AT(stdio_fds[0]) },
	{ "stdout",		DESCRIPTOR,	AT(stdio_fds[1]) },
	{ "stderr",		DESCRIPTOR,	AT(stdio_fds[2]) },
	{ "flags",		NUMBER,		AT(options.flags) },
	{ "max-pause-usec",	NUMBER,		AT(options.max_pause_usec) },
	{ "name",		STRING,		AT(options.name) },
	{ "cgroup",		STRING,		AT(options.cgroup) },
	{ "share",		STRING,		AT(options.share_list) },
	{ "sever",		STRING,		AT(options.sever_list) },
	{ "private",		STRING,		AT(options.private_list) },
	{ "files",		STRING,		AT(options.files) },
	{ "tty",		STRING,		AT(options.tty) },
};

/* 1: the word is in @ret; 0: there is nothing to say; -ENOMEM. */
static int word_new(const struct ptree_fork_request *request, size_t i, char **ret)
{
	const void *field = (const char *)request + words[i].at;
	const char *string;
	uint64_t number;
	int fd, n = 0;

	switch (words[i].type) {
	case DESCRIPTOR:
		memcpy(&fd, field, sizeof(fd));
		n = fd < 0 ? 0 : asprintf(ret, "%s=%d", words[i].key, fd);
		break;
	case NUMBER:
		memcpy(&number, field, sizeof(number));
		n = number == 0 ? 0 : asprintf(ret, "%s=%" PRIu64, words[i].key, number);
		break;
	case STRING:
		memcpy(&string, field, sizeof(string));
		n = !string ? 0 : asprintf(ret, "%s=%s", words[i].key, string);
		break;
	}
	return n < 0 ? -ENOMEM : n > 0;
}

char **ptree_fork_words_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
	return NULL;
}

char **ptree_fork_words_new(const struct ptree_fork_request *request)
{
	char **list = calloc(ARRAY_SIZE(words) + 2, sizeof(char *));
	size_t nr = 0;
	int r = list && (list[nr++] = strdup("ptree-fork")) ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_SIZE(words) && r >= 0; i++) {
		char *word;

		r = word_new(request, i, &word);
		if (r > 0)
			list[nr++] = word;
	}
	return r < 0 ? ptree_fork_words_free(list) : list;
}

static int word_read(const char *word, struct ptree_fork_request *ret)
{
	const char *value = strchr(word, '=');
	size_t i;

	for (i = 0; value && i < ARRAY_SIZE(words); i++)
		if (strlen(words[i].key) == (size_t)(value - word) && strncmp(words[i].key, word, (size_t)(value - word)) == 0)
			break;
	if (!value || i == ARRAY_SIZE(words))
		return -EINVAL;
	value++;
	switch (words[i].type) {
	case DESCRIPTOR:
		memcpy((char *)ret + words[i].at, &(int){ atoi(value) }, sizeof(int));
		break;
	case NUMBER:
		memcpy((char *)ret + words[i].at, &(uint64_t){ strtoull(value, NULL, 10) }, sizeof(uint64_t));
		break;
	case STRING:
		memcpy((char *)ret + words[i].at, &value, sizeof(value));
		break;
	}
	return 0;
}

int ptree_fork_words_read(char **list, struct ptree_fork_request *ret, struct ptree_error *e)
{
	*ret = (struct ptree_fork_request){
		.socket = -1,
		.pidfd = -1,
		.options.size = sizeof(ret->options),
		.stdio_fds = { -1, -1, -1 },
	};
	for (size_t i = 1; list[0] && list[i]; i++)
		if (word_read(list[i], ret) < 0)
			return ptree_error_set(e, -EINVAL, 0, "fork: ptree-fork does not understand \"%.64s\"; is it of another version?",
					       list[i]);
	ret->options.stdio_fds = ret->stdio_fds;
	if (ret->socket < 0 || ret->pidfd < 0)
		return ptree_error_set(e, -EINVAL, 0, "fork: ptree-fork is for libptree to start, not for users");
	return 0;
}
