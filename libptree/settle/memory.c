// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Shared memory: the clone gets a copy, made while the source is frozen, which its processes share as the source's share
 * theirs. A twin has the source's own mapped when it is born; finish() puts the copy in its place.
 */
#include "memory.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U		/* Linux 6.3 */
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#ifndef SECRETMEM_MAGIC
#define SECRETMEM_MAGIC 0x5345434d	/* "SECM" */
#endif

#define MEMFD_PREFIX "memfd:"
#define HUGE_SHIFT 26			/* MAP_HUGE_SHIFT, MFD_HUGE_SHIFT */

bool ptree_memory_is_huge(const struct ptree_file *f)
{
	return f->info.fs_magic == HUGETLBFS_MAGIC;
}

bool ptree_memory_is_sysv(const struct ptree_file *f)
{
	return !strncmp(f->info.name, "SYSV", 4);
}

static bool is_memfd(const struct ptree_file *f)
{
	return f->info.is & PTREE_FILE_INTERNAL && !strncmp(f->info.name, MEMFD_PREFIX, strlen(MEMFD_PREFIX));
}

static void posix_path(const struct ptree_file *f, char *path, size_t size)
{
	const struct ptree_member *member = f->nr_fds ? f->fds[0].member : f->mappings[0].member;

	snprintf(path, size, "/proc/%d/root/dev/shm", member->living);
}

/* shm_open() and sem_open() are glibc's and mean files in /dev/shm, wherever else that file system is mounted. */
static bool is_posix(const struct ptree_file *f)
{
	char path[64];
	struct stat st;

	if (f->info.is & PTREE_FILE_INTERNAL || f->info.fs_magic != TMPFS_MAGIC || (!f->nr_fds && !f->nr_mappings))
		return false;
	posix_path(f, path, sizeof(path));
	return stat(path, &st) == 0 && st.st_dev == f->info.dev;
}

bool ptree_memory_is(const struct ptree_file *f)
{
	if (!S_ISREG(f->info.mode))
		return false;
	if (f->info.is & PTREE_FILE_INTERNAL)
		return f->info.fs_magic == TMPFS_MAGIC || f->info.fs_magic == HUGETLBFS_MAGIC ||
		       f->info.fs_magic == SECRETMEM_MAGIC;
	return is_posix(f);
}

int ptree_memory_judge(struct ptree_op *op, struct ptree_file *f)
{
	if (f->policy != PTREE_POLICY_PRIVATE)
		return ptree_file_note(f, "one memory for both sides");
	if (f->info.fs_magic == SECRETMEM_MAGIC)
		return ptree_file_refuse(f, "memfd_secret(), which cannot be read to be copied; --share=shm lets both use it");
	if (f->info.is & PTREE_FILE_LEASED)
		return ptree_file_refuse(f, "somebody has a lease on it, which copying would break; --share=shm lets both use it");
	if (ptree_memory_is_sysv(f) && ptree_memory_is_huge(f))
		return ptree_file_refuse(f, "a System V segment of huge pages, which cannot be copied; --share=shm lets both use it");
	if (ptree_memory_is_sysv(f) && !ptree_namespace_private(&op->policies, PTREE_NAMESPACE_IPC))
		return ptree_file_note(f, "the clone's segment has another id than %llu, by which it still reaches the source's; not so with "
					 "--private=ipc",
				       (unsigned long long)f->info.ino);
	if (!(f->info.is & (PTREE_FILE_INTERNAL | PTREE_FILE_UNLINKED)) && !ptree_shm_is_private(op, f))
		return ptree_file_note(f, "the clone's copy has no name: who opens \"%s\" again gets the source's",
				       f->info.name);
	if (f->info.nr_outside)
		return ptree_file_note(f, "others who have it see the source's");
	return 0;
}

