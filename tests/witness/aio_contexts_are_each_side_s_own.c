// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Linux AIO without a request under way: contexts of the same name, at the same place and as large, from which each side reads
 * the events of its own requests. A child that only has its parent's ring in memory still has no context.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/mman.h>

#include "witness.h"

#define REQUESTS_MAX 4000

/* The head of a ring, as libaio knows it. */
struct ring {
	unsigned id, nr, head, tail, magic;
};

static struct context {
	unsigned asked;
	unsigned before;	/* requests that were made and done before the clone */
	aio_context_t id;
	unsigned nr;		/* events that the ring holds */
} contexts[] = {
	{ .asked = 1, .before = 7 },
	{ .asked = 128, .before = 300 },
	{ .asked = REQUESTS_MAX, .before = 1 },
	{ .asked = 64 },
};

static int file;
static char byte_read;

/* @nr requests, which are done when they have been submitted: the file is in the page cache. */
static long submit(const struct context *c, unsigned nr, uint64_t data)
{
	static struct iocb requests[REQUESTS_MAX], *list[REQUESTS_MAX];
	long done = 0, r = 0;

	for (unsigned i = 0; i < nr; i++) {
		requests[i] = (struct iocb){
			.aio_data = data + i,
			.aio_lio_opcode = IOCB_CMD_PREAD,
			.aio_fildes = (unsigned)file,
			.aio_buf = (uintptr_t)&byte_read,
			.aio_nbytes = 1,
		};
		list[i] = &requests[i];
	}
	while (done < nr && (r = syscall(SYS_io_submit, c->id, nr - done, list + done)) > 0)
		done += r;
	return done ? done : r;
}

/* All of them come, in their order, and nothing else. */
static void collect(const struct context *c, unsigned nr, uint64_t data)
{
	static struct io_event events[REQUESTS_MAX + 1];
	struct timespec now = { 0 };
	long n = syscall(SYS_io_getevents, c->id, nr, nr + 1, events, &now);

	CHECK_EQUAL(n, nr);
	for (long i = 0; i < n; i++) {
		if (events[i].data == data + (uint64_t)i && events[i].res == 1)
			continue;
		FAIL("event %ld is of request %llx, with %lld", i, (unsigned long long)events[i].data, (long long)events[i].res);
		break;
	}
}

static void build(struct context *c)
{
	const struct ring *ring;
	long r = syscall(SYS_io_setup, c->asked, &c->id);

	if (r < 0 && errno == ENOSYS)
		witness_skip("this kernel has no AIO");
	MUST(r == 0);
	ring = (const void *)c->id;
	c->nr = ring->nr;
	for (unsigned i = 0; i < c->before; i++) {
		MUST(submit(c, 1, i) == 1);
		collect(c, 1, i);
	}
}

static int child(void *argument)
{
	struct context *c = argument;
	struct timespec now = { 0 };
	struct io_event event;

	witness_wait_go();
	CHECK(syscall(SYS_io_getevents, c->id, 0, 1, &event, &now) < 0 && errno == EINVAL);
	return 0;
}

static void judge(struct context *c)
{
	uint64_t data = witness_is_clone() ? 1000000 : 2000000;
	const struct ring *ring = (const void *)c->id;
	struct timespec now = { 0 };
	struct io_event event;

	CHECK_EQUAL(ring->nr, c->nr);
	CHECK_EQUAL(ring->magic, 0xa10a10a1);
	CHECK_EQUAL(ring->head, ring->tail);
	/* As many as were asked for are there to be had at once, again and again. */
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQUAL(submit(c, c->asked, data), c->asked);
		witness_meet("submitted");
		collect(c, c->asked, data);
		CHECK_EQUAL(ring->head, ring->tail);
	}
	CHECK_EQUAL(syscall(SYS_io_destroy, c->id), 0);
	CHECK(syscall(SYS_io_getevents, c->id, 0, 1, &event, &now) < 0 && errno == EINVAL);
	/* Nothing is mapped there any more. */
	CHECK(msync((void *)c->id, 4096, MS_ASYNC) < 0 && errno == ENOMEM);
}

int main(int argc, char **argv)
{
	pid_t forked;

	witness_start(argc, argv);
	file = open(argv[0], O_RDONLY | O_CLOEXEC);
	MUST(file >= 0);
	for (size_t i = 0; i < COUNT(contexts); i++)
		build(&contexts[i]);
	/* A number in between that is free. */
	MUST(syscall(SYS_io_destroy, contexts[3].id) == 0);
	forked = witness_fork(child, &contexts[0]);
	witness_ready();

	for (size_t i = 0; i < COUNT(contexts) - 1; i++)
		judge(&contexts[i]);
	witness_reap(forked, EXITED(0));
	return witness_verdict();
}
