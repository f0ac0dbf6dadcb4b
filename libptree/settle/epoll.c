// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * epoll sets. An entry is a file and the number that it had when it was added; the file may have other numbers by now, or
 * none, while something else has its number. So the clone's entries are added by a child of the engine, which gives each
 * of the clone's files the number it has in the set for as long as that takes.
 *
 * Which file an entry is for is found in the pause, when the set and the tables belong together.
 */

#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "aside.h"
#include "epoll.h"
#include "status.h"

#define EVENT_FLAGS (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)
#define ANY_EVENT (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP)
#define HARVEST_MAX 64

/*
 * How many entries kcmp(), which goes through a set from its start each time, may pass by to confirm what the numbers say:
 * about a millisecond. Only where several files have one inode, as all eventfds have, could a number mislead; beyond
 * this it is believed.
 */
#define CONFIRM_MAX 100000

#define LINE_MIN 64		/* bytes that an entry has at least in fdinfo */

struct entry {
	int fd;			/* the number when it was added */
	uint32_t events;	/* of a one-shot entry that has fired, the flags alone */
	uint64_t data;
	uint64_t ino, dev;	/* of its file */
	uint32_t nth;		/* how many of this number come before it */
	bool shares_number;
	struct ptree_file *target;	/* NULL: a file that nobody in the tree has open */
	int result;		/* of adding it: 0, -errno */
};

/* In memory that a child shares. */
struct epoll {
	int fd;
	size_t size;		/* bytes mapped */
	size_t nr, max;
	unsigned left_out;	/* entries without a target */
	struct entry entries[];
};

bool ptree_epoll_is(const struct ptree_file *f)
{
	return !strcmp(f->info.name, "[eventpoll]") && f->info.is & PTREE_FILE_INTERNAL;
}

int ptree_epoll_judge(struct ptree_op *op, struct ptree_file *f)
{
	(void)op;
	return f->policy == PTREE_POLICY_SHARE ? ptree_file_note(f, "one set for both, of the source's files") : 0;
}

/* The number behind @name, which must come next but for blanks. */
static bool field(const char **at, const char *name, int base, uint64_t *ret)
{
	size_t length = strlen(name);
	char *end;

	*at += strspn(*at, " ");
	if (strncmp(*at, name, length))
		return false;
	*ret = strtoull(*at + length, &end, base);
	if (end == *at + length)
		return false;
	*at = end;
	return true;
}

/* "tfd:        5 events:       19 data:                7  pos:0 ino:9 sdev:b" */
static bool parse(const char **at, struct entry *e)
{
	uint64_t fd, events, pos, sdev;

	if (!field(at, "tfd:", 10, &fd) || !field(at, "events:", 16, &events) || !field(at, "data:", 16, &e->data) ||
	    !field(at, "pos:", 10, &pos) || !field(at, "ino:", 16, &e->ino) || !field(at, "sdev:", 16, &sdev))
		return false;
	*at += strcspn(*at, "\n");
	*at += **at == '\n';
	if (fd > INT_MAX)
		return false;
	e->fd = (int)fd;
	e->events = (uint32_t)events;
	/* The kernel's own numbering, 20 bits of minor. */
	e->dev = makedev((unsigned)(sdev >> 20), (unsigned)(sdev & 0xfffff));
	return true;
}

static int highest(const struct epoll *epoll)
{
	int fd = 0;

	for (size_t i = 0; i < epoll->nr; i++)
		if (epoll->entries[i].fd > fd)
			fd = epoll->entries[i].fd;
	return fd;
}

/* Whether the entry is for the file that @fd is. 1, 0; -errno. */
static int is_for(const struct ptree_fd *epoll, const struct entry *e, const struct ptree_fd *fd)
{
	struct kcmp_epoll_slot slot = { .efd = (uint32_t)epoll->fd, .tfd = (uint32_t)e->fd, .toff = e->nth };
	long r = syscall(SYS_kcmp, fd->member->pid, epoll->member->pid, KCMP_EPOLL_TFD, fd->fd, &slot);

	return r < 0 ? -errno : r == 0;
}

/* What the numbers of a member refer to. */
struct table {
	const struct ptree_fd **fds;
	size_t nr;
};

