// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Terminals. A pty whose master is in the tree (tmux, script, sshd) gets a double inside the clone. A terminal whose other
 * end is outside (somebody's window) cannot be had twice: the clone gets a pty of its own in its place, whose master
 * ptree-init holds for `ptreectl attach`; or /dev/null; or shares it.
 *
 * Input that nobody has read yet, and controlling terminals, are handed on by the module when it installs the new file.
 */
#include "tty.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/major.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "../attach.h"
#include "../call.h"
#include "status.h"

/* What the files of one terminal have in common, whichever end they are. */
struct terminal {
	unsigned refs;
	uint64_t cookie;
	bool inside;			/* its master is in the tree */
	bool has_slaves;		/* open in the tree */
	bool owned;			/* uid, gid and mode of its inode are known */
	bool on_devpts;
	struct stat inode;
	struct termios2 termios;
	struct winsize size;
	int exclusive, packet, locked;
	int master;			/* the clone's; -1: not made yet */
	bool finished;
};

bool ptree_tty_is(const struct ptree_file *f)
{
	return f->info.is & PTREE_FILE_TTY;
}

static bool is_master(const struct ptree_file *f)
{
	return f->info.is & PTREE_FILE_MASTER;
}

/* The first file from @f on that is of the terminal, or one in particular of its ends; NULL: none. */
static struct ptree_file *next_of(const struct ptree_op *op, uint64_t cookie, size_t from)
{
	for (size_t i = from; i < op->files.nr_files; i++) {
		struct ptree_file *f = &op->files.files[i];

		if (ptree_tty_is(f) && f->info.cookie == cookie)
			return f;
	}
	return NULL;
}

static bool has_end(const struct ptree_op *op, uint64_t cookie, bool master)
{
	for (struct ptree_file *f = next_of(op, cookie, 0); f; f = next_of(op, cookie, f->index + 1))
		if (is_master(f) == master)
			return true;
	return false;
}

static bool is_outside(const struct ptree_op *op, const struct ptree_file *f)
{
	return ptree_tty_is(f) && !(f->info.is & PTREE_FILE_HUNG_UP) && !has_end(op, f->info.cookie, true);
}

/*
 * The one terminal of the tree that `ptreectl attach` takes the place of: the controlling one of the root; where that has
 * none but a new one was asked for, the first that is open. 0: none.
 */
static uint64_t window_of(const struct ptree_op *op)
{
	uint64_t first = 0;

	for (size_t i = 0; i < op->files.nr_files; i++) {
		const struct ptree_file *f = &op->files.files[i];

		if (!is_outside(op, f))
			continue;
		if (f->info.is & PTREE_FILE_CONTROLLING)
			return f->info.cookie;
		if (!first)
			first = f->info.cookie;
	}
	return ptree_policy_asked(op, PTREE_GROUP_TTY) == PTREE_POLICY_PRIVATE ? first : 0;
}

int ptree_tty_judge(struct ptree_op *op, struct ptree_file *f)
{
	if (!is_master(f) && f->info.is & PTREE_FILE_HUNG_UP) {
		f->policy = PTREE_POLICY_EXACT;
		return ptree_file_note(f, "hung up");
	}
	if (!is_outside(op, f)) {
		f->policy = PTREE_POLICY_PRIVATE;
		if (is_master(f) && f->info.readers > 0 && !has_end(op, f->info.cookie, false))
			return ptree_file_note(f, "whoever has its other end is outside: hung up in the clone");
		return ptree_file_note(f, "a pty of the clone's own, with another number");
	}
	switch (ptree_policy_asked(op, PTREE_GROUP_TTY)) {
	case PTREE_POLICY_SEVER:
		f->policy = PTREE_POLICY_SEVER;
		return ptree_file_note(f, "/dev/null in the clone");
	case PTREE_POLICY_SHARE:
		break;
	default:
		if (window_of(op) != f->info.cookie)
			break;
		f->policy = PTREE_POLICY_PRIVATE;
		return ptree_file_note(f, "a new pty, for ptreectl attach");
	}
	f->policy = PTREE_POLICY_SHARE;
	return ptree_file_note(f, "both sides read and write it, and it controls the source's session only");
}

static void inode_learn(struct terminal *t, int fd, bool on_devpts)
{
	if (t->owned || fstat(fd, &t->inode) < 0)
		return;
	t->owned = true;
	t->on_devpts = on_devpts;
}

/* What only one of the ends tells. */
static int end_capture(struct terminal *t, const struct ptree_file *f, int fd)
{
	_cleanup_close_ int slave = -1;

	if (!is_master(f)) {
		t->has_slaves = true;
		/* /dev/tty leads to it, and says nothing of it. */
		if (f->info.rdev != makedev(TTYAUX_MAJOR, 0))
			inode_learn(t, fd, f->info.fs_magic == DEVPTS_SUPER_MAGIC);
		return ioctl(fd, TIOCGEXCL, &t->exclusive) < 0 ? -errno : 0;
	}
	t->inside = true;
	if (ioctl(fd, TIOCGPKT, &t->packet) < 0 || ioctl(fd, TIOCGPTLCK, &t->locked) < 0)
		return -errno;
	/* With O_PATH nothing is opened that could hang up when it is closed. */
	slave = ioctl(fd, TIOCGPTPEER, O_PATH | O_CLOEXEC);
	if (slave >= 0)
		inode_learn(t, slave, true);
	return 0;
}

static int terminal_capture(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_close_ int fd = ptree_file_borrow(f);
	struct terminal *t = f->state;
	int r = 0;

	if (fd < 0)
		return ptree_file_error(op, f, fd, "cannot be looked at");
	/* Either end tells both: they are the slave's. */
	if (t->refs == 1 && (ioctl(fd, TCGETS2, &t->termios) < 0 || ioctl(fd, TIOCGWINSZ, &t->size) < 0))
		r = -errno;
	if (r == 0)
		r = end_capture(t, f, fd);
	if (r < 0)
		return ptree_file_error(op, f, r, "cannot read its modes");
	if (t->termios.c_line != N_TTY)
		return ptree_file_error(op, f, -EOPNOTSUPP, "it has a line discipline (TIOCSETD) that cannot be cloned");
	return 0;
}

int ptree_tty_capture(struct ptree_op *op, struct ptree_file *f)
{
	struct ptree_file *other;
	struct terminal *t;

	if (f->policy == PTREE_POLICY_SEVER)
		return 0;
	for (other = next_of(op, f->info.cookie, 0); other && !other->state; )
		other = next_of(op, f->info.cookie, other->index + 1);
	t = other ? other->state : calloc(1, sizeof(*t));
	if (!t)
		return ptree_error_oom(&op->error, "capture");
	if (!other) {
		t->cookie = f->info.cookie;
		t->master = -1;
	}
	t->refs++;
	f->state = t;
	return terminal_capture(op, f);
}

/*
 * Where ptys of the kind are made: a container has a devpts instance of its own, and the name of the slave is to be
 * found where the clone looks for it.
 */
static int ptmx_open(const struct terminal *t, const struct ptree_file *f, int flags)
{
	char inner[64];
	const char *const places[] = { inner, "/dev/pts/ptmx", "/dev/ptmx" };
	int r = -ENODEV;

	snprintf(inner, sizeof(inner), "/proc/%d/root/dev/pts/ptmx", f->fds[0].member->twin);
	for (int same = 1; same >= 0; same--) {
		for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
			struct stat stat_;
			int fd;

			if (stat(places[i], &stat_) < 0)
				continue;
			if (same && t->on_devpts && stat_.st_dev != t->inode.st_dev)
				continue;
			fd = open(places[i], flags | O_NOCTTY | O_CLOEXEC);
			if (fd >= 0)
				return fd;
			r = -errno;
		}
	}
	return r;
}

