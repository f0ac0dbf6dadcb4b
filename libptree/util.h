/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small helpers that every file may use: cleanup attributes, ownership, time. Nothing in here knows what a clone is. */
#ifndef PTREE_UTIL_H
#define PTREE_UTIL_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define USEC_PER_SEC UINT64_C(1000000)

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(ptree_cleanup_free)
#define _cleanup_close_ _cleanup_(ptree_cleanup_close)
#define _cleanup_fclose_ _cleanup_(ptree_cleanup_fclose)
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))

/* Hand over what a cleanup attribute would destroy. */
#define TAKE_PTR(p)                                                                                                     \
	({                                                                                                              \
		__typeof__(p) taken_ = (p);                                                                             \
		(p) = NULL;                                                                                             \
		taken_;                                                                                                 \
	})
#define TAKE_FD(fd)                                                                                                     \
	({                                                                                                              \
		int taken_ = (fd);                                                                                      \
		(fd) = -1;                                                                                              \
		taken_;                                                                                                 \
	})

/* Closes unless negative, keeps errno, returns -1: fd = ptree_close_fd(fd). */
static inline int ptree_close_fd(int fd)
{
	if (fd >= 0) {
		int saved = errno;

		close(fd);
		errno = saved;
	}
	return -1;
}

static inline void ptree_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void ptree_cleanup_close(int *fd)
{
	*fd = ptree_close_fd(*fd);
}

static inline void ptree_cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline uint64_t ptree_now_usec(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

#endif
