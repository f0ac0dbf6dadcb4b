// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies of directories, made and mounted in a mount namespace of the test's own. As root; overlayfs must be there. */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "copies.h"
#include "copies/store.h"
#include "files.h"
#include "helper.h"
#include "settle/copied.h"
#include "support.h"

static char *top, *dir;

static const char *in_dir(const char *name)
{
	static char path[2][512];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static void file_make(const char *name, const char *text)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool file_is(const char *name, const char *text)
{
	char buffer[64] = "";
	int fd = open(in_dir(name), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buffer, sizeof(buffer) - 1);

	ptree_close_fd(fd);
	return n == (ssize_t)strlen(text) && strcmp(buffer, text) == 0;
}

static void place_make(struct ptree_place *p, bool whole)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*p = (struct ptree_place){ .path = strdup(dir), .whole = whole };
	assert_true(fd >= 0 && p->path && fstat(fd, &p->st) == 0);
	assert_int_equal(ptree_place_list(p, fd, UINT64_MAX, SIZE_MAX), 0);
	close(fd);
}

static void place_free(struct ptree_place *p)
{
	free(p->path);
	ptree_names_done(&p->copied);
	ptree_names_done(&p->kept);
}

static void files_make(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	file_make("db", "then");
	file_make("other", "then");
	assert_int_equal(symlink("db", in_dir("link")), 0);
	assert_int_equal(mkdir(in_dir("below"), 0750), 0);
	assert_int_equal(mkdir(in_dir("below/empty"), 0700), 0);
	file_make("below/deep", "then");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_dir("socket"));
	assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
	close(s);
	assert_int_equal(chmod(dir, 0751), 0);
}

