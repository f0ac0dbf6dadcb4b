// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Copies as overlayfs makes them. For each place there is STORE/N/upper/names, the upper layer of an overlay over the
 * original, of which in the pause everything that is to be copied is copied up: data (by reflink where the file systems
 * can), owner, mode, times, extended attributes and the file's origin, from which overlayfs takes the inode number. That
 * overlay is thrown away. The clone gets a directory of another one, whose upper layer is STORE/N/upper: `names` has no
 * counterpart in its lower layer, so that no name shines through that the source makes later, and the origins are found
 * all the same, for they are looked up by file handle in the lower layer's file system (ovl_check_origin() in
 * fs/overlayfs/namei.c, read in v6.1, v6.12, v7.2).
 *
 * overlayfs takes layers of the caller's mount namespace only (clone_private_mount()), and the original is in the clone's
 * while the store is in ours: both meet in a third one, which the helper has for the time of its work.
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "../copies.h"
#include "../helper.h"
#include "../util.h"

struct job {
	const struct ptree_copies *copies;
	int own_fd;			/* our mount namespace */
	int clone_fd;			/* the clone's */
	uint64_t deadline_usec;		/* CLOCK_MONOTONIC */
	int *lower_fds;			/* [copies->nr]: the originals, each mounted nowhere */
	int **kept_fds;			/* [copies->nr][kept.nr] */
	char *what;
};

static int say(struct job *job, const char *what, const char *object)
{
	int r = -errno;

	snprintf(job->what, PTREE_HELPER_WHAT_MAX, "%s %.100s", what, object);
	return r;
}

static int tree_open(int at, const char *name, unsigned flags)
{
	return open_tree(at, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW | flags);
}