/* As the slave's inode was: whoever may open the old one by its name may open the new one. */
static int slave_own(const struct terminal *t)
{
	_cleanup_close_ int slave = ioctl(t->master, TIOCGPTPEER, O_PATH | O_CLOEXEC);
	char path[32];

	if (slave < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", slave);
	if (fchownat(slave, "", t->inode.st_uid, t->inode.st_gid, AT_EMPTY_PATH) < 0 ||
	    chmod(path, t->inode.st_mode & 07777) < 0)
		return -errno;
	return 0;
}

/* A pty whose slaves were opened once, and none is any more, says so to its master; a new one does not. */
static int slaves_end(const struct terminal *t)
{
	int slave = ioctl(t->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (slave < 0)
		return -errno;
	close(slave);
	return 0;
}

static int pair_make(struct terminal *t, const struct ptree_file *f, const struct ptree_file *master)
{
	int flags = master ? (int)master->info.flags & (O_ACCMODE | O_NONBLOCK) : O_RDWR | O_NONBLOCK;
	int r;

	t->master = ptmx_open(t, f, flags);
	if (t->master < 0)
		return t->master;
	if (ioctl(t->master, TIOCSPTLCK, &(int){ 0 }) < 0)
		return -errno;
	r = t->owned ? slave_own(t) : 0;
	if (r < 0)
		return r;
	if (ioctl(t->master, TCSETS2, &t->termios) < 0 || ioctl(t->master, TIOCSWINSZ, &t->size) < 0 ||
	    ioctl(t->master, TIOCPKT, &t->packet) < 0)
		return -errno;
	if (!t->has_slaves && master && (master->info.is & PTREE_FILE_HUNG_UP || master->info.readers > 0))
		return slaves_end(t);
	return 0;
}

static struct ptree_file *master_of(const struct ptree_op *op, uint64_t cookie)
{
	struct ptree_file *f = next_of(op, cookie, 0);

	while (f && !is_master(f))
		f = next_of(op, cookie, f->index + 1);
	return f;
}

static int twin_make(struct ptree_op *op, struct ptree_file *f)
{
	struct terminal *t = f->state;
	int r;

	if (t->master < 0) {
		r = pair_make(t, f, master_of(op, t->cookie));
		if (r < 0)
			return r;
	}
	if (is_master(f))
		f->twin_fd = fcntl(t->master, F_DUPFD_CLOEXEC, 3);
	else
		f->twin_fd = ioctl(t->master, TIOCGPTPEER, (f->info.flags & (O_ACCMODE | O_NONBLOCK | O_APPEND)) |
							   O_NOCTTY | O_CLOEXEC);
	if (f->twin_fd < 0)
		return -errno;
	if (!is_master(f) && t->exclusive && ioctl(f->twin_fd, TIOCEXCL) < 0)
		return -errno;
	return ptree_status_set(op, f, f->twin_fd);
}

int ptree_tty_settle(struct ptree_op *op, struct ptree_file *f)
{
	int r;

	if (f->policy == PTREE_POLICY_SEVER) {
		f->twin_fd = open("/dev/null", (int)(f->info.flags & (O_ACCMODE | O_NONBLOCK | O_APPEND)) | O_CLOEXEC);
		return f->twin_fd < 0 ? ptree_file_error(op, f, -errno, "cannot open /dev/null") : 0;
	}
	r = twin_make(op, f);
	return r < 0 && op->error.code == 0 ? ptree_file_error(op, f, r, "cannot make a pty for the clone") : r;
}

/* ptree-init holds the master for as long as the clone lives; it has nothing else open above its status file. */
static int master_keep(struct ptree_op *op, const struct terminal *t)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;

	ptree_calls_add(&calls, SYS_dup3, CALL_FILE(t->master), CALL_NUMBER(PTREE_ATTACH_FD), CALL_NUMBER(O_CLOEXEC));
	return ptree_calls_run(&calls, op, NULL, PTREE_CALL_INIT, "settle");
}

int ptree_tty_finish(struct ptree_op *op, struct ptree_file *f)
{
	struct terminal *t = f->state;
	int r;

	if (!t)
		return 0;
	r = ptree_status_finish(op, f);
	if (r < 0 || t->finished)
		return r;
	t->finished = true;
	if (t->locked && ioctl(t->master, TIOCSPTLCK, &t->locked) < 0)
		r = -errno;
	if (r == 0 && !t->inside)
		r = master_keep(op, t);
	return r < 0 && op->error.code == 0 ? ptree_file_error(op, f, r, "cannot hand its master to ptree-init") : r;
}

void ptree_tty_release(struct ptree_file *f)
{
	struct terminal *t = f->state;

	f->state = NULL;
	if (!t || --t->refs > 0)
		return;
	ptree_close_fd(t->master);
	free(t);
}