static int table_fill(struct table *t, const struct ptree_files *files, const struct ptree_member *member)
{
	for (size_t i = 0; i < files->nr_fds; i++)
		if (files->fds[i].member == member && (size_t)files->fds[i].fd >= t->nr)
			t->nr = (size_t)files->fds[i].fd + 1;
	t->fds = calloc(t->nr ? t->nr : 1, sizeof(*t->fds));
	if (!t->fds)
		return -ENOMEM;
	for (size_t i = 0; i < files->nr_fds; i++)
		if (files->fds[i].member == member)
			t->fds[files->fds[i].fd] = &files->fds[i];
	return 0;
}

struct resolver {
	const struct ptree_files *files;
	const struct ptree_fd *epoll;
	struct table table;		/* of the member that @epoll is in */
	struct epoll *set;
	size_t passed;			/* by kcmp() to confirm what is likely */
};

static void resolver_done(struct resolver *v)
{
	free(v->table.fds);
}

/* Whether inode numbers do not tell it from others. */
static bool has_doubles(const struct ptree_file *f)
{
	return f->first->next || f->info.fs_magic == ANON_INODE_FS_MAGIC;
}

static bool may_be_for(const struct entry *e, const struct ptree_file *f)
{
	return f->nr_fds > 0 && f->info.ino == e->ino && f->info.dev == e->dev;
}

/* Whether what has the number now can be believed to be what had it then. */
static bool is_credible(struct resolver *v, const struct entry *e, const struct ptree_fd *likely)
{
	if (!has_doubles(likely->file))
		return true;
	if (e->shares_number)
		return false;
	v->passed += (size_t)(e - v->set->entries);
	return v->passed > CONFIRM_MAX;
}

/*
 * The numbers of one member are what most entries tell. Of the others, which were added by another member, or have lost
 * their number, every file that may be meant is tried.
 */
static int resolve(struct resolver *v, struct entry *e)
{
	const struct ptree_fd *likely = (size_t)e->fd < v->table.nr ? v->table.fds[e->fd] : NULL;
	int r = 0;

	if (likely && may_be_for(e, likely->file)) {
		r = is_credible(v, e, likely) ? 1 : is_for(v->epoll, e, likely);
		if (r == 1)
			e->target = likely->file;
	}
	for (size_t i = 0; i < v->files->nr_files && r == 0; i++) {
		struct ptree_file *f = &v->files->files[i];

		if (!may_be_for(e, f))
			continue;
		r = is_for(v->epoll, e, &f->fds[0]);
		if (r == 1)
			e->target = f;
	}
	if (!e->target)
		v->set->left_out++;
	return r < 0 ? r : 0;
}

/* fdinfo tells the entries in the order in which kcmp() counts those of one number. */
static int numbers_count(struct epoll *epoll)
{
	size_t size = (size_t)highest(epoll) + 1;
	_cleanup_free_ uint32_t *counts = calloc(size, sizeof(*counts));

	if (!counts)
		return -ENOMEM;
	for (size_t i = 0; i < epoll->nr; i++)
		epoll->entries[i].nth = counts[epoll->entries[i].fd]++;
	for (size_t i = 0; i < epoll->nr; i++)
		epoll->entries[i].shares_number = counts[epoll->entries[i].fd] > 1;
	return 0;
}

static int resolve_all(struct epoll *epoll, const char *text, struct resolver *v)
{
	int r;

	while (*text) {
		if (epoll->nr == epoll->max || !parse(&text, &epoll->entries[epoll->nr]))
			return -EBADMSG;
		epoll->nr++;
	}
	r = numbers_count(epoll);
	for (size_t i = 0; i < epoll->nr && r == 0; i++)
		r = resolve(v, &epoll->entries[i]);
	return r;
}

