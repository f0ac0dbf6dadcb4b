// SPDX-License-Identifier: GPL-2.0-or-later
/* inotify: the same watches, numbers and masks; each side reads each event once. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "witness.h"

static char top[PATH_MAX];
static int notify, idle, files_wd, file_wd, once_wd, deleted_wd, deleted;

static const char *in_top(const char *name)
{
	static char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static void touch(const char *name)
{
	int fd = open(in_top(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		FAIL("cannot make %s (errno %d)", name, errno);
	else
		close(fd);
}

static void build(void)
{
	int gone;

	notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	idle = inotify_init1(0);
	MUST(notify >= 0 && idle >= 0);
	MUST(mkdir(in_top("files"), 0755) == 0 && mkdir(in_top("gone"), 0755) == 0);
	touch("file");
	touch("once");
	touch("deleted");
	/* Numbers with holes between them. */
	for (int i = 0; i < 20; i++) {
		gone = inotify_add_watch(notify, in_top("gone"), IN_CREATE);
		MUST(gone > 0 && inotify_rm_watch(notify, gone) == 0);
	}
	file_wd = inotify_add_watch(notify, in_top("file"), IN_ATTRIB | IN_MODIFY);
	gone = inotify_add_watch(notify, in_top("gone"), IN_CREATE);
	MUST(gone > 0 && inotify_rm_watch(notify, gone) == 0);
	files_wd = inotify_add_watch(notify, in_top("files"), IN_CREATE | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK);
	once_wd = inotify_add_watch(notify, in_top("once"), IN_ATTRIB | IN_ONESHOT);
	MUST(file_wd > 20 && files_wd > file_wd + 1 && once_wd > files_wd);
	deleted = open(in_top("deleted"), O_RDWR | O_CLOEXEC);
	deleted_wd = inotify_add_watch(notify, in_top("deleted"), IN_MODIFY);
	MUST(deleted >= 0 && deleted_wd > 0 && unlink(in_top("deleted")) == 0);
	for (char buffer[4096]; read(notify, buffer, sizeof(buffer)) > 0;)
		;
}

struct expected {
	int wd;
	uint32_t mask;
	const char *name;
};

/* What has come since the last time, and nothing else. */
static void check_events(const struct expected *expected, size_t nr)
{
	char buffer[4096] __attribute__((aligned(8)));
	ssize_t n = read(notify, buffer, sizeof(buffer)), at = 0;
	size_t i = 0;

	while (at < n) {
		const struct inotify_event *event = (const struct inotify_event *)(const void *)(buffer + at);

		at += (ssize_t)(sizeof(*event) + event->len);
		if (i >= nr)
			FAIL("one event more: watch %d, mask %#x", event->wd, event->mask);
		else if (event->wd != expected[i].wd || event->mask != expected[i].mask)
			FAIL("event %zu is of watch %d, mask %#x and not %d, %#x", i, event->wd, event->mask,
			     expected[i].wd, expected[i].mask);
		else if (event->len && strcmp(event->name, expected[i].name))
			FAIL("event %zu is about %s", i, event->name);
		i++;
	}
	if (i < nr)
		FAIL("%zu of %zu events came", i, nr);
}

static void change(void)
{
	touch("files/new");
	CHECK_EQUAL(chmod(in_top("file"), 0600), 0);
	CHECK_EQUAL(chmod(in_top("once"), 0600), 0);
	CHECK_EQUAL(chmod(in_top("once"), 0644), 0);
	CHECK_EQUAL(write(deleted, "x", 1), 1);
	CHECK_EQUAL(unlink(in_top("files/new")), 0);
}

int main(int argc, char **argv)
{
	char here[PATH_MAX];
	int number;

	witness_start(argc, argv);
	MUST(realpath(argv[1], here));
	snprintf(top, sizeof(top), "%.*s/top", PATH_MAX - 8, here);
	MUST(mkdir(top, 0755) == 0);
	build();
	witness_ready();

	/* To make a watch anew tells nobody: neither side has anything to read. */
	check_events(NULL, 0);
	witness_meet("begun");
	/* One side changes, both read. */
	if (!witness_is_clone())
		change();
	witness_meet("changed");
	check_events((struct expected[]){
		{ files_wd, IN_CREATE, "new" },
		{ file_wd, IN_ATTRIB, NULL },
		{ once_wd, IN_ATTRIB, NULL },
		{ once_wd, IN_IGNORED, NULL },
		{ deleted_wd, IN_MODIFY, NULL },
		{ files_wd, IN_DELETE, "new" },
	}, 6);
	/* Watches that are made and removed from now on are one side's. */
	if (witness_is_clone())
		CHECK_EQUAL(inotify_rm_watch(notify, file_wd), 0);
	witness_meet("removed");
	CHECK_EQUAL(inotify_rm_watch(notify, file_wd), witness_is_clone() ? -1 : 0);
	number = inotify_add_watch(idle, top, IN_CREATE);
	CHECK_EQUAL(number, 1);
	CHECK_EQUAL(fcntl(notify, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CHECK_EQUAL(fcntl(idle, F_GETFL) & O_NONBLOCK, 0);
	return witness_verdict();
}