/* A descriptor of the source's object that can be read from, and is at @ret_pos. */
static int borrow_readable(const struct ptree_file *f, int64_t *ret_pos)
{
	_cleanup_close_ int borrowed = -1;
	const struct ptree_file *reader = f;
	char path[64];
	int fd;

	while (reader->next && (reader->info.flags & O_PATH || !ptree_file_reads(reader)))
		reader = reader->next;
	borrowed = ptree_file_borrow(reader);
	if (borrowed < 0)
		return borrowed;
	*ret_pos = reader->nr_fds ? reader->info.pos : 0;
	/*
	 * To look for holes moves the position, which is the source's own. It is moved back while the source is frozen;
	 * but where it may be somebody else's too, a description of ours is used. Not always: it would be one more system
	 * call, and whoever watches the file with inotify would see it opened.
	 */
	if (!(reader->info.flags & O_PATH) && ptree_file_reads(reader) && !reader->info.nr_outside)
		return TAKE_FD(borrowed);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", borrowed);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	*ret_pos = 0;
	return fd < 0 ? -errno : fd;
}

static unsigned huge_flags(const struct stat *st)
{
	return (unsigned)__builtin_ctzll((unsigned long long)st->st_blksize) << HUGE_SHIFT;
}

/* The whole name is needed; what FILES says may be cut off. */
static int memfd_name(const struct ptree_file *f, int from, char *name, size_t size)
{
	char path[64], *end;
	ssize_t n;

	if (strlen(f->info.name) < sizeof(f->info.name) - 1) {
		snprintf(name, size, "%s", f->info.name + strlen(MEMFD_PREFIX));
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", from);
	n = readlink(path, name, size - 1);
	if (n < 0)
		return -errno;
	name[n] = '\0';
	end = strstr(name, " (deleted)");
	if (end)
		*end = '\0';
	if (strncmp(name, "/" MEMFD_PREFIX, strlen("/" MEMFD_PREFIX)))
		return -EBADMSG;
	memmove(name, name + strlen("/" MEMFD_PREFIX), strlen(name + strlen("/" MEMFD_PREFIX)) + 1);
	return 0;
}

/*
 * Always one that can be sealed: the seals come when it is filled, and F_SEAL_SEAL among them. From 6.3 on one must say
 * whether it may be executed, or be warned; vm.memfd_noexec=2 allows only that it may not.
 */
static int make_memfd(const struct ptree_file *f, int from, const struct stat *st)
{
	static const unsigned executable[] = { MFD_EXEC, 0, MFD_NOEXEC_SEAL };
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	char name[NAME_MAX + 64];
	int fd, r;

	r = memfd_name(f, from, name, sizeof(name));
	if (r < 0)
		return r;
	if (ptree_memory_is_huge(f))
		flags |= MFD_HUGETLB | huge_flags(st);
	for (size_t i = 0; i < ARRAY_SIZE(executable); i++) {
		fd = memfd_create(name, flags | executable[i]);
		if (fd >= 0)
			break;
		if (errno != EINVAL && errno != EACCES)
			return -errno;
	}
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, st->st_size) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

/*
 * What has no name at all is what mmap() makes: only it knows the name that /proc/PID/maps then shows. With
 * MAP_NORESERVE, since whether the source reserved room for all of it cannot be seen.
 */
static int make_anonymous(const struct ptree_file *f, const struct stat *st)
{
	int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, fd;
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = ((size_t)st->st_size + page - 1) / page * page;
	char path[64];
	void *map;

	if (ptree_memory_is_huge(f))
		flags |= MAP_HUGETLB | (int)huge_flags(st);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)map, (unsigned long)map + size);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	munmap(map, size);
	return fd;
}

