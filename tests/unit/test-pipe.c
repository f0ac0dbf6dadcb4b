// SPDX-License-Identifier: GPL-2.0-or-later
/* What becomes of a pipe, and how its bytes get into another: settle/pipe-{policy,move}.c. */
#include "support.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "settle/pipe.h"

static enum ptree_policy policy(unsigned nr_readers, unsigned nr_writers, bool readers_outside, bool writers_outside,
				enum ptree_policy asked)
{
	struct ptree_pipe_census census = { nr_readers, nr_writers, readers_outside, writers_outside };
	const char *note;

	return ptree_pipe_policy(&census, asked, &note);
}

static void pipes_inside_are_private(void **state)
{
	(void)state;
	assert_int_equal(policy(1, 1, false, false, 0), PTREE_POLICY_PRIVATE);
	assert_int_equal(policy(2, 0, false, false, 0), PTREE_POLICY_PRIVATE);
	assert_int_equal(policy(0, 1, false, false, 0), PTREE_POLICY_PRIVATE);
	/* Severing is about what is outside. */
	assert_int_equal(policy(1, 1, false, false, PTREE_POLICY_SEVER), PTREE_POLICY_PRIVATE);
	assert_int_equal(policy(1, 1, true, true, 0), PTREE_POLICY_PRIVATE);
}

static void nothing_is_read_from_a_pipe_of_the_source(void **state)
{
	(void)state;
	assert_int_equal(policy(1, 0, false, true, 0), PTREE_POLICY_SEVER);
	assert_int_equal(policy(1, 0, true, true, PTREE_POLICY_PRIVATE), PTREE_POLICY_SEVER);
	assert_int_equal(policy(1, 0, false, true, PTREE_POLICY_SHARE), PTREE_POLICY_SHARE);
}

static void a_log_pipe_is_shared_unless_severed(void **state)
{
	(void)state;
	assert_int_equal(policy(0, 1, true, false, 0), PTREE_POLICY_SHARE);
	assert_int_equal(policy(0, 1, true, true, 0), PTREE_POLICY_SHARE);
	assert_int_equal(policy(0, 1, true, false, PTREE_POLICY_SEVER), PTREE_POLICY_SEVER);
	assert_int_equal(policy(0, 1, true, false, PTREE_POLICY_PRIVATE), PTREE_POLICY_SEVER);
}

static char bytes[1 << 20];

static void pipe_of(int ends[2], int flags, int size)
{
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK | flags), 0);
	assert_int_equal(fcntl(ends[0], F_SETPIPE_SZ, size), size);
}

static void pipe_end(int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

static int size_of(int fd)
{
	int size = -1;

	assert_int_equal(ioctl(fd, FIONREAD, &size), 0);
	return size;
}

/* As capture does it. */
static void copy_of(int source, int held[2], int size)
{
	pipe_of(held, 0, size);
	assert_int_equal(tee(source, held[1], INT_MAX, SPLICE_F_NONBLOCK), size_of(source));
}

static void packets_stay_packets(void **state)
{
	static const size_t sizes[] = { 1, 4096, 17, 3000, 5 };
	int source[2], held[2], twin[2];
	char got[8192];

	(void)state;
	pipe_of(source, O_DIRECT, 65536);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_int_equal(write(source[1], bytes, sizes[i]), sizes[i]);
	copy_of(source[0], held, 65536);
	pipe_of(twin, 0, 65536);
	assert_int_equal(ptree_pipe_move(held[0], twin[1], false), 0);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_int_equal(read(twin[0], got, i == 3 ? 10 : sizeof(got)), i == 3 ? 10 : sizes[i]);
	assert_int_equal(size_of(twin[0]), 0);
	/* Nothing was taken from the source. */
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_int_equal(read(source[0], got, sizeof(got)), sizes[i]);
	pipe_end(source);
	pipe_end(held);
	pipe_end(twin);
}

/* Writes single bytes until there is no more room. */
static size_t room_of(int fd)
{
	size_t n = 0;

	while (write(fd, "z", 1) == 1)
		n++;
	assert_int_equal(errno, EAGAIN);
	return n;
}

static void room_is(size_t written)
{
	int source[2], held[2], twin[2];
	size_t room;

	pipe_of(source, 0, 8192);
	pipe_of(twin, 0, 8192);
	for (size_t i = 0; i < written; i++)
		assert_int_equal(write(source[1], &bytes[i], 1), 1);
	copy_of(source[0], held, 8192);
	assert_int_equal(ptree_pipe_move(held[0], twin[1], true), 0);
	assert_int_equal(size_of(twin[0]), written);
	room = room_of(source[1]);
	assert_int_equal(room, 8192 - written);
	assert_int_equal(room_of(twin[1]), room);
	pipe_end(source);
	pipe_end(held);
	pipe_end(twin);
}

static void a_twin_has_as_much_room(void **state)
{
	(void)state;
	room_is(1);
	room_is(4095);
	room_is(4096);
	room_is(4097);
	room_is(8191);
	room_is(8192);
}

static void a_large_pipe_keeps_every_byte(void **state)
{
	int source[2], held[2], twin[2];
	static char got[1 << 20];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 31 + (i >> 12));
	pipe_of(source, 0, 1 << 20);
	pipe_of(twin, 0, 1 << 20);
	/* Pieces that do not fill their pages, until no more fit. */
	for (size_t at = 0; write(source[1], bytes + at, 3000) == 3000; at += 3000)
		;
	copy_of(source[0], held, 1 << 20);
	assert_int_equal(ptree_pipe_move(held[0], twin[1], true), 0);
	assert_int_equal(size_of(twin[0]), size_of(source[0]));
	assert_int_equal(read(twin[0], got, sizeof(got)), size_of(source[0]));
	assert_memory_equal(got, bytes, size_of(source[0]));
	assert_int_equal(size_of(twin[0]), 0);
	pipe_end(source);
	pipe_end(held);
	pipe_end(twin);
}

