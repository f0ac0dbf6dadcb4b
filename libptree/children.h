/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The children of a process, those of all its threads, in the order of birth within each; and the threads. */
#ifndef PTREE_CHILDREN_H
#define PTREE_CHILDREN_H

#include <stddef.h>
#include <sys/types.h>

/* A growing list of pids; zeroed to begin with, its array to be freed with free(). */
struct ptree_pids {
	pid_t *pids;
	size_t nr;
	size_t size;
};

int ptree_pids_add(struct ptree_pids *list, pid_t pid);

/*
 * ptree_children_read() - @list gets the children of the process that @task_fd, its /proc/PID/task, belongs to
 * Returns how many threads it has; 0: it is gone. Zombies have one. Complete only while the process stands still.
 */
int ptree_children_read(int task_fd, struct ptree_pids *list);

/* ptree_threads_read() - @list gets the threads themselves */
int ptree_threads_read(int task_fd, struct ptree_pids *list);

#endif