/* In the clone's mount namespace. */
static int originals_open(struct job *job, bool with_kept)
{
	for (size_t i = 0; i < job->copies->nr; i++) {
		const struct ptree_place *p = &job->copies->places[i];
		_cleanup_close_ int place = -1;

		job->lower_fds[i] = tree_open(AT_FDCWD, p->path, 0);
		if (job->lower_fds[i] < 0)
			return say(job, "opening", p->path);
		if (!with_kept)
			continue;
		place = open(p->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (place < 0)
			return say(job, "opening", p->path);
		for (size_t j = 0; j < p->kept.nr; j++) {
			job->kept_fds[i][j] = tree_open(place, p->kept.names[j], AT_RECURSIVE);
			/* It may be gone by now. */
			if (job->kept_fds[i][j] < 0 && errno != ENOENT)
				return say(job, "opening", p->kept.names[j]);
		}
	}
	return 0;
}

/* Where the originals are, and then to a namespace with nothing but what we mount there ourselves. */
static int originals_bring(struct job *job, bool with_kept)
{
	int r;

	if (setns(job->clone_fd, CLONE_NEWNS) < 0)
		return say(job, "entering", "the clone's mount namespace");
	r = originals_open(job, with_kept);
	if (r < 0)
		return r;
	if (setns(job->own_fd, CLONE_NEWNS) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return say(job, "making", "a mount namespace to work in");
	return chdir(job->copies->store) < 0 ? say(job, "entering", job->copies->store) : 0;
}

/* What the kernel says of a failure: "overlay: …". */
static int context_failed(struct job *job, int context, const char *path)
{
	char message[128];
	int r = -errno;
	ssize_t n = read(context, message, sizeof(message) - 1);

	message[n > 0 ? n : 0] = '\0';
	snprintf(job->what, PTREE_HELPER_WHAT_MAX, "an overlay over %.64s%s%.64s", path, n > 2 ? ": " : "", n > 2 ? message + 2 : "");
	job->what[strcspn(job->what, "\n")] = '\0';
	return r;
}

/*
 * Mounted nowhere. The store does not outlive a crash of the host in a way that anybody could use: nothing is synced that
 * the clone does not sync itself. What the kernel was built to do by default is no matter of ours.
 */
static int overlay_make(struct job *job, const char *place, const char *lower, const char *upper, const char *work,
			bool is_volatile)
{
	const char *const options[][2] = {
		{ "source", "ptree" },	{ "lowerdir", lower }, { "upperdir", upper },	  { "workdir", work },
		{ "index", "off" },	{ "xino", "off" },     { "redirect_dir", "off" }, { "metacopy", "off" },
		{ "nfs_export", "off" },
	};
	_cleanup_close_ int context = fsopen("overlay", FSOPEN_CLOEXEC);
	int fd;

	if (context < 0)
		return say(job, "a file system of the type", "overlay");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (fsconfig(context, FSCONFIG_SET_STRING, options[i][0], options[i][1], 0) < 0)
			return context_failed(job, context, place);
	if (is_volatile && fsconfig(context, FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0)
		return context_failed(job, context, place);
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return context_failed(job, context, place);
	fd = fsmount(context, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? context_failed(job, context, place) : fd;
}

static int lower_mount(struct job *job, size_t i)
{
	if (move_mount(job->lower_fds[i], "", AT_FDCWD, "lower", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return say(job, "mounting", job->copies->places[i].path);
	return 0;
}

/* A file is copied up when it is opened for writing, anything else when an attribute of it is set. */
static int copy_up(int fd, const char *name)
{
	struct stat st;
	int file;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return fchownat(fd, name, (uid_t)-1, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
	/* To append is what files allow that are for nothing else (chattr +a). */
	file = openat(fd, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file < 0)
		return -errno;
	close(file);
	return 0;
}

static int place_copy(struct job *job, size_t i)
{
	static const char *const directories[] = { "lower", "view", "work-copy", "work", "upper", "upper/names" };
	const struct ptree_place *p = &job->copies->places[i];
	_cleanup_close_ int overlay = -1;
	char number[24];
	int r;

	snprintf(number, sizeof(number), "%zu", i);
	if (mkdir(number, 0700) < 0 || chdir(number) < 0)
		return say(job, "making room for", p->path);
	for (size_t j = 0; j < ARRAY_SIZE(directories); j++)
		if (mkdir(directories[j], 0700) < 0)
			return say(job, "making room for", p->path);
	r = lower_mount(job, i);
	if (r < 0)
		return r;
	overlay = overlay_make(job, p->path, "lower", "upper/names", "work-copy", true);
	if (overlay < 0)
		return overlay;
	for (size_t j = 0; j < p->copied.nr; j++) {
		r = copy_up(overlay, p->copied.names[j]);
		/* A name that came or went while the source is frozen is somebody else's. */
		if (r == -ENOENT)
			r = 0;
		if (r == 0 && ptree_now_usec(CLOCK_MONOTONIC) > job->deadline_usec)
			r = -ETIMEDOUT;
		if (r < 0) {
			snprintf(job->what, PTREE_HELPER_WHAT_MAX, "copying %.64s/%.64s", p->path, p->copied.names[j]);
			return r;
		}
	}
	return chdir("..") < 0 ? say(job, "leaving", p->path) : 0;
}

static int copy(void *argument, char *what)
{
	struct job *job = argument;
	int r;

	job->what = what;
	r = originals_bring(job, false);
	for (size_t i = 0; i < job->copies->nr && r == 0; i++)
		r = place_copy(job, i);
	return r;
}

/* Where the originals will be mounted. errno says what went wrong. */
static int placeholder_make(int names, const char *name, int kept)
{
	struct stat st;

	if (fstat(kept, &st) < 0)
		return -1;
	return S_ISDIR(st.st_mode) ? mkdirat(names, name, 0700) : mknodat(names, name, S_IFREG | 0600, 0);
}

/* What the clone will see of a place, mounted nowhere: a descriptor. */
static int view_open(struct job *job, size_t i, const char *name)
{
	struct mount_attr attributes = {
		.attr_set = ptree_mount_attributes_of(job->lower_fds[i]),
		.attr_clr = MOUNT_ATTR__ATIME,
		.propagation = MS_PRIVATE,
	};
	_cleanup_free_ char *path = NULL;
	int fd;

	if (asprintf(&path, "%zu/view/names/%s", i, name) < 0) {
		path = NULL;
		return say(job, "opening", name);
	}
	fd = tree_open(AT_FDCWD, path, 0);
	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0)
		return say(job, "opening the copy of", job->copies->places[i].path);
	return fd;
}

static int view_make(struct job *job, size_t i)
{
	const struct ptree_place *p = &job->copies->places[i];
	_cleanup_close_ int names = -1, overlay = -1;
	char number[24];
	int r;

	snprintf(number, sizeof(number), "%zu", i);
	if (chdir(number) < 0)
		return say(job, "entering", job->copies->store);
	names = open("upper/names", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t j = 0; j < p->kept.nr; j++) {
		if (job->kept_fds[i][j] < 0)
			continue;
		if (placeholder_make(names, p->kept.names[j], job->kept_fds[i][j]) < 0)
			return say(job, "a place for", p->kept.names[j]);
	}
	r = lower_mount(job, i);
	if (r < 0)
		return r;
	if (!p->single && ptree_copy_resemble(&p->st, "lower", "upper/names") < 0)
		return say(job, "owner, mode and attributes of the copy of", p->path);
	overlay = overlay_make(job, p->path, "lower", "upper", "work", false);
	if (overlay < 0)
		return overlay;
	if (move_mount(overlay, "", AT_FDCWD, "view", MOVE_MOUNT_F_EMPTY_PATH) < 0 || chdir("..") < 0)
		return say(job, "mounting the copy of", p->path);
	return 0;
}

/* In the clone's mount namespace. */
static int place_mount(struct job *job, size_t i, const int *views)
{
	const struct ptree_place *p = &job->copies->places[i];
	_cleanup_close_ int place = -1;

	if (!p->single && move_mount(views[0], "", AT_FDCWD, p->path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return say(job, "mounting the copy at", p->path);
	place = open(p->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place < 0)
		return say(job, "opening", p->path);
	for (size_t j = 0; p->single && j < p->copied.nr; j++)
		if (move_mount(views[j], "", place, p->copied.names[j], MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return say(job, "mounting the copy at", p->copied.names[j]);
	for (size_t j = 0; j < p->kept.nr; j++)
		if (job->kept_fds[i][j] >= 0 &&
		    move_mount(job->kept_fds[i][j], "", place, p->kept.names[j], MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return say(job, "mounting the original at", p->kept.names[j]);
	return 0;
}

static int views_open(struct job *job, size_t i, int **ret)
{
	const struct ptree_place *p = &job->copies->places[i];
	size_t nr = p->single ? p->copied.nr : 1;

	*ret = calloc(nr, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (size_t j = 0; j < nr; j++) {
		(*ret)[j] = view_open(job, i, p->single ? p->copied.names[j] : "");
		if ((*ret)[j] < 0)
			return (*ret)[j];
	}
	return 0;
}

static int mount_all(void *argument, char *what)
{
	struct job *job = argument;
	int **views = calloc(job->copies->nr + 1, sizeof(*views));
	int r;

	/* The process ends with its work: nothing in here is freed. */
	job->what = what;
	if (!views)
		return say(job, "memory for", job->copies->store);
	r = originals_bring(job, true);
	for (size_t i = 0; i < job->copies->nr && r == 0; i++) {
		r = view_make(job, i);
		if (r == 0)
			r = views_open(job, i, &views[i]);
	}
	if (r == 0 && setns(job->clone_fd, CLONE_NEWNS) < 0)
		r = say(job, "entering", "the clone's mount namespace");
	/* Outer places before inner ones. */
	for (size_t i = 0; i < job->copies->nr && r == 0; i++)
		r = place_mount(job, i, views[i]);
	return r;
}

static void job_done(struct job *job)
{
	ptree_close_fd(job->own_fd);
	free(job->lower_fds);
	for (size_t i = 0; job->kept_fds && i < job->copies->nr; i++)
		free(job->kept_fds[i]);
	free(job->kept_fds);
}

static int job_run(struct job *job, int (*work)(void *argument, char *what), char *what)
{
	_cleanup_helper_ struct ptree_helper helper = PTREE_HELPER_INIT;

	strcpy(what, "getting ready");
	job->lower_fds = calloc(job->copies->nr + 1, sizeof(*job->lower_fds));
	job->kept_fds = calloc(job->copies->nr + 1, sizeof(*job->kept_fds));
	if (!job->lower_fds || !job->kept_fds)
		return -ENOMEM;
	for (size_t i = 0; i < job->copies->nr; i++) {
		job->kept_fds[i] = calloc(job->copies->places[i].kept.nr + 1, sizeof(**job->kept_fds));
		if (!job->kept_fds[i])
			return -ENOMEM;
	}
	job->own_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (job->own_fd < 0)
		return -errno;
	return ptree_helper_start(&helper, &(struct ptree_helper_job){
		.work = work,
		.argument = job,
		.pidns_fd = -1,
		.keep = (int[]){ job->own_fd, job->clone_fd },
		.nr_keep = 2,
	}, what);
}

int ptree_layers_copy(const struct ptree_copies *c, int ns_fd, uint64_t deadline_usec, char *what)
{
	_cleanup_(job_done) struct job job = {
		.copies = c, .own_fd = -1, .clone_fd = ns_fd, .deadline_usec = deadline_usec,
	};

	return job_run(&job, copy, what);
}

int ptree_layers_mount(const struct ptree_copies *c, int ns_fd, char *what)
{
	_cleanup_(job_done) struct job job = { .copies = c, .own_fd = -1, .clone_fd = ns_fd };

	return job_run(&job, mount_all, what);
}
