/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The System V objects of an IPC namespace: semaphore sets and message queues with their contents, and the outlines of
 * shared memory segments. They belong to a namespace, not to processes: all of them are copied.
 */
#ifndef PTREE_IPC_OBJECTS_H
#define PTREE_IPC_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

struct ptree_ipc_message {
	long type;
	char *bytes;
	size_t size;
};

struct ptree_ipc_object {
	enum { PTREE_IPC_SEMAPHORES, PTREE_IPC_MESSAGES, PTREE_IPC_MEMORY } kind;
	int id;
	union {
		struct semid_ds semaphores;
		struct msqid_ds messages;
		struct shmid_ds memory;
	};
	unsigned short *values;		/* of a semaphore set */
	struct ptree_ipc_message *queue;
	size_t nr_queue;
	const void *contents;		/* of a segment: where it is attached in the engine, from settle on; or NULL */
};

struct ptree_ipc_objects {
	struct ptree_ipc_object *objects;
	size_t nr;
	char what[96];			/* what failed */
};

/* ptree_ipc_read() - those of the IPC namespace of @ns_fd, without a change to any. -errno, with @o->what. */
int ptree_ipc_read(struct ptree_ipc_objects *o, int ns_fd);

/*
 * ptree_ipc_copy() - make them in the namespace of @to_fd, with the same ids
 * @from_fd: where they were read, for the contents of segments
 * @wants: whether a segment's contents are to be copied now
 */
int ptree_ipc_copy(struct ptree_ipc_objects *o, int from_fd, int to_fd,
		   bool (*wants)(const struct ptree_ipc_object *object, void *userdata), void *userdata);

/* Whether the segment ends with its last attachment (IPC_RMID). */
bool ptree_ipc_is_removed(const struct ptree_ipc_objects *o, int id);

void ptree_ipc_done(struct ptree_ipc_objects *o);

#endif
