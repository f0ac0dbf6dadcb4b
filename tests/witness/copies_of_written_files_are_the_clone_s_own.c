// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * With --files=copy what one side writes to files that were open for writing, or mapped so, does not reach the other, by
 * whatever way it goes: a descriptor, a mapping, the path. Names in their directory are each side's own. Locks are held on
 * both sides, for each is on a file of its own; inode numbers stay.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "witness.h"

enum { SIZE = 3 * 4096, PLACE = 5000 };

static int appended, deleted, locked, whole, reader, directory, watch;
static char *mapped;		/* its descriptor is closed */
static struct stat appended_before;

static int file_make(const char *name, int flags, const char *text)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_CLOEXEC | flags, 0640);

	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	return fd;
}

static int lock(int fd, int command, off_t start)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = 10 };

	return fcntl(fd, command, &range);
}

/* Another process of this side: what is locked is locked for it. */
static int neighbour(void *argument)
{
	int fd = open("locked", O_RDWR | O_CLOEXEC);

	(void)argument;
	CHECK(fd >= 0);
	CHECK(lock(fd, F_SETLK, 5) < 0 && (errno == EAGAIN || errno == EACCES));
	CHECK(lock(fd, F_OFD_SETLK, 105) < 0 && (errno == EAGAIN || errno == EACCES));
	CHECK_EQUAL(lock(fd, F_SETLK, 50), 0);
	close(fd);
	fd = open("whole", O_RDWR | O_CLOEXEC);
	CHECK(flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK);
	return 0;
}

static void text_is(const char *name, const char *text)
{
	char buffer[64] = "";
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buffer, sizeof(buffer) - 1);

	if (n < 0 || strcmp(buffer, text))
		FAIL("%s holds \"%s\", not \"%s\" (errno %d)", name, buffer, text, errno);
	close(fd);
}

static void write_everywhere(const char *word)
{
	size_t n = strlen(word);
	int fd;

	CHECK_EQUAL(write(appended, word, n), n);
	CHECK_EQUAL(pwrite(deleted, word, n, 0), n);
	memcpy(mapped + PLACE, word, n);
	CHECK_EQUAL(msync(mapped, SIZE, MS_SYNC), 0);
	fd = open("again", O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0 && pwrite(fd, word, n, 0) == (ssize_t)n);
	close(fd);
	fd = openat(directory, "new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, word, n) == (ssize_t)n);
	close(fd);
}

static void look_everywhere(const char *word)
{
	char buffer[64] = "", expected[64], events[1024] __attribute__((aligned(8)));
	const struct inotify_event *event = (const struct inotify_event *)events;
	struct stat st;
	ssize_t n;
	int fd;

	snprintf(expected, sizeof(expected), "before%s", word);
	text_is("appended", expected);
	CHECK(pread(deleted, buffer, strlen(word), 0) > 0 && !strncmp(buffer, word, strlen(word)));
	fd = open("mapped", O_RDONLY | O_CLOEXEC);
	CHECK(pread(fd, buffer, strlen(word), PLACE) > 0 && !strncmp(buffer, word, strlen(word)));
	close(fd);
	CHECK(!strncmp(mapped + PLACE, word, strlen(word)) && !strcmp(mapped, "mapped"));
	text_is("again", word);
	text_is("new", word);
	CHECK(pread(reader, buffer, strlen(word), 0) > 0 && !strncmp(buffer, word, strlen(word)));
	/* What is made here is told here: once on each side. */
	n = read(watch, events, sizeof(events));
	CHECK(n >= (ssize_t)sizeof(*event) && event->mask == IN_CREATE && !strcmp(event->name, "new"));
	CHECK_EQUAL(n, sizeof(*event) + event->len);
	/* SQLite looks whether the file at the path is the one that it has open, by its number. */
	CHECK(fstat(appended, &st) == 0 && st.st_ino == appended_before.st_ino);
	CHECK(stat("appended", &st) == 0 && st.st_ino == appended_before.st_ino);
	CHECK(st.st_mode == appended_before.st_mode && st.st_uid == appended_before.st_uid);
	CHECK_EQUAL(fcntl(appended, F_GETFL) & (O_ACCMODE | O_APPEND), O_WRONLY | O_APPEND);
	CHECK_EQUAL(lseek(locked, 0, SEEK_CUR), 77);
}

int main(int argc, char **argv)
{
	const char *word;
	int fd;

	witness_start(argc, argv);
	MUST(chdir(argv[1]) == 0 && mkdir("data", 0750) == 0 && chdir("data") == 0);
	directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(directory >= 0);
	appended = file_make("appended", O_WRONLY | O_APPEND, "before");
	MUST(fstat(appended, &appended_before) == 0);
	deleted = file_make("deleted", O_RDWR, "before");
	MUST(unlink("deleted") == 0);
	locked = file_make("locked", O_RDWR, "before");
	MUST(lseek(locked, 77, SEEK_SET) == 77 && lock(locked, F_SETLK, 0) == 0 && lock(locked, F_OFD_SETLK, 100) == 0);
	whole = file_make("whole", O_RDWR, "");
	MUST(flock(whole, LOCK_EX) == 0);
	/* Nobody has this one open for writing: it is copied as the neighbour of others. */
	close(file_make("again", O_WRONLY, "before"));
	reader = open("again", O_RDONLY | O_CLOEXEC);
	close(file_make("removed", O_WRONLY, "before"));
	fd = file_make("mapped", O_RDWR, "mapped");
	MUST(reader >= 0 && ftruncate(fd, SIZE) == 0);
	mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(mapped != MAP_FAILED && close(fd) == 0);
	strcpy(mapped + PLACE, "before");
	watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	MUST(watch >= 0 && inotify_add_watch(watch, ".", IN_CREATE) == 1);
	witness_options("--files=copy");
	witness_ready();

	word = witness_is_clone() ? "clone." : "source";
	write_everywhere(word);
	witness_meet("written");
	look_everywhere(word);
	witness_reap(witness_fork(neighbour, NULL), EXITED(0));
	if (witness_is_clone()) {
		CHECK_EQUAL(unlink("removed"), 0);
		CHECK_EQUAL(rename("appended", "renamed"), 0);
	}
	witness_meet("moved");
	if (!witness_is_clone()) {
		text_is("removed", "before");
		text_is("appended", "beforesource");
		CHECK(access("renamed", F_OK) < 0);
	}
	witness_meet("over");
	return witness_verdict();
}
