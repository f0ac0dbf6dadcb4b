// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory of all sorts that three processes share: they go on sharing it, and the other side sees nothing of that. */
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include "witness.h"

#define SIZE (64 * 4096)
#define NR_CHILDREN 2
#define PATTERN(i) ((uint32_t)(i) * 2654435761u)

/* At the start of each memory; the rest is a pattern that nobody changes, but for a hole. */
struct board {
	uint32_t side;			/* the root's word: 1 source, 2 clone */
	uint32_t seen[NR_CHILDREN];	/* each child's answer */
	uint32_t done;
};

static struct memory {
	const char *name;
	struct board *board;
} memories[] = { { "anonymous", NULL }, { "memfd", NULL }, { "posix", NULL }, { "sysv", NULL } };

static char *none, *upgradeable, *readonly, *locked, *piece;
static int memfd, segment;

static uint32_t *words(struct memory *m)
{
	return (uint32_t *)(void *)m->board;
}

static bool is_hole(size_t word)
{
	return word >= SIZE / 16 && word < SIZE / 8;
}

static void fill(struct memory *m, void *at)
{
	MUST(at != MAP_FAILED);
	m->board = at;
	for (size_t i = sizeof(struct board) / 4; i < SIZE / 4; i++)
		if (!is_hole(i))
			words(m)[i] = PATTERN(i);
}

static void check_pattern(struct memory *m)
{
	for (size_t i = sizeof(struct board) / 4; i < SIZE / 4; i++)
		if (words(m)[i] != (is_hole(i) ? 0 : PATTERN(i))) {
			FAIL("%s: word %zu is %#x", m->name, i, words(m)[i]);
			return;
		}
}

static uint32_t mine(void)
{
	return witness_is_clone() ? 2 : 1;
}

/* A child answers on each board what the root wrote there. */
static int child(void *argument)
{
	size_t number = (size_t)(uintptr_t)argument;

	witness_wait_go();
	for (size_t i = 0; i < COUNT(memories); i++) {
		volatile struct board *board = memories[i].board;

		AWAIT(board->side != 0);
		board->seen[number] = board->side * 10;
		check_pattern(&memories[i]);
	}
	for (size_t i = 0; i < COUNT(memories); i++)
		AWAIT(((volatile struct board *)memories[i].board)->done);
	return 0;
}

static void boards_build(void)
{
	char name[64];
	int fd;

	fill(&memories[0], mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));

	memfd = memfd_create("a memory with a name of more than thirty-two characters", MFD_CLOEXEC);
	MUST(memfd >= 0 && ftruncate(memfd, SIZE) == 0);
	fill(&memories[1], mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0));

	snprintf(name, sizeof(name), "/witness-%d", getpid());
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0640);
	MUST(fd >= 0 && ftruncate(fd, SIZE) == 0);
	fill(&memories[2], mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	shm_unlink(name);
	close(fd);

	segment = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0640);
	MUST(segment >= 0);
	fill(&memories[3], shmat(segment, NULL, 0));
}

/* Mappings that are not simply there to be written to. */
static void oddities_build(void)
{
	int fd;
	char path[64];

	none = mmap(NULL, 8192, PROT_NONE, MAP_SHARED, memfd, 8192);
	upgradeable = mmap(NULL, 4096, PROT_READ, MAP_SHARED, memfd, 4096);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	MUST(fd >= 0);
	readonly = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
	close(fd);
	locked = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(none != MAP_FAILED && upgradeable != MAP_FAILED && readonly != MAP_FAILED && locked != MAP_FAILED);
	MUST(mlock(locked, 4096) == 0 && madvise(locked, 4096, MADV_DONTDUMP) == 0);
	/* Of a second attachment only the second page and the fourth are left, with something else between them. */
	piece = shmat(segment, NULL, 0);
	MUST(piece != (char *)-1);
	MUST(munmap(piece, 4096) == 0 && munmap(piece + 16384, SIZE - 16384) == 0);
	MUST(mmap(piece + 8192, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
	     MAP_FAILED);
	piece[8192] = 77;
	MUST(mprotect(piece + 12288, 4096, PROT_READ) == 0);
	MUST(shmctl(segment, IPC_RMID, NULL) == 0);
}

/* Whether VmFlags of the mapping at @at has a word. */
static bool has_flag(const void *at, const char *word)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	bool here = false, has = false;
	char line[512];
	unsigned long start, end;

	while (smaps && fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start == (unsigned long)at;
		else if (here && !strncmp(line, "VmFlags:", 8))
			has = strstr(line, word);
	}
	if (smaps)
		fclose(smaps);
	return has;
}

