// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * POSIX shared memory and semaphores by name: who opens a name again gets what its own side has under it, also where nobody
 * had it open when the clone was made; and what one side makes or removes there the other does not notice.
 */
#include <fcntl.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "witness.h"

#define SIZE 8192

static char names[5][64];
enum { OPEN, MAPPED, CLOSED, SEMAPHORE, LATER };

static void make(int which, const char *text)
{
	int fd = shm_open(names[which], O_CREAT | O_EXCL | O_RDWR, 0640);

	MUST(fd >= 0 && ftruncate(fd, SIZE) == 0);
	MUST(pwrite(fd, text, strlen(text) + 1, 0) == (ssize_t)strlen(text) + 1);
	close(fd);
}

static char *map(int which)
{
	int fd = shm_open(names[which], O_RDWR, 0);
	struct stat st;
	char *memory;

	CHECK(fd >= 0);
	if (fd < 0)
		return NULL;
	CHECK(fstat(fd, &st) == 0 && st.st_size == SIZE && (st.st_mode & 07777) == 0640 && st.st_uid == geteuid());
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

static void judge_memory(int which, char *mapped, const char *mine)
{
	char *again = map(which);

	CHECK(again);
	if (!again)
		return;
	if (mapped) {
		CHECK(strcmp(again, mapped) == 0);
		strcpy(mapped, mine);
	} else {
		strcpy(again, mine);
	}
	witness_meet(names[which] + 1);
	CHECK(strcmp(again, mine) == 0);
	CHECK(shm_unlink(names[which]) == 0);
	munmap(again, SIZE);
}

int main(int argc, char **argv)
{
	const char *mine;
	char *mapped, *open_mapped;
	sem_t *semaphore, *again;
	int open_fd, value = -1;

	witness_start(argc, argv);
	for (size_t i = 0; i < COUNT(names); i++)
		snprintf(names[i], sizeof(names[i]), "/witness-%d-%zu", getpid(), i);
	make(OPEN, "open");
	make(MAPPED, "mapped");
	make(CLOSED, "closed");
	open_fd = shm_open(names[OPEN], O_RDWR, 0);
	MUST(open_fd >= 0);
	open_mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, open_fd, 0);
	mapped = map(MAPPED);
	semaphore = sem_open(names[SEMAPHORE], O_CREAT | O_EXCL, 0600, 3);
	MUST(open_mapped != MAP_FAILED && mapped && semaphore != SEM_FAILED);
	witness_ready();

	mine = witness_is_clone() ? "the clone's" : "the source's";
	CHECK(strcmp(open_mapped, "open") == 0 && strcmp(mapped, "mapped") == 0);
	judge_memory(OPEN, open_mapped, mine);
	judge_memory(MAPPED, mapped, mine);
	judge_memory(CLOSED, NULL, mine);

	again = sem_open(names[SEMAPHORE], 0);
	CHECK(again != SEM_FAILED);
	if (again != SEM_FAILED) {
		for (int i = 0; i < (witness_is_clone() ? 3 : 1); i++)
			CHECK(sem_trywait(again) == 0);
		witness_meet("semaphore");
		CHECK(sem_getvalue(semaphore, &value) == 0);
		CHECK_EQUAL(value, witness_is_clone() ? 0 : 2);
	}
	CHECK(sem_unlink(names[SEMAPHORE]) == 0);

	/* Both make it. */
	make(LATER, mine);
	witness_meet("later");
	CHECK(shm_unlink(names[LATER]) == 0);
	return witness_verdict();
}
