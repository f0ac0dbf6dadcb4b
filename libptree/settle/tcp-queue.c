// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What has come is shown by MSG_PEEK. What was written and has not come, because the reader has no room for it, is in the
 * sender's queue, which a socket shows only under repair (tcp_peek_sndq(), net/ipv4/tcp.c, read in v6.1, v6.12, v7.2).
 * A socket must not be left under repair if we are killed, so the member does it itself, in one CALL: it looks, with a
 * piece of memory of ours that it has for that time, and ends the repair.
 */
#include "tcp-queue.h"

#include <inttypes.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../call.h"

/* Everything up to now, without taking it: one look shows the whole queue, from the beginning unless told otherwise. */
int ptree_tcp_queue_peek(struct inet_state *s, int fd)
{
	size_t size = ptree_socket_bytes(fd);
	int offset = -1, from_start = -1;
	socklen_t offset_size = sizeof(offset);
	ssize_t n;
	int r = 0;

	if (size == 0)
		return 0;
	s->bytes = malloc(size);
	if (!s->bytes)
		return -ENOMEM;
	/* Before v6.9 TCP has no such option. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, &offset_size) < 0)
		offset = -1;
	if (offset >= 0 && setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &from_start, sizeof(from_start)) < 0)
		return -errno;
	n = recv(fd, s->bytes, size, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0)
		r = -errno;
	if (offset >= 0 && setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)) < 0 && r == 0)
		r = -errno;
	s->size = n > 0 ? (size_t)n : 0;
	return r;
}

/* The middle of the largest hole between a process's mappings: nothing grows so far while it is frozen. */
static uint64_t hole_find(pid_t pid, size_t size)
{
	uint64_t from, to, end = 0, best = 0, middle = 0;
	_cleanup_fclose_ FILE *maps = NULL;
	char path[48], line[512];

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) != 2)
			continue;
		/* Above is the kernel's page of old system calls. */
		if (from >> 47)
			break;
		if (end > 0 && from - end > best) {
			best = from - end;
			middle = end + best / 2;
		}
		end = to;
	}
	return best / 2 > size ? middle & ~(uint64_t)0xfff : 0;
}

/* Calls on one socket under repair. */
struct repair {
	struct ptree_calls calls;
	const struct ptree_fd *at;
	size_t sequence;	/* where the data has the sequence number */
};

static void option_add(struct repair *r, int level, int name, int value)
{
	size_t at = ptree_calls_data(&r->calls, &value, sizeof(value));

	ptree_calls_add(&r->calls, SYS_setsockopt, CALL_NUMBER(r->at->fd), CALL_NUMBER(level), CALL_NUMBER(name), CALL_DATA(at),
			CALL_NUMBER(sizeof(value)));
}

static void repair_begin(struct repair *r, int queue)
{
	socklen_t size = sizeof(uint32_t);
	size_t at;

	option_add(r, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_ON);
	option_add(r, IPPROTO_TCP, TCP_REPAIR_QUEUE, queue);
	r->sequence = ptree_calls_data(&r->calls, NULL, sizeof(uint32_t));
	at = ptree_calls_data(&r->calls, &size, sizeof(size));
	ptree_calls_add(&r->calls, SYS_getsockopt, CALL_NUMBER(r->at->fd), CALL_NUMBER(IPPROTO_TCP), CALL_NUMBER(TCP_QUEUE_SEQ),
			CALL_DATA(r->sequence), CALL_DATA(at));
}

/* What a repair ends with is not what it began with. */
static int repair_end(struct repair *r, int fd)
{
	socklen_t size = sizeof(int);
	int reuse;

	if (getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, &size) < 0)
		return -errno;
	option_add(r, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
	option_add(r, SOL_SOCKET, SO_REUSEADDR, reuse);
	return 0;
}

static int repair_run(struct repair *r, struct ptree_op *op, uint32_t *ret_sequence)
{
	int error = ptree_calls_run(&r->calls, op, r->at->member, PTREE_CALL_SOURCE | PTREE_CALL_PRIVILEGED | PTREE_CALL_ALL,
				    "capture");

	for (size_t i = 0; i < r->calls.nr_results && error == 0; i++)
		if (r->calls.results[i] < 0 && r->calls.results[i] > -4096)
			error = (int)r->calls.results[i];
	if (error == 0)
		memcpy(ret_sequence, r->calls.data + r->sequence, sizeof(*ret_sequence));
	return error;
}

