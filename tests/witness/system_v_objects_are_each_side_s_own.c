// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System V objects, with an IPC namespace of the clone's own: semaphores, messages and shared memory, attached or not, have
 * the same ids, keys, owners and contents on both sides, and what one side does to them the other does not see.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "witness.h"

enum { KEY = 0x7074, SIZE = 20000 };

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

struct message {
	long type;
	char text[16];
};

static int semaphores, queue, attached_id, alone_id, removed_id;
static char *attached, *removed;

static bool setting_is(int wanted)
{
	char text[32] = "";
	int fd = open("/proc/sys/kernel/msgmax", O_RDWR | O_CLOEXEC);
	bool is = fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && atoi(text) == wanted;

	close(fd);
	return is;
}

static void setting_write(const char *value)
{
	int fd = open("/proc/sys/kernel/msgmax", O_WRONLY | O_CLOEXEC);

	MUST(fd >= 0 && write(fd, value, strlen(value)) > 0);
	close(fd);
}

static int child(void *argument)
{
	(void)argument;
	witness_wait_go();
	witness_wait_point("written");
	CHECK_EQUAL(attached[0], witness_is_clone() ? 'c' : 's');
	CHECK_EQUAL(removed[SIZE - 1], witness_is_clone() ? 'c' : 's');
	return 0;
}

/* Ids have numbers in them that count how often a place was used. */
static void places_use(void)
{
	for (int i = 0; i < 3; i++) {
		MUST(semctl(semget(IPC_PRIVATE, 1, 0600), 0, IPC_RMID) == 0);
		MUST(msgctl(msgget(IPC_PRIVATE, 0600), IPC_RMID, NULL) == 0);
		MUST(shmctl(shmget(IPC_PRIVATE, 1, 0600), IPC_RMID, NULL) == 0);
	}
}

static void build(void)
{
	unsigned short values[] = { 1, 0, 500 };
	struct shmid_ds about;
	char *at;

	places_use();
	semaphores = semget(KEY, 3, IPC_CREAT | 0640);
	MUST(semaphores >= 0 && semctl(semaphores, 0, SETALL, (union semun){ .array = values }) == 0);
	queue = msgget(KEY, IPC_CREAT | 0600);
	MUST(queue >= 0);
	for (int i = 0; i < 3; i++) {
		struct message m = { .type = 3 - i };

		snprintf(m.text, sizeof(m.text), "message %d", i);
		MUST(msgsnd(queue, &m, 9 + (size_t)i, 0) == 0);
	}
	attached_id = shmget(KEY, SIZE, IPC_CREAT | 0600);
	attached = shmat(attached_id, NULL, 0);
	MUST(attached != (void *)-1);
	strcpy(attached + 100, "attached");
	alone_id = shmget(KEY + 1, SIZE, IPC_CREAT | 0600);
	at = shmat(alone_id, NULL, 0);
	MUST(at != (void *)-1);
	strcpy(at + 5000, "alone");
	MUST(shmdt(at) == 0 && shmctl(alone_id, IPC_STAT, &about) == 0);
	about.shm_perm.uid = 12;
	about.shm_perm.mode = 0604;
	MUST(shmctl(alone_id, IPC_SET, &about) == 0);
	removed_id = shmget(IPC_PRIVATE, SIZE, 0600);
	removed = shmat(removed_id, NULL, 0);
	MUST(removed != (void *)-1 && shmctl(removed_id, IPC_RMID, NULL) == 0);
	strcpy(removed + 200, "removed");
}

static void find_semaphores(void)
{
	unsigned short values[3] = { 0 };

	CHECK_EQUAL(semget(KEY, 3, 0), semaphores);
	CHECK(semctl(semaphores, 0, GETALL, (union semun){ .array = values }) == 0);
	CHECK_EQUAL(values[0], 1);
	CHECK_EQUAL(values[1], 0);
	CHECK_EQUAL(values[2], 500);
	/* One that there is once each side can take. */
	CHECK(semop(semaphores, &(struct sembuf){ .sem_op = -1, .sem_flg = IPC_NOWAIT }, 1) == 0);
}

static void find_messages(void)
{
	struct message m;

	CHECK_EQUAL(msgget(KEY, 0), queue);
	for (int i = 0; i < 3; i++) {
		char wanted[16];

		memset(&m, 0, sizeof(m));
		snprintf(wanted, sizeof(wanted), "message %d", i);
		CHECK_EQUAL(msgrcv(queue, &m, sizeof(m.text), 0, IPC_NOWAIT), 9 + i);
		CHECK_EQUAL(m.type, 3 - i);
		CHECK(strcmp(m.text, wanted) == 0);
	}
	CHECK(msgrcv(queue, &m, sizeof(m.text), 0, IPC_NOWAIT) < 0 && errno == ENOMSG);
}

static void find_memory(void)
{
	struct shmid_ds about;
	char *again, *alone;

	CHECK_EQUAL(shmget(KEY, 0, 0), attached_id);
	CHECK_EQUAL(shmget(KEY + 1, 0, 0), alone_id);
	CHECK(strcmp(attached + 100, "attached") == 0);
	CHECK(strcmp(removed + 200, "removed") == 0);
	/* The mapping is of the segment that the id is of. */
	again = shmat(attached_id, NULL, 0);
	CHECK(again != (void *)-1);
	again[1] = 'x';
	CHECK_EQUAL(attached[1], 'x');
	CHECK(shmdt(again) == 0);
	CHECK(shmctl(attached_id, IPC_STAT, &about) == 0);
	CHECK_EQUAL(about.shm_nattch, 2);
	CHECK_EQUAL(about.shm_segsz, SIZE);

	alone = shmat(alone_id, NULL, SHM_RDONLY);
	CHECK(alone != (void *)-1 && strcmp(alone + 5000, "alone") == 0);
	CHECK(shmdt(alone) == 0);
	CHECK(shmctl(alone_id, IPC_STAT, &about) == 0);
	CHECK_EQUAL(about.shm_perm.uid, 12);
	CHECK_EQUAL(about.shm_perm.mode & 0777, 0604);
	CHECK_EQUAL(about.shm_nattch, 0);
}

int main(int argc, char **argv)
{
	struct shmid_ds about;
	pid_t pid;

	witness_start(argc, argv);
	witness_options("--private=ipc");
	if (unshare(CLONE_NEWIPC) < 0)
		witness_skip("an IPC namespace needs root");
	setting_write("7777");
	build();
	pid = witness_fork(child, NULL);
	witness_ready();

	CHECK(setting_is(7777));
	find_semaphores();
	find_messages();
	find_memory();
	attached[0] = removed[SIZE - 1] = witness_is_clone() ? 'c' : 's';
	witness_meet("written");
	CHECK_EQUAL(attached[0], witness_is_clone() ? 'c' : 's');
	CHECK_EQUAL(semctl(semaphores, 0, GETVAL), 0);
	witness_reap(pid, 0);

	/* What one removes stays the other's; what had been removed is gone with its last attachment. */
	if (witness_is_clone())
		CHECK(shmctl(alone_id, IPC_RMID, NULL) == 0);
	witness_meet("removed");
	CHECK_EQUAL(shmctl(alone_id, IPC_STAT, &about) < 0, witness_is_clone());
	CHECK(shmdt(removed) == 0);
	CHECK(shmctl(removed_id, IPC_STAT, &about) < 0);
	return witness_verdict();
}
