// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads credentials from /proc, and compares them as the kernel's ptrace_may_access() would. */
#include <dirent.h>
#include <inttypes.h>
#include <string.h>

#include "rights.h"

int rights_read(pid_t pid, pid_t tid, struct rights *ret)
{
	_cleanup_fclose_ FILE *f = NULL;
	struct rights rights = {};
	char path[64], line[256];
	unsigned id[4], found = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid ?: pid);
	f = fopen(path, "re");
	if (!f)
		return -ESRCH;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Uid: %u %u %u", &id[0], &id[1], &id[2]) == 3)
			rights.uid = id[0];
		else if (sscanf(line, "Gid: %u %u %u", &id[0], &id[1], &id[2]) == 3)
			rights.gid = id[0];
		else {
			found += sscanf(line, "CapPrm: %" SCNx64, &rights.capabilities) == 1;
			continue;
		}
		found++;
		rights.mixed |= id[0] != id[1] || id[0] != id[2];
	}
	if (found != 3)
		return -ESRCH;
	*ret = rights;
	return 0;
}

static bool covers(const struct rights *caller, const struct rights *other)
{
	return !other->mixed && other->uid == caller->uid && other->gid == caller->gid &&
	       (other->capabilities & ~caller->capabilities) == 0;
}

int rights_check_process(const struct rights *caller, pid_t pid, pid_t named, struct ptree_error *e)
{
	char path[64];
	struct dirent *de;
	int r = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return 0; /* it is gone, killed from outside */
	while (r >= 0 && (de = readdir(dir))) {
		struct rights rights;
		pid_t tid = atoi(de->d_name);

		if (tid > 0 && rights_read(pid, tid, &rights) >= 0 && !covers(caller, &rights))
			r = ptree_error_set(e, -EPERM, named,
					    "authorize: pid %d has rights that uid %u had not when it asked", named,
					    caller->uid);
	}
	closedir(dir);
	return r;
}

int rights_check_clone(const struct rights *caller, const struct ptree_clone *c, struct ptree_error *e)
{
	int r;

	for (size_t i = 0; i < c->nr_pairs; i++) {
		/* A zombie runs no more, and its credentials count for nothing. */
		if (c->pairs[i].nr_threads == 0)
			continue;
		r = rights_check_process(caller, c->pairs[i].twin, c->pairs[i].source, e);
		if (r < 0)
			return r;
	}
	return 0;
}