/* In a child: what it does to mounts goes with it. 0: all was as it should be; else the line. */
#define EXPECT(condition) \
	do { \
		if (!(condition)) \
			_exit((fprintf(stderr, "%d: %s: %m\n", __LINE__, #condition), 1)); \
	} while (0)

static void look_at_the_copy(const struct stat *before, bool whole)
{
	struct stat st;
	int fd;

	EXPECT(file_is("db", "then") && file_is("other", "then") && file_is("link", "then"));
	EXPECT(access(in_dir("db-journal"), F_OK) < 0);
	EXPECT(stat(in_dir("db"), &st) == 0 && st.st_ino == before->st_ino && st.st_mode == before->st_mode);
	EXPECT(stat(dir, &st) == 0 && (st.st_mode & 07777) == 0751);
	EXPECT(lstat(in_dir("socket"), &st) == 0 && S_ISSOCK(st.st_mode));
	EXPECT(file_is("below/deep", whole ? "then" : "now"));
	EXPECT(stat(in_dir("below/empty"), &st) == 0 && S_ISDIR(st.st_mode));
	/* Names are the copy's own. */
	EXPECT(rename(in_dir("other"), in_dir("another")) == 0 && unlink(in_dir("link")) == 0);
	fd = open(in_dir("db-journal"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	EXPECT(fd >= 0 && unlink(in_dir("db-journal")) == 0);
	fd = open(in_dir("db"), O_WRONLY | O_TRUNC | O_CLOEXEC);
	EXPECT(fd >= 0 && write(fd, "mine", 4) == 4);
	EXPECT(rename(in_dir("db"), in_dir("below")) < 0);
}

static void copy_and_look(struct ptree_place *p)
{
	struct ptree_copies copies = { .places = p, .nr = 1 };
	char what[PTREE_HELPER_WHAT_MAX];
	struct stat before;
	int status, ns, r;
	pid_t pid;

	assert_int_equal(stat(in_dir("db"), &before), 0);
	assert_int_equal(ptree_store_make(7, &copies.store), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		EXPECT(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
		ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
		r = ptree_layers_copy(&copies, ns, ptree_now_usec(CLOCK_MONOTONIC) + 20 * USEC_PER_SEC, what);
		if (r < 0)
			fprintf(stderr, "%s: %s\n", what, strerror(-r));
		EXPECT(r == 0);
		file_make("db", "now");
		file_make("db-journal", "now");
		file_make("below/deep", "now");
		r = ptree_layers_mount(&copies, ns, what);
		if (r < 0)
			fprintf(stderr, "%s: %s\n", what, strerror(-r));
		EXPECT(r == 0);
		look_at_the_copy(&before, p->whole);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(file_is("db", "now") && file_is("other", "then") && file_is("link", "now"));
	assert_int_equal(stat(in_dir("db"), &before), 0);
	ptree_store_remove(7);
	assert_int_equal(access(copies.store, F_OK), -1);
	free(copies.store);
}

static int setup(void **state)
{
	(void)state;
	top = strdup("/tmp/ptree-test.XXXXXX");
	assert_non_null(mkdtemp(top));
	assert_true(asprintf(&dir, "%s/data", top) > 0);
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(setenv("PTREE_RUNTIME_DIR", top, 1), 0);
	return 0;
}

static int teardown(void **state)
{
	_cleanup_free_ char *command = NULL;

	(void)state;
	assert_true(asprintf(&command, "rm -rf '%s'", top) > 0);
	assert_int_equal(system(command), 0);
	free(top);
	free(dir);
	return 0;
}

/* The kernel may have it as a module. */
static void needs_overlay(void)
{
	_cleanup_close_ int fd = -1;

	test_needs_root();
	fd = fsopen("overlay", FSOPEN_CLOEXEC);
	if (fd < 0)
		skip();
}

static void a_place_is_as_it_was_and_the_clone_s_own(void **state)
{
	struct ptree_place p;

	(void)state;
	needs_overlay();
	files_make();
	place_make(&p, false);
	assert_true(ptree_names_has(&p.copied, "db") && ptree_names_has(&p.copied, "link"));
	assert_true(ptree_names_has(&p.kept, "below") && ptree_names_has(&p.kept, "socket"));
	copy_and_look(&p);
	place_free(&p);
}

static void a_directory_that_is_named_is_copied_with_all_below_it(void **state)
{
	struct ptree_place p;

	(void)state;
	needs_overlay();
	files_make();
	place_make(&p, true);
	assert_true(ptree_names_has(&p.copied, "below/deep") && ptree_names_has(&p.copied, "below/empty"));
	assert_true(ptree_names_has(&p.kept, "socket") && p.kept.nr == 1);
	copy_and_look(&p);
	place_free(&p);
}

static void a_directory_that_is_too_large_is_not_listed(void **state)
{
	struct ptree_place p = { 0 };
	int fd;

	(void)state;
	file_make("one", "1");
	file_make("two", "2");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(ptree_place_list(&p, fd, UINT64_MAX, 1), -EFBIG);
	assert_int_equal(p.copied.nr + p.kept.nr, 0);
	assert_int_equal(ptree_place_list(&p, fd, 0, SIZE_MAX), -EFBIG);
	assert_int_equal(ptree_place_list(&p, fd, UINT64_MAX, 2), 0);
	close(fd);
	place_free(&p);
}

static void copies_of_nobody_are_removed(void **state)
{
	struct ptree_registry r = PTREE_REGISTRY_INIT;
	char *kept, *left;

	(void)state;
	assert_int_equal(ptree_registry_open(&r, true), 0);
	assert_int_equal(ptree_store_make(8, &kept), 0);
	assert_int_equal(ptree_store_make(9, &left), 0);
	close(openat(r.ops_fd, "8", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(ptree_registry_collect(&r), 0);
	assert_int_equal(access(kept, F_OK), 0);
	assert_int_equal(access(left, F_OK), -1);
	ptree_registry_close(&r);
	free(kept);
	free(left);
}

static void lines_of_fdinfo_tell_of_locks(void **state)
{
	struct ptree_lock l;

	(void)state;
	assert_int_equal(ptree_lock_parse("lock:\t1: POSIX  ADVISORY  WRITE 123 08:01:42 1073741826 1073742335\n", &l), 1);
	assert_true(l.sort == PTREE_LOCK_POSIX && l.exclusive && l.start == 1073741826 && l.length == 510);
	assert_int_equal(ptree_lock_parse("lock:\t2: FLOCK  ADVISORY  READ 123 00:1b:42 0 EOF\n", &l), 1);
	assert_true(l.sort == PTREE_LOCK_FLOCK && !l.exclusive && l.start == 0 && l.length == 0);
	assert_int_equal(ptree_lock_parse("lock:\t1: OFDLCK ADVISORY  READ -1 00:1b:42 7 7\n", &l), 1);
	assert_true(l.sort == PTREE_LOCK_OFD && l.start == 7 && l.length == 1);
	assert_int_equal(ptree_lock_parse("lock:\t1: LEASE  ACTIVE    READ 123 00:1b:42 0 EOF\n", &l), 0);
	assert_int_equal(ptree_lock_parse("pos:\t0\n", &l), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_place_is_as_it_was_and_the_clone_s_own, setup, teardown),
		cmocka_unit_test_setup_teardown(a_directory_that_is_named_is_copied_with_all_below_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_directory_that_is_too_large_is_not_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(copies_of_nobody_are_removed, setup, teardown),
		cmocka_unit_test(lines_of_fdinfo_tell_of_locks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
