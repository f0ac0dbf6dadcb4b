// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Processes seen from outside. Each check here has its fellow in kmod/vet.c, which has the last word with everybody
 * frozen; one that goes there goes here too.
 */
#include "inspect-process.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>

#include "proc.h"

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif

static int add(struct ptree_report *r, const struct ptree_member *m, const char *kind, const char *what, const char *note)
{
	char description[128];
	int error;

	snprintf(description, sizeof(description), "%spid %d (%s)", what, m->pid, m->comm);
	error = ptree_report_add(r, PTREE_POLICY_REFUSE, kind, description, note, NULL);
	return error < 0 ? error : ptree_report_add_user(r, m->pid, -1);
}

/* Sleeps in vfork() as the kernel knows it, but for a child that is no help in making a twin: see kmod/last.c. */
static bool waits_alone(const struct ptree_member *m, int thread_fd)
{
	unsigned long flags;
	char text[256];
	long nr;

	return m->nr_threads == 1 && ptree_proc_read(thread_fd, "syscall", text, sizeof(text)) > 0 &&
	       sscanf(text, "%ld %lx", &nr, &flags) == 2 && nr == SYS_clone && flags & CLONE_VFORK && !(flags & CLONE_VM);
}

/* The walk has looked at the tracer of the first thread. */
static int thread_inspect(struct ptree_report *r, const struct ptree_member *m, pid_t tid)
{
	_cleanup_close_ int fd = -1;
	struct ptree_proc_status status;
	char name[16];

	snprintf(name, sizeof(name), "%d", tid);
	fd = openat(m->task_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || ptree_proc_status(fd, &status) < 0)
		return 0;
	if (status.tracer != 0 && tid != m->pid)
		return add(r, m, "process", "", "a thread of it is traced; detach the debugger") ?: 1;
	if (waits_alone(m, fd))
		return add(r, m, "process", "", "waits in vfork() for a child that does not share its memory; try again later") ?: 1;
	if (sched_getscheduler(tid) == SCHED_DEADLINE)
		return add(r, m, "process", "", "runs under SCHED_DEADLINE, which cannot be cloned") ?: 1;
	return 0;
}

/* One word about a process is enough: strace -f traces 500 threads. */
static int threads_inspect(struct ptree_report *r, const struct ptree_member *m)
{
	int fd = openat(m->task_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
	struct dirent *entry;
	DIR *dir;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		ptree_close_fd(fd);
		return 0;
	}
	while (error == 0 && (entry = readdir(dir)))
		if (atoi(entry->d_name) > 0)
			error = thread_inspect(r, m, atoi(entry->d_name));
	closedir(dir);
	return error < 0 ? error : 0;
}

/* In the line VmFlags of a mapping, as fs/proc/task_mmu.c spells them. */
static const char *const watched[] = { " um", " uw", " ui" };
static const char *const special[] = { " io", " pf", " mm", " de" };	/* VM_SPECIAL of the kernel */

static bool has_any(const char *line, const char *const *flags, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (strstr(line, flags[i]))
			return true;
	return false;
}

static int mapping_inspect(struct ptree_report *r, const struct ptree_member *m, unsigned long start, const char *line)
{
	const char *note = NULL;
	char what[64];

	if (has_any(line, watched, ARRAY_SIZE(watched)))
		note = "watched by userfaultfd, which cannot be cloned";
	else if (strstr(line, " dc") && has_any(line, special, ARRAY_SIZE(special)))
		note = "marked MADV_DONTFORK and a device's, or of huge pages, which cannot be cloned";
	if (!note)
		return 0;
	snprintf(what, sizeof(what), "memory at %#lx of ", start);
	return add(r, m, "memory", what, note);
}

static int memory_inspect(struct ptree_report *r, const struct ptree_member *m)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	unsigned long start = 0, end;
	char path[64], c;
	bool aio = false;
	size_t size = 0;
	int error = 0;

	snprintf(path, sizeof(path), "/proc/%d/smaps", m->living);
	f = fopen(path, "re");
	while (f && error >= 0 && getline(&line, &size, f) >= 0) {
		/* The rings of AIO are never copied by some kernels; the clone gets new ones. */
		if (sscanf(line, "%lx-%lx %c", &start, &end, &c) == 3)
			aio = strstr(line, " /[aio]");
		else if (strncmp(line, "VmFlags:", 8) == 0 && !aio)
			error = mapping_inspect(r, m, start, line);
	}
	return error < 0 ? error : 0;
}

int ptree_inspect_process(struct ptree_report *r, const struct ptree_member *m)
{
	int error;

	if (m->zombie)
		return 0;
	error = threads_inspect(r, m);
	return error < 0 ? error : memory_inspect(r, m);
}
