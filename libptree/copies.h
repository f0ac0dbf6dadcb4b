/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copies: with --files=copy, files that are open for writing and directories that the caller names are the clone's own.
 * Of two sorts:
 *
 * A *place* is a directory of the source that the clone has another of, at the same path in its mount namespace: its
 * regular files and symbolic links as they are in the pause, under the same inode numbers (SQLite compares them), and the
 * originals of all else (directories, sockets, devices) mounted in it. Names that come to the one directory do not come to
 * the other: a journal of the source's database must not be taken for one of the clone's. Where a directory is too large
 * for that, or only standard output goes there, the files that are open for writing are mounted over the originals.
 *
 * A *loose* file has no path in the clone's mount namespace, being deleted, say, and its copy has none either.
 *
 * copies.c says which files are copied, copies/places.c and copies/named.c where they are, copies/list.c what is in a
 * directory, copies/layer.c copies and mounts, copies/store.c keeps; settle/copied.c replaces what the clone has open and mapped.
 */
#ifndef PTREE_COPIES_H
#define PTREE_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct ptree_op;
struct ptree_file;

/* Paths below a directory, parents before what is in them. */
struct ptree_names {
	char **names;
	size_t nr;
};

struct ptree_place {
	char *path;			/* in the mount namespace */
	bool whole;			/* the caller named it: with all that is below it */
	bool single;			/* only single files, mounted over the originals */
	const char *why_single;		/* for reports; NULL: nothing else is written there but standard output */
	struct stat st;			/* of the directory, in the pause */
	struct ptree_names written;	/* what is open for writing in it */
	struct ptree_names copied;
	struct ptree_names kept;	/* the originals, mounted */
};

struct ptree_copies {
	char *store;			/* path; NULL: nothing is copied */
	struct ptree_place *places;	/* sorted by path, none twice, none below one that is whole */
	size_t nr;
};

/* ptree_copies_prepare() - a store, where the policies ask for one. -errno with op->error written. */
int ptree_copies_prepare(struct ptree_op *op);

/* In judge(): whether a file is to be copied. Not what is leased, nor what only looks like a file (/sys). */
bool ptree_copies_wants(const struct ptree_op *op, const struct ptree_file *f);

/* ptree_copies_capture() - in the pause: finds the places and copies what is in them; f->state says of each file where */
int ptree_copies_capture(struct ptree_op *op);

/* ptree_copies_settle() - the places appear in the clone's mount namespace */
int ptree_copies_settle(struct ptree_op *op);

/* Whether what is now found at a path is the copy that was put in the place of @original. */
bool ptree_copies_replaced(const struct ptree_copies *c, const char *path, const struct stat *original);

/* Whether a path leads to a copy, now that they are in place. */
bool ptree_copies_covers(const struct ptree_copies *c, const char *path);

/* The store goes with it unless there is a clone. */
void ptree_copies_discard(struct ptree_op *op);
void ptree_copies_done(struct ptree_copies *c);

/* "STEP: cannot copy files for the clone: @what: %m; …"; returns @r */
int ptree_copies_failed(struct ptree_op *op, int r, const char *what);

/* named.c: op->copy_paths become places. -errno with op->error written. */
int ptree_copies_named(struct ptree_op *op);

/*
 * places.c. ptree_place_add() gives the one of that path, made if need be; NULL: no memory. ptree_place_of() the one that a
 * path is in, with the rest of the path; NULL: none has a copy of it.
 */
struct ptree_place *ptree_place_add(struct ptree_copies *c, const char *path);
void ptree_places_sort(struct ptree_copies *c);
const struct ptree_place *ptree_place_of(const struct ptree_copies *c, const char *path, const char **ret_rest);

/* list.c: what is in a place. @limit_bytes, @limit_names: -EFBIG beyond. */
int ptree_place_list(struct ptree_place *p, int fd, uint64_t limit_bytes, size_t limit_names);
int ptree_names_add(struct ptree_names *n, const char *name);
bool ptree_names_has(const struct ptree_names *n, const char *name);
void ptree_names_done(struct ptree_names *n);

/*
 * attributes.c. ptree_copy_resemble() gives a directory owner, mode and times as in @st, and the extended attributes of the
 * original; -1, and errno says what went wrong. ptree_mount_attributes_of() tells MOUNT_ATTR_* of what a descriptor is on.
 */
int ptree_copy_resemble(const struct stat *st, const char *original, const char *copy);
uint64_t ptree_mount_attributes_of(int fd);

/* layer.c. @ns_fd: the clone's mount namespace. @what, of PTREE_HELPER_WHAT_MAX bytes, says what failed. */
int ptree_layers_copy(const struct ptree_copies *c, int ns_fd, uint64_t deadline_usec, char *what);
int ptree_layers_mount(const struct ptree_copies *c, int ns_fd, char *what);

#endif
