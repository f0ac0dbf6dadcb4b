// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * io_uring without a request under way: what waits in the queues, their heads and tails, and the places of the rings in memory
 * are as they were, and from then on each side has rings of its own. A thread that waits for a completion waits on.
 */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>

#include "witness.h"

static const struct ring_case {
	unsigned entries, flags, completions;
	unsigned before;	/* requests that were made and done before the clone */
	bool dontfork;		/* as liburing's io_uring_ring_dontfork() */
} cases[] = {
	{ .entries = 4, .before = 7 },
	{ .entries = 256, .flags = IORING_SETUP_CQSIZE, .completions = 2048, .before = 300 },
	{ .entries = 8, .before = 1, .dontfork = true },
	{ .entries = 8, .flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32, .before = 21 },
	{ .entries = 1, .flags = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SINGLE_ISSUER, .before = 3 },
	{ .entries = 16, .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN },
};

struct ring {
	struct io_uring_params params;
	int fd;
	unsigned char *queues, *entries;
	size_t queues_size, entries_size;
};

static unsigned *word(const struct ring *ring, unsigned offset)
{
	return (unsigned *)(ring->queues + offset);
}

static unsigned load(const struct ring *ring, unsigned offset)
{
	return __atomic_load_n(word(ring, offset), __ATOMIC_ACQUIRE);
}

static int enter(const struct ring *ring, unsigned submit, unsigned wait)
{
	return (int)syscall(SYS_io_uring_enter, ring->fd, submit, wait, IORING_ENTER_GETEVENTS, NULL, 0);
}

static struct ring ring_make(const struct ring_case *c)
{
	struct ring ring = { .params = { .flags = c->flags, .cq_entries = c->completions } };
	size_t large = c->flags & IORING_SETUP_CQE32 ? 2 : 1;

	ring.fd = (int)syscall(SYS_io_uring_setup, c->entries, &ring.params);
	if (ring.fd < 0 && errno == EPERM)
		witness_skip("io_uring is switched off (kernel.io_uring_disabled)");
	MUST(ring.fd >= 0);
	ring.queues_size = ring.params.sq_off.array + ring.params.sq_entries * sizeof(unsigned);
	if (ring.queues_size < ring.params.cq_off.cqes + ring.params.cq_entries * large * sizeof(struct io_uring_cqe))
		ring.queues_size = ring.params.cq_off.cqes + ring.params.cq_entries * large * sizeof(struct io_uring_cqe);
	ring.entries_size = ring.params.sq_entries * sizeof(struct io_uring_sqe) * (c->flags & IORING_SETUP_SQE128 ? 2 : 1);
	ring.queues = mmap(NULL, ring.queues_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQ_RING);
	ring.entries = mmap(NULL, ring.entries_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQES);
	MUST(ring.queues != MAP_FAILED && ring.entries != MAP_FAILED);
	if (c->dontfork)
		MUST(madvise(ring.queues, ring.queues_size, MADV_DONTFORK) == 0 &&
		     madvise(ring.entries, ring.entries_size, MADV_DONTFORK) == 0);
	return ring;
}

