// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading and making System V objects. Both is done by threads that are in the namespace in question: they share our
 * memory, so that what one has attached the other can read. Ids are asked for in /proc/sys/kernel.
 */
#include "ipc-objects.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>

#include "../util.h"
#include "proc-sys.h"

#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#define MSG_STAT_ANY 13
#define SHM_STAT_ANY 15
#endif
#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

struct visit {
	int ns_fd;
	int (*f)(void *argument);
	void *argument;
	int result;
};

static void *visit_run(void *argument)
{
	struct visit *v = argument;

	v->result = setns(v->ns_fd, CLONE_NEWIPC) < 0 ? -errno : v->f(v->argument);
	return NULL;
}

static int visit(int ns_fd, int (*f)(void *argument), void *argument)
{
	struct visit v = { .ns_fd = ns_fd, .f = f, .argument = argument };
	sigset_t all, before;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, visit_run, &v);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		return -r;
	pthread_join(thread, NULL);
	return v.result;
}

static struct ptree_ipc_object *add(struct ptree_ipc_objects *o, int kind)
{
	struct ptree_ipc_object *grown = reallocarray(o->objects, o->nr + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	o->objects = grown;
	grown[o->nr] = (struct ptree_ipc_object){ .kind = kind };
	return &grown[o->nr++];
}

/* An index without an object, or one that has just been removed. */
static bool is_nobody(int error)
{
	return error == EINVAL || error == EIDRM;
}

static int failed(struct ptree_ipc_objects *o, const char *doing, int id)
{
	int r = -errno;

	snprintf(o->what, sizeof(o->what), "%s %d", doing, id);
	return r;
}

static int semaphores_read(struct ptree_ipc_objects *o)
{
	struct seminfo info;
	int last = semctl(0, 0, SEM_INFO, (union semun){ .info = &info });

	for (int i = 0; i <= last; i++) {
		struct semid_ds about;
		struct ptree_ipc_object *s;
		int id = semctl(i, 0, SEM_STAT_ANY, (union semun){ .buf = &about });

		if (id < 0 && is_nobody(errno))
			continue;
		if (id < 0)
			return failed(o, "semaphore set at index", i);
		s = add(o, PTREE_IPC_SEMAPHORES);
		if (!s)
			return -ENOMEM;
		s->id = id;
		s->semaphores = about;
		s->values = calloc(about.sem_nsems, sizeof(*s->values));
		if (!s->values)
			return -ENOMEM;
		if (semctl(id, 0, GETALL, (union semun){ .array = s->values }) < 0)
			return failed(o, "the values of semaphore set", id);
	}
	return 0;
}

static int message_add(struct ptree_ipc_object *q, const struct msgbuf *message, size_t size)
{
	struct ptree_ipc_message *grown = reallocarray(q->queue, q->nr_queue + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	q->queue = grown;
	grown[q->nr_queue] = (struct ptree_ipc_message){ .type = message->mtype, .size = size, .bytes = malloc(size + 1) };
	if (!grown[q->nr_queue].bytes)
		return -ENOMEM;
	memcpy(grown[q->nr_queue++].bytes, message->mtext, size);
	return 0;
}

/* MSG_COPY takes nothing. It is there in kernels that know checkpointing. */
static int queue_read(struct ptree_ipc_objects *o, struct ptree_ipc_object *q)
{
	size_t size = q->messages.__msg_cbytes; /* no message is larger than all */
	_cleanup_free_ struct msgbuf *message = malloc(sizeof(*message) + size);

	if (!message)
		return -ENOMEM;
	for (size_t i = 0; i < q->messages.msg_qnum; i++) {
		ssize_t n = msgrcv(q->id, message, size, (long)i, MSG_COPY | IPC_NOWAIT);

		if (n < 0)
			return errno == ENOMSG ? 0 : failed(o, "the messages of queue", q->id);
		if (message_add(q, message, (size_t)n) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int queues_read(struct ptree_ipc_objects *o)
{
	struct msginfo info;
	int last = msgctl(0, MSG_INFO, (struct msqid_ds *)&info);

	for (int i = 0; i <= last; i++) {
		struct ptree_ipc_object *q;
		struct msqid_ds about;
		int id = msgctl(i, MSG_STAT_ANY, &about), r;

		if (id < 0 && is_nobody(errno))
			continue;
		if (id < 0)
			return failed(o, "message queue at index", i);
		q = add(o, PTREE_IPC_MESSAGES);
		if (!q)
			return -ENOMEM;
		q->id = id;
		q->messages = about;
		r = queue_read(o, q);
		if (r < 0)
			return r;
	}
	return 0;
}

static int segments_read(struct ptree_ipc_objects *o)
{
	struct shm_info info;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)&info);

	for (int i = 0; i <= last; i++) {
		struct ptree_ipc_object *m;
		struct shmid_ds about;
		int id = shmctl(i, SHM_STAT_ANY, &about);

		if (id < 0 && is_nobody(errno))
			continue;
		if (id < 0)
			return failed(o, "shared memory segment at index", i);
		m = add(o, PTREE_IPC_MEMORY);
		if (!m)
			return -ENOMEM;
		m->id = id;
		m->memory = about;
	}
	return 0;
}

static int read_all(void *argument)
{
	struct ptree_ipc_objects *o = argument;
	int r;

	r = semaphores_read(o);
	if (r == 0)
		r = queues_read(o);
	return r < 0 ? r : segments_read(o);
}

int ptree_ipc_read(struct ptree_ipc_objects *o, int ns_fd)
{
	strcpy(o->what, "entering the source's");
	return visit(ns_fd, read_all, o);
}

struct copy {
	struct ptree_ipc_objects *o;
	bool (*wants)(const struct ptree_ipc_object *object, void *userdata);
	void *userdata;
	int sys_fd;
};

/* Removed, and only there until the last detaches it. */
static bool is_gone(const struct ptree_ipc_object *m)
{
	return m->kind == PTREE_IPC_MEMORY && m->memory.shm_perm.mode & SHM_DEST;
}

/* In the source's namespace. Who has been removed meanwhile is empty in the clone. */
static int contents_attach(void *argument)
{
	struct copy *c = argument;

	for (size_t i = 0; i < c->o->nr; i++) {
		struct ptree_ipc_object *m = &c->o->objects[i];
		void *at;

		if (m->kind != PTREE_IPC_MEMORY || is_gone(m) || !c->wants(m, c->userdata))
			continue;
		at = shmat(m->id, NULL, SHM_RDONLY);
		if (at == (void *)-1 && !is_nobody(errno))
			return failed(c->o, "reading shared memory segment", m->id);
		m->contents = at == (void *)-1 ? NULL : at;
	}
	return 0;
}

static void contents_detach(struct ptree_ipc_objects *o)
{
	for (size_t i = 0; i < o->nr; i++)
		if (o->objects[i].contents)
			shmdt(TAKE_PTR(o->objects[i].contents));
}

static int next_id_write(const struct copy *c, const char *name, int id)
{
	_cleanup_close_ int fd = openat(c->sys_fd, name, O_WRONLY | O_CLOEXEC);
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", id);

	return fd < 0 || write(fd, text, (size_t)n) < 0 ? -errno : 0;
}

static int semaphores_make(const struct copy *c, const struct ptree_ipc_object *s)
{
	struct semid_ds about = s->semaphores;
	int id;

	if (next_id_write(c, "kernel/sem_next_id", s->id) < 0)
		return failed(c->o, "the number of semaphore set", s->id);
	id = semget(about.sem_perm.__key, (int)about.sem_nsems, IPC_CREAT | IPC_EXCL | (about.sem_perm.mode & 0777));
	if (id < 0)
		return failed(c->o, "making semaphore set", s->id);
	if (semctl(id, 0, SETALL, (union semun){ .array = s->values }) < 0 ||
	    semctl(id, 0, IPC_SET, (union semun){ .buf = &about }) < 0)
		return failed(c->o, "filling semaphore set", s->id);
	return id;
}

static int queue_fill(const struct copy *c, const struct ptree_ipc_object *q, int id)
{
	struct msqid_ds about = q->messages;

	for (size_t i = 0; i < q->nr_queue; i++) {
		const struct ptree_ipc_message *from = &q->queue[i];
		_cleanup_free_ struct msgbuf *message = malloc(sizeof(*message) + from->size);

		if (!message)
			return -ENOMEM;
		message->mtype = from->type;
		memcpy(message->mtext, from->bytes, from->size);
		if (msgsnd(id, message, from->size, IPC_NOWAIT) < 0)
			return failed(c->o, "filling message queue", q->id);
	}
	return msgctl(id, IPC_SET, &about) < 0 ? failed(c->o, "the owner of message queue", q->id) : 0;
}

static int queue_make(const struct copy *c, const struct ptree_ipc_object *q)
{
	struct msqid_ds room = q->messages;
	int id, r;

	if (next_id_write(c, "kernel/msg_next_id", q->id) < 0)
		return failed(c->o, "the number of message queue", q->id);
	id = msgget(room.msg_perm.__key, IPC_CREAT | IPC_EXCL | (room.msg_perm.mode & 0777));
	if (id < 0)
		return failed(c->o, "making message queue", q->id);
	/* A queue can hold more than it may now. */
	if (room.msg_qbytes < room.__msg_cbytes)
		room.msg_qbytes = room.__msg_cbytes;
	if (msgctl(id, IPC_SET, &room) < 0)
		return failed(c->o, "the size of message queue", q->id);
	r = queue_fill(c, q, id);
	return r < 0 ? r : id;
}

static int segment_fill(const struct copy *c, const struct ptree_ipc_object *m, int id)
{
	void *at = shmat(id, NULL, 0);

	if (at == (void *)-1)
		return failed(c->o, "filling shared memory segment", m->id);
	memcpy(at, m->contents, m->memory.shm_segsz);
	shmdt(at);
	return 0;
}

static int segment_make(const struct copy *c, const struct ptree_ipc_object *m)
{
	struct shmid_ds about = m->memory;
	int id, r = 0;

	if (next_id_write(c, "kernel/shm_next_id", m->id) < 0)
		return failed(c->o, "the number of shared memory segment", m->id);
	id = shmget(about.shm_perm.__key, about.shm_segsz, IPC_CREAT | IPC_EXCL | (about.shm_perm.mode & 0777));
	if (id < 0)
		return failed(c->o, "making shared memory segment", m->id);
	if (m->contents)
		r = segment_fill(c, m, id);
	if (r == 0 && about.shm_perm.mode & SHM_LOCKED && shmctl(id, SHM_LOCK, NULL) < 0)
		r = failed(c->o, "locking shared memory segment", m->id);
	if (r == 0 && shmctl(id, IPC_SET, &about) < 0)
		r = failed(c->o, "the owner of shared memory segment", m->id);
	return r < 0 ? r : id;
}

/* In the clone's namespace. */
static int make_all(void *argument)
{
	static int (*const make[])(const struct copy *c, const struct ptree_ipc_object *object) = {
		[PTREE_IPC_SEMAPHORES]	= semaphores_make,
		[PTREE_IPC_MESSAGES]	= queue_make,
		[PTREE_IPC_MEMORY]	= segment_make,
	};
	struct copy *c = argument;

	for (size_t i = 0; i < c->o->nr; i++) {
		const struct ptree_ipc_object *object = &c->o->objects[i];
		int id;

		/* One that nobody in the clone has attached is not there for it. */
		if (is_gone(object) && c->wants(object, c->userdata))
			continue;
		id = make[object->kind](c, object);
		if (id < 0)
			return id;
		if (id != object->id) {
			errno = EEXIST;
			return failed(c->o, "another one has the number", object->id);
		}
	}
	return 0;
}

int ptree_ipc_copy(struct ptree_ipc_objects *o, int from_fd, int to_fd,
		   bool (*wants)(const struct ptree_ipc_object *object, void *userdata), void *userdata)
{
	_cleanup_close_ int sys_fd = ptree_proc_sys_open();
	struct copy c = { .o = o, .wants = wants, .userdata = userdata, .sys_fd = sys_fd };
	int r;

	strcpy(o->what, "opening /proc/sys");
	if (sys_fd < 0)
		return sys_fd;
	strcpy(o->what, "entering it");
	r = visit(from_fd, contents_attach, &c);
	if (r == 0)
		r = visit(to_fd, make_all, &c);
	contents_detach(o);
	return r;
}

bool ptree_ipc_is_removed(const struct ptree_ipc_objects *o, int id)
{
	for (size_t i = 0; i < o->nr; i++)
		if (o->objects[i].kind == PTREE_IPC_MEMORY && o->objects[i].id == id)
			return is_gone(&o->objects[i]);
	return false;
}

void ptree_ipc_done(struct ptree_ipc_objects *o)
{
	contents_detach(o);
	for (size_t i = 0; i < o->nr; i++) {
		struct ptree_ipc_object *object = &o->objects[i];

		for (size_t j = 0; j < object->nr_queue; j++)
			free(object->queue[j].bytes);
		free(object->queue);
		free(object->values);
	}
	free(o->objects);
	*o = (struct ptree_ipc_objects){ 0 };
}