/* A tree that has these descriptors of ours open, as FILES would tell it. */
struct tree {
	struct ptree_op op;
	struct ptree_member self;
	struct ptree_file files[8];
	struct ptree_fd fds[8];
	size_t nr;
};

static void tree_add(struct tree *t, int fd, unsigned readers, unsigned writers)
{
	struct ptree_file *f = &t->files[t->nr];
	struct statfs fs;
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(fstatfs(fd, &fs), 0);
	t->fds[t->nr] = (struct ptree_fd){ .member = &t->self, .file = f, .fd = fd };
	*f = (struct ptree_file){
		.info = {
			.ino = st.st_ino, .dev = st.st_dev, .mode = st.st_mode, .fs_magic = (uint32_t)fs.f_type,
			.flags = (uint32_t)fcntl(fd, F_GETFL), .readers = readers, .writers = writers,
		},
		.fds = &t->fds[t->nr], .nr_fds = 1, .first = &t->files[0], .twin_fd = -1,
	};
	if (t->nr > 0)
		t->files[t->nr - 1].next = f;
	t->nr++;
}

static void tree_settle(struct tree *t)
{
	t->self.pid = t->self.living = getpid();
	t->self.pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	for (size_t i = 0; i < t->nr; i++)
		assert_int_equal(ptree_pipe_judge(&t->op, &t->files[i]), 0);
	for (size_t i = 0; i < t->nr; i++)
		assert_int_equal(ptree_pipe_capture(&t->op, &t->files[i]), 0);
	for (size_t i = 0; i < t->nr; i++)
		assert_int_equal(ptree_pipe_settle(&t->op, &t->files[i]), 0);
	for (size_t i = 0; i < t->nr; i++)
		ptree_pipe_release(&t->files[i]);
	for (size_t i = 0; i < t->nr; i++)
		assert_in_range(t->files[i].twin_fd, 3, INT_MAX);
}

static void tree_end(struct tree *t)
{
	for (size_t i = 0; i < t->nr; i++) {
		close(t->files[i].twin_fd);
		free(t->files[i].note);
	}
	close(t->self.pidfd);
}

static short events_of(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	assert_in_range(poll(&poller, 1, 0), 0, 1);
	return poller.revents;
}

static int open_again(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, flags | O_CLOEXEC);
	assert_in_range(fd, 3, INT_MAX);
	return fd;
}

