// SPDX-License-Identifier: GPL-2.0-or-later
/* POSIX message queues: a private one of the same attributes, with all its descriptors; one with messages stays. */
#include <fcntl.h>
#include <mqueue.h>
#include <sys/stat.h>

#include "witness.h"

static mqd_t queue, writer, full;
static volatile uint32_t received;

static void *receiver(void *argument)
{
	char text[64];

	(void)argument;
	for (;;) {
		ssize_t n = mq_receive(queue, text, sizeof(text), NULL);

		if (n == 4 && !memcmp(text, "end", 4))
			return NULL;
		if (n != 2 || text[0] != (witness_is_clone() ? 'c' : 's'))
			FAIL("received %zd bytes, '%c' (errno %d)", n, text[0], errno);
		received++;
	}
}

int main(int argc, char **argv)
{
	struct mq_attr attributes = { .mq_maxmsg = 7, .mq_msgsize = 64 }, got;
	char name[32], text[64];
	pthread_t thread;
	struct stat st;
	unsigned priority;

	witness_start(argc, argv);
	snprintf(name, sizeof(name), "/witness-%d", getpid());
	queue = mq_open(name, O_RDONLY | O_CREAT | O_EXCL, 0620, &attributes);
	if (queue < 0 && errno == ENOSYS)
		witness_skip("this kernel has no message queues");
	writer = mq_open(name, O_WRONLY | O_NONBLOCK);
	MUST(queue >= 0 && writer >= 0 && mq_unlink(name) == 0 && fchmod(queue, 0620) == 0);
	full = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attributes);
	MUST(full >= 0 && mq_unlink(name) == 0 && mq_send(full, "kept", 5, 9) == 0);
	thread = witness_thread(receiver, NULL);
	witness_ready();

	CHECK_EQUAL(mq_getattr(queue, &got), 0);
	CHECK_EQUAL(got.mq_maxmsg, 7);
	CHECK_EQUAL(got.mq_msgsize, 64);
	CHECK_EQUAL(got.mq_flags, 0);
	CHECK_EQUAL(mq_getattr(writer, &got), 0);
	CHECK_EQUAL(got.mq_flags, O_NONBLOCK);
	CHECK_EQUAL(fstat(queue, &st), 0);
	CHECK_EQUAL(st.st_mode & 0777, 0620);
	CHECK_EQUAL(mq_send(queue, "x", 2, 0), -1);
	CHECK_EQUAL(errno, EBADF);
	witness_meet("begun");
	for (int i = 0; i < 50; i++) {
		while (mq_send(writer, witness_is_clone() ? "c" : "s", 2, 3) < 0 && errno == EAGAIN)
			witness_sleep_usec(500);
	}
	AWAIT(received == 50);
	while (mq_send(writer, "end", 4, 0) < 0 && errno == EAGAIN)
		witness_sleep_usec(500);
	pthread_join(thread, NULL);

	/* Its message cannot be copied without being taken, so the queue is one for both: somebody gets it, once. */
	if (!witness_is_clone()) {
		CHECK_EQUAL(mq_receive(full, text, sizeof(text), &priority), 5);
		CHECK(!strcmp(text, "kept"));
		CHECK_EQUAL(priority, 9);
	}
	witness_meet("done");
	return witness_verdict();
}