/* In the clone's /dev/shm, under the same names; else in the same file system: it counts there. */
static int make_posix(const struct ptree_op *op, const struct ptree_file *f, const struct stat *st)
{
	bool named = op->namespaces.shm_fd >= 0 && ptree_shm_is_private(op, f);
	char path[64];
	int fd, r;

	posix_path(f, path, sizeof(path));
	fd = openat(op->namespaces.shm_fd, named ? "." : path, O_TMPFILE | O_RDWR | O_CLOEXEC, st->st_mode & 0777);
	if (fd < 0)
		return -errno;
	r = ftruncate(fd, st->st_size) < 0 ? -errno : named ? ptree_shm_name(op, st, fd) : 0;
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static int make(const struct ptree_op *op, const struct ptree_file *f, int from, const struct stat *st)
{
	if (!(f->info.is & PTREE_FILE_INTERNAL))
		return make_posix(op, f, st);
	return is_memfd(f) ? make_memfd(f, from, st) : make_anonymous(f, st);
}

int ptree_memory_capture(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_close_ int from = -1;
	struct ptree_memory *memory;
	int64_t pos;
	int r;

	if (f != f->first)
		return 0;
	memory = calloc(1, sizeof(*memory));
	if (!memory)
		return ptree_error_oom(&op->error, "capture");
	memory->fd = -1;
	f->state = memory;

	from = borrow_readable(f, &pos);
	if (from < 0 || fstat(from, &memory->st) < 0)
		return ptree_file_error(op, f, from < 0 ? from : -errno, "opening it");
	if (is_memfd(f)) {
		memory->seals = fcntl(from, F_GET_SEALS);
		if (memory->seals < 0)
			return ptree_file_error(op, f, -errno, "asking for its seals");
	}
	memory->fd = make(op, f, from, &memory->st);
	if (memory->fd < 0)
		return ptree_file_error(op, f, TAKE_FD(memory->fd), "making room for its copy");
	r = ptree_memory_copy(from, pos, &memory->st, ptree_memory_is_huge(f), memory->fd);
	return r < 0 ? ptree_file_error(op, f, r, "copying it") : 0;
}

/* Owner, mode and times. The times last, and only here: nobody writes to it by name any more. */
static int copy_attributes(const struct ptree_memory *memory)
{
	const struct timespec times[2] = { memory->st.st_atim, memory->st.st_mtim };

	if (fchown(memory->fd, memory->st.st_uid, memory->st.st_gid) < 0 ||
	    fchmod(memory->fd, memory->st.st_mode & 07777) < 0 || futimens(memory->fd, times) < 0)
		return -errno;
	return 0;
}

/* A description of its own for each that the source has. One that is only mapped gets one too, to be mapped. */
int ptree_memory_settle(struct ptree_op *op, struct ptree_file *f)
{
	const int not_open = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_DIRECTORY | O_NOFOLLOW | O_ASYNC;
	struct ptree_memory *memory = ptree_memory_object(f);
	char path[64];
	int r;

	if (ptree_memory_is_sysv(f) && f->nr_fds == 0)
		return 0;
	r = f == f->first ? copy_attributes(memory) : 0;
	if (r < 0)
		return ptree_file_error(op, f, r, "giving its copy owner and mode");
	if (is_memfd(f) && !memory->given && (f->info.flags & O_ACCMODE) == O_RDWR) {
		/* It does not count as open for writing, as what memfd_create() returns: it can be executed. */
		memory->given = true;
		f->twin_fd = fcntl(memory->fd, F_DUPFD_CLOEXEC, 3);
		if (f->twin_fd >= 0 && fcntl(f->twin_fd, F_SETFL, (int)f->info.flags & ~not_open) < 0)
			return ptree_file_error(op, f, -errno, "giving its copy the flags");
	} else {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", memory->fd);
		f->twin_fd = open(path, ((int)f->info.flags & ~not_open) | O_CLOEXEC);
	}
	if (f->twin_fd < 0)
		return ptree_file_error(op, f, -errno, "opening its copy");
	if (!(f->info.flags & O_PATH) && lseek(f->twin_fd, f->info.pos, SEEK_SET) < 0)
		return ptree_file_error(op, f, -errno, "placing its offset");
	return 0;
}

/* All descriptions of an object at once. */
int ptree_memory_finish(struct ptree_op *op, struct ptree_file *f)
{
	if (f != f->first)
		return 0;
	return ptree_memory_is_sysv(f) ? ptree_sysv_map(op, f) : ptree_memory_map(op, f);
}

void ptree_memory_release(struct ptree_file *f)
{
	struct ptree_memory *memory = f->state;

	if (!memory)
		return;
	ptree_close_fd(memory->fd);
	free(memory);
	f->state = NULL;
}
