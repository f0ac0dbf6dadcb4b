// SPDX-License-Identifier: GPL-2.0-or-later
/* memfds: sealed or not, open several times, of huge pages, and sparse ones of which only what is there is copied. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "witness.h"

#define HUGE_PAGE (2u << 20)
#define SPARSE (INT64_C(10) << 30)
#define ODD_SIZE 5000

static int odd, odd_again, odd_dup, sealed, future, huge = -1, sparse;
static char *odd_map, *future_map, *future_view, *huge_map, *sparse_map;

static int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags);
}

static int side(void)
{
	return witness_is_clone() ? 2 : 1;
}

/* Of a size that is no multiple of a page, with something behind its end that only who maps it can see. */
static void odd_build(void)
{
	odd = memfd_create("odd", MFD_CLOEXEC);
	MUST(odd >= 0 && ftruncate(odd, ODD_SIZE) == 0 && fchmod(odd, 0640) == 0);
	odd_map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, odd, 0);
	MUST(odd_map != MAP_FAILED);
	memset(odd_map, 'o', ODD_SIZE);
	strcpy(odd_map + ODD_SIZE, "behind the end");
	MUST(lseek(odd, 1234, SEEK_SET) == 1234);
	odd_dup = dup(odd);
	odd_again = reopen(odd, O_WRONLY | O_APPEND | O_NONBLOCK);
	MUST(odd_dup >= 0 && odd_again >= 0);
}

static void odd_check(void)
{
	struct stat st;
	char byte;

	CHECK_EQUAL(fstat(odd, &st), 0);
	CHECK_EQUAL(st.st_size, ODD_SIZE);
	CHECK_EQUAL(st.st_mode & 07777, 0640);
	CHECK_EQUAL(lseek(odd, 0, SEEK_CUR), 1234);
	CHECK_EQUAL(read(odd_dup, &byte, 1), 1);
	CHECK_EQUAL(byte, 'o');
	CHECK_EQUAL(lseek(odd, 0, SEEK_CUR), 1235);
	CHECK_EQUAL(lseek(odd_again, 0, SEEK_CUR), 0);
	CHECK_EQUAL(fcntl(odd_again, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_WRONLY | O_APPEND | O_NONBLOCK);
	CHECK_EQUAL(fcntl(odd, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(fcntl(odd, F_GET_SEALS), F_SEAL_SEAL);
	CHECK(!strcmp(odd_map + ODD_SIZE, "behind the end"));
	witness_meet("seen");
	CHECK_EQUAL(write(odd_again, "xy", (size_t)side()), side());
	witness_meet("appended");
	CHECK_EQUAL(fstat(odd, &st), 0);
	CHECK_EQUAL(st.st_size, ODD_SIZE + side());
	CHECK_EQUAL(odd_map[ODD_SIZE], 'x');
}

static void sealed_build(void)
{
	sealed = memfd_create("sealed", MFD_ALLOW_SEALING);
	MUST(sealed >= 0 && write(sealed, "constant", 9) == 9);
	MUST(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW) == 0);

	future = memfd_create("future", MFD_ALLOW_SEALING);
	MUST(future >= 0 && ftruncate(future, 4096) == 0);
	future_map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, future, 0);
	MUST(future_map != MAP_FAILED);
	/* Writable again one day, whatever is sealed. */
	MUST(mprotect(future_map, 4096, PROT_READ) == 0);
	MUST(fcntl(future, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0);
	future_view = mmap(NULL, 4096, PROT_READ, MAP_SHARED, future, 0);
	MUST(future_view != MAP_FAILED);
}

static void sealed_check(void)
{
	char text[9];

	CHECK_EQUAL(fcntl(sealed, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_GROW);
	CHECK_EQUAL(pread(sealed, text, 9, 0), 9);
	CHECK(!strcmp(text, "constant"));
	CHECK_EQUAL(pwrite(sealed, "x", 1, 0), -1);
	CHECK_EQUAL(errno, EPERM);

	CHECK_EQUAL(fcntl(future, F_GET_SEALS), F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
	CHECK_EQUAL(mprotect(future_view, 4096, PROT_READ | PROT_WRITE), -1);
	CHECK_EQUAL(mprotect(future_map, 4096, PROT_READ | PROT_WRITE), 0);
	*future_map = (char)side();
	witness_meet("future");
	CHECK_EQUAL(*future_view, side());
}

/* Where the machine has some to give: two pages, of which one is used. */
static void huge_build(void)
{
	int pool = open("/proc/sys/vm/nr_hugepages", O_WRONLY | O_CLOEXEC);

	if (pool < 0)
		return;
	(void)!write(pool, "8", 1);
	close(pool);
	huge = memfd_create("huge", MFD_HUGETLB);
	if (huge < 0 || ftruncate(huge, 2 * HUGE_PAGE) < 0)
		return;
	huge_map = mmap(NULL, 2 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, huge, 0);
	if (huge_map == MAP_FAILED)
		huge_map = NULL;
	else
		memset(huge_map + HUGE_PAGE + 5, 'h', 100000);
}

static void huge_check(void)
{
	struct stat st;

	if (!huge_map)
		return;
	CHECK_EQUAL(fstat(huge, &st), 0);
	CHECK_EQUAL(st.st_size, 2 * HUGE_PAGE);
	CHECK_EQUAL(st.st_blocks * 512, HUGE_PAGE);
	CHECK_EQUAL(huge_map[HUGE_PAGE + 4], 0);
	CHECK_EQUAL(huge_map[HUGE_PAGE + 5], 'h');
	CHECK_EQUAL(huge_map[HUGE_PAGE + 5 + 99999], 'h');
	huge_map[HUGE_PAGE] = (char)side();
	witness_meet("huge");
	CHECK_EQUAL(huge_map[HUGE_PAGE], side());
}

static void sparse_build(void)
{
	sparse = memfd_create("sparse", 0);
	MUST(sparse >= 0 && ftruncate(sparse, SPARSE) == 0);
	sparse_map = mmap(NULL, SPARSE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, sparse, 0);
	MUST(sparse_map != MAP_FAILED);
	for (int64_t at = 0; at < SPARSE; at += SPARSE / 8)
		sparse_map[at + 4096] = 's';
}

static void sparse_check(void)
{
	struct stat st;

	CHECK_EQUAL(fstat(sparse, &st), 0);
	CHECK_EQUAL(st.st_size, SPARSE);
	CHECK_EQUAL(st.st_blocks, 8 * 8);
	for (int64_t at = 0; at < SPARSE; at += SPARSE / 8)
		CHECK_EQUAL(sparse_map[at + 4096], 's');
	sparse_map[SPARSE - 1] = (char)side();
	witness_meet("sparse");
	CHECK_EQUAL(sparse_map[SPARSE - 1], side());
}

int main(int argc, char **argv)
{
	witness_start(argc, argv);
	odd_build();
	sealed_build();
	huge_build();
	sparse_build();
	witness_ready();

	odd_check();
	sealed_check();
	huge_check();
	sparse_check();
	return witness_verdict();
}
