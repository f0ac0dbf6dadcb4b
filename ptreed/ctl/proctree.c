// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads a process tree from /proc. Drawing it is tree.c's. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "../../libptree/util.h"
#include "proctree.h"

#define DEPTH_MAX 1024	/* of recursion: a chain of processes may be as long as pid_max */

struct proctree *proctree_free(struct proctree *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < t->nr_children; i++)
		proctree_free(t->children[i]);
	free(t->children);
	free(t->threads);
	free(t);
	return NULL;
}

static void proctree_cleanup(struct proctree **t)
{
	*t = proctree_free(*t);
}

/* Name, State and the last number of NSpid, from /proc/PID/task/TID/status. */
static int status_read(pid_t pid, pid_t tid, char comm[17], char *ret_state, pid_t *ret_inner)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[64], line[1024];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	f = fopen(path, "re");
	if (!f)
		return -errno;

	*ret_inner = tid;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "Name:\t", 6) == 0)
			snprintf(comm, 17, "%.16s", line + 6);
		else if (strncmp(line, "State:\t", 7) == 0)
			*ret_state = line[7];
		else if (strncmp(line, "NSpid:", 6) == 0)
			*ret_inner = atoi(strrchr(line, '\t') + 1);
	}
	return ferror(f) ? -ESRCH : 0;
}

static int thread_add(struct proctree *t, pid_t tid)
{
	struct proctree_thread *threads, thread = { .tid = tid };
	char state;

	if (status_read(t->pid, tid, thread.comm, &state, &thread.inner_tid) < 0)
		return 0;
	threads = reallocarray(t->threads, t->nr_threads + 1, sizeof(*threads));
	if (!threads)
		return -ENOMEM;
	t->threads = threads;
	t->threads[t->nr_threads++] = thread;
	return 0;
}

static int tree_read(pid_t pid, unsigned depth, struct proctree **ret);

/* A child belongs to the thread that forked it; the file lists them in the order of birth. */
static int children_add(struct proctree *t, pid_t tid, unsigned depth)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[64];
	pid_t child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", t->pid, tid);
	f = fopen(path, "re");
	if (!f)
		return 0;

	while (depth < DEPTH_MAX && fscanf(f, "%d", &child) == 1) {
		struct proctree *c, **children;
		int r;

		r = tree_read(child, depth + 1, &c);
		if (r == -ESRCH)
			continue;
		if (r < 0)
			return r;
		children = reallocarray(t->children, t->nr_children + 1, sizeof(*children));
		if (!children) {
			proctree_free(c);
			return -ENOMEM;
		}
		t->children = children;
		t->children[t->nr_children++] = c;
	}
	return 0;
}

static int tree_read(pid_t pid, unsigned depth, struct proctree **ret)
{
	_cleanup_(proctree_cleanup) struct proctree *t = NULL;
	struct dirent *de;
	char path[64];
	DIR *dir;
	int r;

	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->pid = pid;
	if (status_read(pid, pid, t->comm, &t->state, &t->inner_pid) < 0)
		return -ESRCH;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return -ESRCH;
	r = 0;
	while (r >= 0 && (de = readdir(dir))) {
		pid_t tid = atoi(de->d_name);

		if (tid <= 0)
			continue;
		if (tid != pid)
			r = thread_add(t, tid);
		if (r >= 0)
			r = children_add(t, tid, depth);
	}
	closedir(dir);
	if (r < 0)
		return r;

	*ret = TAKE_PTR(t);
	return 0;
}

int proctree_read(pid_t pid, struct proctree **ret)
{
	return tree_read(pid, 0, ret);
}