/* Of the numbers of a connection, its end has one too. */
static bool end_is_sent(const struct ptree_file *f)
{
	return f->info.state == TCP_FIN_WAIT1 || f->info.state == TCP_FIN_WAIT2 || f->info.state == TCP_CLOSING ||
	       f->info.state == TCP_LAST_ACK;
}

static bool end_has_come(const struct ptree_file *f)
{
	return f->info.state == TCP_CLOSE_WAIT || f->info.state == TCP_CLOSING || f->info.state == TCP_LAST_ACK;
}

static int received_read(struct ptree_op *op, const struct ptree_file *f, uint32_t *ret)
{
	_cleanup_close_ int fd = ptree_file_borrow(f);
	struct repair repair = { .calls = PTREE_CALLS_INIT, .at = &f->fds[0] };
	int r;

	if (fd < 0)
		return fd;
	repair_begin(&repair, TCP_RECV_QUEUE);
	r = repair_end(&repair, fd);
	if (r == 0)
		r = repair_run(&repair, op, ret);
	ptree_calls_done(&repair.calls);
	*ret -= r == 0 && end_has_come(f);
	return r;
}

/* All that the peer has not confirmed, and the number after its last byte. */
static int unconfirmed_read(struct ptree_op *op, const struct ptree_file *f, int fd, int memory, size_t room, size_t *ret_size,
			    uint32_t *ret_sequence)
{
	struct repair repair = { .calls = PTREE_CALLS_INIT, .at = &f->fds[0] };
	uint64_t address = hole_find(f->fds[0].member->pid, room);
	size_t received;
	int r;

	if (!address)
		return -ENOMEM;
	ptree_calls_add(&repair.calls, SYS_mmap, CALL_NUMBER(address), CALL_NUMBER(room), CALL_NUMBER(PROT_READ | PROT_WRITE),
			CALL_NUMBER(MAP_SHARED | MAP_FIXED_NOREPLACE), CALL_FILE(memory), CALL_NUMBER(0));
	repair_begin(&repair, TCP_SEND_QUEUE);
	received = ptree_calls_add(&repair.calls, SYS_recvfrom, CALL_NUMBER(f->fds[0].fd), CALL_NUMBER(address), CALL_NUMBER(room),
				   CALL_NUMBER(MSG_PEEK | MSG_DONTWAIT), CALL_NUMBER(0), CALL_NUMBER(0));
	r = repair_end(&repair, fd);
	ptree_calls_add(&repair.calls, SYS_munmap, CALL_NUMBER(address), CALL_NUMBER(room));
	if (r == 0)
		r = repair_run(&repair, op, ret_sequence);
	*ret_size = r == 0 ? (size_t)repair.calls.results[received] : 0;
	ptree_calls_done(&repair.calls);
	*ret_sequence -= r == 0 && end_is_sent(f);
	return r;
}

int ptree_tcp_queue_under_way(struct ptree_op *op, struct ptree_file *receiver, struct ptree_file *sender)
{
	_cleanup_close_ int fd = ptree_file_borrow(sender), memory = -1;
	struct inet_state *s = inet_of(receiver);
	uint32_t written, received, missing;
	int unconfirmed = 0, r;
	size_t room, size;
	char *grown;

	if (fd < 0)
		return fd;
	if (ioctl(fd, SIOCOUTQ, &unconfirmed) < 0)
		return -errno;
	if (unconfirmed <= end_is_sent(sender))
		return 0;
	room = ((size_t)unconfirmed + 0xfff) & ~(size_t)0xfff;
	memory = memfd_create("ptree", MFD_CLOEXEC);
	if (memory < 0 || ftruncate(memory, (off_t)room) < 0)
		return -errno;
	r = received_read(op, receiver, &received);
	if (r == 0)
		r = unconfirmed_read(op, sender, fd, memory, room, &size, &written);
	if (r < 0)
		return r;
	missing = written - received;
	if (missing > size)
		return -EBADMSG;
	grown = realloc(s->bytes, s->size + missing);
	if (!grown && missing > 0)
		return -ENOMEM;
	s->bytes = missing > 0 ? grown : s->bytes;
	if (missing > 0 && pread(memory, grown + s->size, missing, (off_t)(size - missing)) != (ssize_t)missing)
		return -EIO;
	s->size += missing;
	return 0;
}
