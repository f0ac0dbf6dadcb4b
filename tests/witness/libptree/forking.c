// SPDX-License-Identifier: GPL-2.0-or-later
/* Contexts, forks and notes of witnesses that clone themselves. */
#include "forking.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>

static const char *dir;

void forking_start(int argc, char **argv)
{
	witness_start(argc, argv);
	dir = argv[1];
}

struct ptree *forking_context(void)
{
	struct ptree *p;

	if (ptree_open(&p, PTREE_BACKEND_AUTO) < 0)
		witness_broken(__FILE__, __LINE__, ptree_error_message(p));
	return p;
}

int64_t forking_fork(struct ptree *p, const struct ptree_clone_options *options)
{
	int64_t id = ptree_fork(p, options);

	if (id < 0)
		witness_broken(__FILE__, __LINE__, ptree_error_message(p));
	return id;
}

unsigned forking_nr_fds(void)
{
	DIR *fds = opendir("/proc/self/fd");
	unsigned nr = 0;

	while (fds && readdir(fds))
		nr++;
	closedir(fds);
	return nr - 3; /* ".", "..", and the directory's own */
}

void forking_write(const char *name, unsigned index, uint64_t number)
{
	char path[PATH_MAX + 64], final[PATH_MAX + 32];
	FILE *f;

	snprintf(final, sizeof(final), "%s/%s.%u", dir, name, index);
	snprintf(path, sizeof(path), "%s.new", final);
	f = fopen(path, "we");
	CHECK(f && fprintf(f, "%" PRIu64 "\n", number) > 0 && fclose(f) == 0 && rename(path, final) == 0);
}

uint64_t forking_read(const char *name, unsigned index)
{
	char path[PATH_MAX + 32];
	uint64_t number = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.%u", dir, name, index);
	AWAIT(access(path, F_OK) == 0);
	f = fopen(path, "re");
	CHECK(f && fscanf(f, "%" SCNu64, &number) == 1);
	if (f)
		fclose(f);
	return number;
}

unsigned forking_count(const char *name)
{
	char path[PATH_MAX + 32];
	off_t end = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	CHECK(fd >= 0 && write(fd, "x", 1) == 1 && (end = lseek(fd, 0, SEEK_CUR)) > 0);
	close(fd);
	return (unsigned)end;
}

unsigned forking_nr_counted(const char *name)
{
	char path[PATH_MAX + 32];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return stat(path, &st) == 0 ? (unsigned)st.st_size : 0;
}