int ptree_epoll_capture(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_(resolver_done) struct resolver v = { .files = &op->files, .epoll = f->fds };
	size_t length = f->fdinfo ? strlen(f->fdinfo) : 0;
	size_t max = length / LINE_MIN + 1, size = sizeof(struct epoll) + max * sizeof(struct entry);
	struct epoll *epoll;
	int r;

	if (!f->nr_fds)
		return ptree_file_error(op, f, -EOPNOTSUPP, "it is nobody's");
	epoll = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (epoll == MAP_FAILED)
		return ptree_error_oom(&op->error, "capture");
	epoll->size = size;
	epoll->max = max;
	epoll->fd = -1;
	f->state = epoll;
	if (!length)
		return 0;
	v.set = epoll;
	r = table_fill(&v.table, v.files, f->fds->member);
	if (r == 0)
		r = resolve_all(epoll, f->fdinfo, &v);
	return r < 0 ? ptree_file_error(op, f, r, "finding out what its entries are for") : 0;
}

int ptree_epoll_settle(struct ptree_op *op, struct ptree_file *f)
{
	struct epoll *epoll = f->state;
	int r;

	f->twin_fd = epoll_create1(EPOLL_CLOEXEC);
	if (f->twin_fd < 0)
		return ptree_file_error(op, f, -errno, "making a new one");
	r = ptree_status_set(op, f, f->twin_fd);
	if (r == 0 && epoll->left_out)
		r = ptree_file_note(f, "%u entries are left out: only others have their files open", epoll->left_out);
	return r;
}

static bool has_fired(const struct entry *e)
{
	return e->events & EPOLLONESHOT && !(e->events & ~EVENT_FLAGS);
}

static int control(const struct epoll *epoll, int operation, const struct entry *e, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u64 = e->data };

	return epoll_ctl(epoll->fd, operation, e->fd, &event) < 0 ? -errno : 0;
}

/*
 * A one-shot entry that has fired waits for nothing, not even an error; but who adds one gets errors too. So it is made to
 * fire: nearly everything is ready for something, if only to be written to. Where nothing is, errors would come.
 */
static int add_fired(const struct epoll *epoll, const struct entry *e)
{
	struct epoll_event events[HARVEST_MAX];
	int r = control(epoll, EPOLL_CTL_ADD, e, e->events | ANY_EVENT);

	if (r < 0)
		return r;
	r = epoll_wait(epoll->fd, events, HARVEST_MAX, 0);
	if (r != 0)
		return r < 0 ? -errno : 0;
	return control(epoll, EPOLL_CTL_MOD, e, e->events);
}

/* In the child: the clone's file gets the number, the entry is added. */
static int add(const struct epoll *epoll, const struct entry *e, bool fired)
{
	int file = ptree_file_borrow_twin(e->target), r;

	if (file < 0)
		return file;
	if (file != e->fd) {
		r = dup3(file, e->fd, O_CLOEXEC) < 0 ? -errno : 0;
		close(file);
		if (r < 0)
			return r;
	}
	r = fired ? add_fired(epoll, e) : control(epoll, EPOLL_CTL_ADD, e, e->events);
	close(e->fd);
	return r;
}

/* First those that have fired, while what they report can only be theirs. */
static int add_all(void *argument)
{
	struct epoll *epoll = argument;

	epoll->fd = ptree_aside_keep(epoll->fd, highest(epoll) + 1);
	if (epoll->fd < 0)
		return epoll->fd;
	for (int fired = 1; fired >= 0; fired--)
		for (size_t i = 0; i < epoll->nr; i++) {
			struct entry *e = &epoll->entries[i];

			if (e->target && has_fired(e) == fired)
				e->result = add(epoll, e, fired);
			if (e->result < 0)
				return e->result;
		}
	return 0;
}

int ptree_epoll_finish(struct ptree_op *op, struct ptree_file *f)
{
	struct epoll *epoll = f->state;
	int r;

	if (!epoll->nr)
		return 0;
	epoll->fd = f->twin_fd;
	/* Above the numbers: the set itself, and what is borrowed for a moment. */
	r = ptree_aside(add_all, epoll, (unsigned long)highest(epoll) + 16);
	epoll->fd = -1;
	return r < 0 ? ptree_file_error(op, f, r, "adding its entries") : 0;
}

void ptree_epoll_release(struct ptree_file *f)
{
	struct epoll *epoll = f->state;

	if (epoll)
		munmap(epoll, epoll->size);
	f->state = NULL;
}