static void oddities_check(void)
{
	CHECK_EQUAL(mprotect(none, 8192, PROT_READ | PROT_WRITE), 0);
	CHECK(!memcmp(none, (char *)memories[1].board + 8192, 8192));
	CHECK_EQUAL(mprotect(upgradeable, 4096, PROT_READ | PROT_WRITE), 0);
	upgradeable[100] ^= 1;
	CHECK(!memcmp(upgradeable, (char *)memories[1].board + 4096, 4096));
	CHECK(!memcmp(readonly, upgradeable, 4096));
	upgradeable[100] ^= 1;
	CHECK_EQUAL(mprotect(readonly, 4096, PROT_READ | PROT_WRITE), -1);
	CHECK(has_flag(locked, " lo"));
	CHECK(has_flag(locked, " dd"));
	CHECK(!has_flag(locked + 4096, " lo"));
	CHECK(!memcmp(piece + 4096, (char *)memories[3].board + 4096, 4096));
	CHECK(!memcmp(piece + 12288, (char *)memories[3].board + 12288, 4096));
	CHECK_EQUAL(piece[8192], 77);
	CHECK_EQUAL(mprotect(piece + 12288, 4096, PROT_READ | PROT_WRITE), 0);
}

static void descriptor_check(void)
{
	char path[64], link[256];
	struct stat st;
	uint32_t side;
	ssize_t n;

	CHECK_EQUAL(fstat(memfd, &st), 0);
	CHECK_EQUAL(st.st_size, SIZE);
	CHECK_EQUAL(pread(memfd, &side, sizeof(side), 0), sizeof(side));
	CHECK_EQUAL(side, mine());
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	CHECK(!strcmp(link, "/memfd:a memory with a name of more than thirty-two characters (deleted)"));
}

int main(int argc, char **argv)
{
	pid_t children[NR_CHILDREN];

	witness_start(argc, argv);
	boards_build();
	oddities_build();
	for (size_t i = 0; i < NR_CHILDREN; i++)
		children[i] = witness_fork(child, (void *)(uintptr_t)i);
	witness_ready();

	witness_meet("begun");
	for (size_t i = 0; i < COUNT(memories); i++) {
		volatile struct board *board = memories[i].board;

		if (board->side != 0)
			FAIL("%s: somebody wrote %u", memories[i].name, board->side);
		board->side = mine();
	}
	witness_meet("written");
	for (size_t i = 0; i < COUNT(memories); i++) {
		volatile struct board *board = memories[i].board;

		for (size_t j = 0; j < NR_CHILDREN; j++)
			AWAIT(board->seen[j] != 0);
		if (board->side != mine() || board->seen[0] != 10 * mine() || board->seen[1] != 10 * mine())
			FAIL("%s: the board says %u, %u, %u", memories[i].name, board->side, board->seen[0], board->seen[1]);
		check_pattern(&memories[i]);
	}
	descriptor_check();
	oddities_check();
	for (size_t i = 0; i < COUNT(memories); i++)
		memories[i].board->done = 1;
	for (size_t i = 0; i < NR_CHILDREN; i++)
		witness_reap(children[i], EXITED(0));
	CHECK_EQUAL(shmdt(memories[3].board), 0);
	return witness_verdict();
}