static void every_end_has_a_twin_with_its_flags(void **state)
{
	struct tree t = { .nr = 0 };
	int ends[2], again, both;
	char got[16];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	again = open_again(ends[0], O_RDONLY | O_NONBLOCK);
	both = open_again(ends[0], O_RDWR);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	assert_int_equal(fcntl(ends[1], F_SETFL, O_DIRECT), 0);
	tree_add(&t, ends[1], 3, 2);
	tree_add(&t, ends[0], 3, 2);
	tree_add(&t, again, 3, 2);
	tree_add(&t, both, 3, 2);
	tree_settle(&t);
	for (size_t i = 0; i < t.nr; i++) {
		assert_int_equal(t.files[i].policy, PTREE_POLICY_PRIVATE);
		assert_int_equal(fcntl(t.files[i].twin_fd, F_GETFL), t.files[i].info.flags);
		assert_int_equal(fcntl(t.files[i].twin_fd, F_GETFD), FD_CLOEXEC);
	}
	assert_int_equal(read(t.files[1].twin_fd, got, sizeof(got)), 3);
	assert_int_equal(size_of(ends[0]), 3);
	/* Nobody else has an end: the last writer's end is the end. */
	close(t.files[0].twin_fd);
	close(t.files[3].twin_fd);
	assert_int_equal(read(t.files[2].twin_fd, got, sizeof(got)), 0);
	t.files[0].twin_fd = t.files[3].twin_fd = -1;
	tree_end(&t);
	pipe_end(ends);
	close(again);
	close(both);
}

static void a_severed_reader_reads_to_the_end(void **state)
{
	struct tree t = { .nr = 0 };
	char got[16];
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	tree_add(&t, ends[0], 1, 1);
	tree_settle(&t);
	assert_int_equal(t.files[0].policy, PTREE_POLICY_SEVER);
	assert_int_equal(read(t.files[0].twin_fd, got, sizeof(got)), 3);
	assert_int_equal(read(t.files[0].twin_fd, got, sizeof(got)), 0);
	assert_int_equal(size_of(ends[0]), 3);
	tree_end(&t);
	pipe_end(ends);
}

static void a_fifo_s_twin_knows_whether_a_writer_came(void **state)
{
	char dir[] = "/tmp/ptree-test-XXXXXX", path[64];
	int quiet, writer, told, both;
	struct tree t = { .nr = 0 }, u = { .nr = 0 };
	struct stat st;

	(void)state;
	test_needs_root();
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0640), 0);
	told = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	writer = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(writer, "rest", 4), 4);
	close(writer);
	quiet = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(events_of(told), POLLIN | POLLHUP);
	assert_int_equal(events_of(quiet), POLLIN);
	tree_add(&t, told, 2, 0);
	tree_add(&t, quiet, 2, 0);
	tree_settle(&t);
	assert_int_equal(events_of(t.files[0].twin_fd), POLLIN | POLLHUP);
	assert_int_equal(events_of(t.files[1].twin_fd), POLLIN);
	assert_int_equal(size_of(t.files[1].twin_fd), 4);
	assert_int_equal(fcntl(t.files[1].twin_fd, F_GETFL), fcntl(quiet, F_GETFL));
	assert_int_equal(fstat(t.files[1].twin_fd, &st), 0);
	assert_int_equal(st.st_mode, S_IFIFO | 0640);
	assert_int_equal(st.st_nlink, 0);
	tree_end(&t);

	both = open(path, O_RDWR | O_CLOEXEC);
	tree_add(&u, both, 3, 1);
	tree_settle(&u);
	assert_int_equal(fcntl(u.files[0].twin_fd, F_GETFL), fcntl(both, F_GETFL));
	assert_int_equal(write(u.files[0].twin_fd, "x", 1), 1);
	assert_int_equal(size_of(u.files[0].twin_fd), 5);
	assert_int_equal(size_of(both), 4);
	tree_end(&u);
	close(both);
	close(told);
	close(quiet);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipes_inside_are_private),
		cmocka_unit_test(nothing_is_read_from_a_pipe_of_the_source),
		cmocka_unit_test(a_log_pipe_is_shared_unless_severed),
		cmocka_unit_test(packets_stay_packets),
		cmocka_unit_test(a_twin_has_as_much_room),
		cmocka_unit_test(a_large_pipe_keeps_every_byte),
		cmocka_unit_test(every_end_has_a_twin_with_its_flags),
		cmocka_unit_test(a_severed_reader_reads_to_the_end),
		cmocka_unit_test(a_fifo_s_twin_knows_whether_a_writer_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
