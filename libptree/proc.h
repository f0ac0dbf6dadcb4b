/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc says about a process. Everything is read through a directory fd, so a reused number cannot be mistaken. */
#ifndef PTREE_PROC_H
#define PTREE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PTREE_PROC_LEVELS_MAX 33	/* pid namespaces nest 32 deep */

struct ptree_proc_stat {
	pid_t pid;
	char comm[16];		/* at most 15 bytes, as the kernel keeps it */
	char state;
	pid_t ppid;
	unsigned long flags;	/* PF_* */
	unsigned nr_threads;
	uint64_t start;		/* clock ticks since boot */
};

#define PTREE_PF_KTHREAD 0x00200000ul

struct ptree_proc_status {
	pid_t tracer;
	pid_t numbers[PTREE_PROC_LEVELS_MAX];	/* NSpid: from the reader's pid namespace inwards */
	unsigned nr_numbers;
};

/* Pure parsers, for the tests: @text is the whole file, terminated. -EBADMSG. */
int ptree_proc_stat_parse(const char *text, struct ptree_proc_stat *ret);
int ptree_proc_status_parse(const char *text, struct ptree_proc_status *ret);

/* O_PATH fd of /proc/PID. -ESRCH. */
int ptree_proc_open(pid_t pid);

int ptree_proc_stat(int proc_fd, struct ptree_proc_stat *ret);
int ptree_proc_status(int proc_fd, struct ptree_proc_status *ret);

/*
 * A thread of a process that has not ended, for /proc/PID has no files, memory and namespaces where the main thread has.
 * @pid itself if nothing better is found.
 */
pid_t ptree_proc_living(pid_t pid);

/* starttime of a process by number; 0: there is none. */
uint64_t ptree_proc_start(pid_t pid);

/* 1: the process is in the pid namespace that @of is in, or in one below it; 0: it is not, or one of them is gone. */
int ptree_proc_in_pidns(pid_t pid, pid_t of);

/* Whether the caller is in a pid namespace of its own, and not in the host's. */
bool ptree_proc_is_inner(void);

/* The number behind a pidfd. -ESRCH it is gone. */
pid_t ptree_proc_pidfd_pid(int pidfd);

/* A pidfd, after checking that the process started at @start (0: any). -ESRCH. */
int ptree_proc_pidfd_open(pid_t pid, uint64_t start);

/* Sends a signal to whom the pidfd is of. -ESRCH. */
int ptree_proc_pidfd_kill(int pidfd, int signal);

/* Small file relative to a directory, terminated. A length; -ENOBUFS. */
int ptree_proc_read(int dir_fd, const char *name, char *buffer, size_t size);

#endif