/* Into the queue, and not yet to the kernel. */
static void prepare(const struct ring *ring, const struct io_uring_sqe *request)
{
	unsigned tail = *word(ring, ring->params.sq_off.tail), at = tail & (ring->params.sq_entries - 1);
	size_t size = ring->params.flags & IORING_SETUP_SQE128 ? 2 * sizeof(*request) : sizeof(*request);

	memcpy(ring->entries + at * size, request, sizeof(*request));
	word(ring, ring->params.sq_off.array)[at] = at;
	__atomic_store_n(word(ring, ring->params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
}

static void prepare_nothing(const struct ring *ring, uint64_t name)
{
	prepare(ring, &(struct io_uring_sqe){ .opcode = IORING_OP_NOP, .fd = -1, .user_data = name });
}

static bool is_done(const struct ring *ring)
{
	return load(ring, ring->params.cq_off.head) != load(ring, ring->params.cq_off.tail);
}

/* struct io_uring_cqe without its room for more. */
struct done {
	uint64_t user_data;
	int32_t res;
	uint32_t flags;
};

static struct done take(const struct ring *ring)
{
	unsigned head = *word(ring, ring->params.cq_off.head), at = head & (ring->params.cq_entries - 1);
	size_t size = sizeof(struct io_uring_cqe) * (ring->params.flags & IORING_SETUP_CQE32 ? 2 : 1);
	struct done done = { .user_data = UINT64_MAX };

	if (is_done(ring)) {
		memcpy(&done, ring->queues + ring->params.cq_off.cqes + at * size, sizeof(done));
		__atomic_store_n(word(ring, ring->params.cq_off.head), head + 1, __ATOMIC_RELEASE);
	}
	return done;
}

static void do_nothing(const struct ring *ring, uint64_t name)
{
	prepare_nothing(ring, name);
	CHECK_EQUAL(enter(ring, 1, 1), 1);
	CHECK_EQUAL(take(ring).user_data, name);
}

static void *wait_for_one(void *argument)
{
	const struct ring *ring = argument;

	CHECK_EQUAL(enter(ring, 0, 1), 0);
	CHECK_EQUAL(take(ring).user_data, 4711);
	return NULL;
}

/* What each side reads is what it wrote, into and from one file of its own. */
static void judge_files(const struct ring *ring)
{
	char text[8] = "source", got[8] = "";
	int fd = memfd_create("witness", MFD_CLOEXEC);

	if (witness_is_clone())
		strcpy(text, "clone");
	prepare(ring, &(struct io_uring_sqe){ .opcode = IORING_OP_WRITE, .fd = fd, .addr = (uintptr_t)text, .len = sizeof(text) });
	CHECK_EQUAL(enter(ring, 1, 1), 1);
	CHECK_EQUAL(take(ring).res, sizeof(text));
	prepare(ring, &(struct io_uring_sqe){ .opcode = IORING_OP_READ, .fd = fd, .addr = (uintptr_t)got, .len = sizeof(got) });
	CHECK_EQUAL(enter(ring, 1, 1), 1);
	CHECK_EQUAL(take(ring).res, sizeof(got));
	CHECK(strcmp(got, text) == 0);
	close(fd);
}

static void judge(const struct ring_case *c, const struct ring *ring)
{
	uint64_t side = witness_is_clone() ? 5000 : 9000;

	CHECK_EQUAL(load(ring, ring->params.sq_off.head), c->before + 1);
	/* One had completed, and one was to be submitted. */
	CHECK_EQUAL(take(ring).user_data, 1001);
	CHECK(!is_done(ring));
	CHECK_EQUAL(enter(ring, 1, 1), 1);
	CHECK_EQUAL(take(ring).user_data, 1002);
	for (unsigned i = 0; i < 2 * c->entries + 1; i++)
		do_nothing(ring, side + i);
	judge_files(ring);
}

int main(int argc, char **argv)
{
	static struct ring rings[COUNT(cases)], waited_for;
	pthread_t waiter;

	witness_start(argc, argv);
	for (size_t i = 0; i < COUNT(cases); i++) {
		rings[i] = ring_make(&cases[i]);
		for (unsigned n = 0; n < cases[i].before; n++)
			do_nothing(&rings[i], n);
		prepare_nothing(&rings[i], 1001);
		MUST(enter(&rings[i], 1, 1) == 1);
		prepare_nothing(&rings[i], 1002);
	}
	waited_for = ring_make(&cases[0]);
	waiter = witness_thread(wait_for_one, &waited_for);
	witness_ready();

	for (size_t i = 0; i < COUNT(cases); i++)
		judge(&cases[i], &rings[i]);
	/* Each side ends the wait of its own thread. */
	witness_meet("judged");
	CHECK(!is_done(&waited_for));
	prepare_nothing(&waited_for, 4711);
	CHECK_EQUAL(syscall(SYS_io_uring_enter, waited_for.fd, 1, 0, 0, NULL, 0), 1);
	CHECK_EQUAL(pthread_join(waiter, NULL), 0);
	return witness_verdict();
}
