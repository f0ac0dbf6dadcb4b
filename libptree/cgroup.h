/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cgroups, version 2 only, wherever they are mounted. A path here is the one of /proc/PID/cgroup: absolute, below the
 * cgroup root ("/" is the root). See the head of cgroup.c for what is libcgroup's part and what is not.
 */
#ifndef PTREE_CGROUP_H
#define PTREE_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* The prefix of cgroups that hold members while they are cloned; an op's id follows. */
#define PTREE_CGROUP_FREEZE_PREFIX "ptree.freeze-"

/* The last part of the path of a cgroup that is made for a clone; takes the id, an unsigned long long. */
#define PTREE_CGROUP_CLONE_FORMAT "ptree-%llu.scope"

/* Where clones' cgroups are made. Under systemd the slice is systemd's to make and to remove. */
#define PTREE_CGROUP_SLICE "/ptree.slice"

/* Mount point of cgroup v2 (static string). -ENOSYS: not mounted. */
int ptree_cgroup_mount(const char **ret);

/* The same from an open mountinfo file: malloc'ed mount point; the last mount of a point wins. For the tests. */
int ptree_cgroup_mount_parse(FILE *mountinfo, char **ret);

/* Forget the mount point that was found, for tests. */
void ptree_cgroup_mount_forget(void);

/* O_PATH fd of a cgroup's directory. -ENOENT; -ENOSYS; -EBADF the path is no cgroup v2. */
int ptree_cgroup_open(const char *path);

/* Absolute file name, or path below the root, of a cgroup → path below the root, malloc'ed, without "//" or "..". */
int ptree_cgroup_normalize(const char *name, char **ret);

/* Makes one cgroup, and returns its O_PATH fd; an existing one is -EEXIST unless @exist_ok. */
int ptree_cgroup_make(const char *path, bool exist_ok);

/* Removes a cgroup and the cgroups below it, retrying shortly while dying processes still hold it. */
int ptree_cgroup_remove(const char *path);

/* Removes the cgroup above @path if it is the slice that clones are made in without systemd, and empty now. */
void ptree_cgroup_prune_slice(const char *path);

/* The cgroup of a process, malloc'ed. -ESRCH; -ENODATA it is in no v2 cgroup; " (deleted)" is left out. */
int ptree_cgroup_of_pid(pid_t pid, char **ret);

/* A file of a cgroup, read into @buffer and without its last newline; a length. */
int ptree_cgroup_read(int dir_fd, const char *file, char *buffer, size_t size);
int ptree_cgroup_write(int dir_fd, const char *file, const char *value);

/* 1 or 0 of a key in cgroup.events; @events_fd is read again from its beginning. */
int ptree_cgroup_event(int events_fd, const char *key);

/* Writes cgroup.freeze and waits until the kernel says that it has happened. -ETIMEDOUT. */
int ptree_cgroup_freeze(int dir_fd, bool freeze, uint64_t timeout_usec);

/*
 * Re-reads events files until @key is @value in all of them. Spins shortly, then sleeps in small steps: the kernel
 * notifies of changes at most once in 10 ms, so poll() would be slower by three orders of magnitude. Returns -ETIMEDOUT.
 */
int ptree_cgroup_wait_events(const int *events_fds, size_t n, const char *key, int value, uint64_t timeout_usec);

/* Calls @f for every pid of a cgroup, and of those below it if @recursive; stops at the first negative answer. */
int ptree_cgroup_each_pid(const char *path, bool recursive, int (*f)(pid_t pid, void *userdata), void *userdata);

/* Moves everybody in @from to @to, until nobody is left or nothing moves any more. */
int ptree_cgroup_move_all(const char *from, const char *to);

/* "unified", "hybrid", "legacy" or "none", for people. */
const char *ptree_cgroup_setup(void);

/* @path is @ancestor or below it. */
bool ptree_cgroup_contains(const char *ancestor, const char *path);

/* The id in a path whose last part is ptree.freeze-ID; 0: it is none. */
uint64_t ptree_cgroup_freeze_id(const char *path);

#endif
