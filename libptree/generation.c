// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The generation of a program, and its hooks. A wiped sentinel says "a copy"; which kind of copy the pid says, which is
 * another one in a child of fork() and the same in a clone.
 *
 * The number is drawn by getrandom() straight into the sentinel, and never passes through a register on its way there: a
 * clone that is made at any moment of it finds a wiped page or draws itself, and never goes on with its source's number.
 * The vDSO's getrandom() would compute it in user space, so this is the system call.
 */
#include "generation.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "ptree.h"
#include "util.h"

struct hook {
	void (*function)(void *userdata);
	void *userdata;
};

static _Atomic(struct ptree_sentinel *) sentinel;
static _Thread_local bool in_hooks;	/* this thread holds the lock and runs them */

/* What is below is the lock's. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool has_atfork;
static pid_t drawn_by;			/* who drew last; 0: nobody yet */
static struct hook *hooks;
static size_t nr_hooks;

struct ptree_sentinel *ptree_sentinel(void)
{
	return atomic_load_explicit(&sentinel, memory_order_acquire);
}

/* The number, if it stands; 0: the page was wiped, or nothing was drawn yet. */
static uint64_t confirmed(const struct ptree_sentinel *s)
{
	uint64_t drawn = atomic_load_explicit(&s->drawn, memory_order_acquire);

	return drawn == atomic_load_explicit(&s->confirmed, memory_order_acquire) ? drawn : 0;
}

static void confirm(struct ptree_sentinel *s, uint64_t drawn)
{
	atomic_store_explicit(&s->confirmed, drawn, memory_order_release);
}

static int draw(struct ptree_sentinel *s)
{
	long n;

	do
		n = syscall(SYS_getrandom, &s->drawn, sizeof(s->drawn), 0);
	while (n < 0 && errno == EINTR);
	drawn_by = getpid();
	return n == sizeof(s->drawn) ? 0 : -ENOSYS;
}

/* A child of fork() begins with a number of its own: then a clone of it is known for one, by its pid. */
static void before_fork(void)
{
	if (!in_hooks)
		pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
	if (!in_hooks)
		pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
	struct ptree_sentinel *s = ptree_sentinel();

	if (s && draw(s) == 0)
		confirm(s, atomic_load(&s->drawn));
	after_fork();
}

static int sentinel_make(void)
{
	struct ptree_sentinel *s;

	if (ptree_sentinel())
		return 0;
	if (!has_atfork && pthread_atfork(before_fork, after_fork, in_child) != 0)
		return -ENOMEM;
	has_atfork = true;
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return -ENOMEM;
	if (madvise(s, sizeof(*s), MADV_WIPEONFORK) < 0) {
		munmap(s, sizeof(*s));
		return -ENOSYS;
	}
	atomic_store_explicit(&sentinel, s, memory_order_release);
	return 0;
}

static void hooks_run(void)
{
	in_hooks = true;
	for (size_t i = 0; i < nr_hooks; i++)
		hooks[i].function(hooks[i].userdata);
	in_hooks = false;
}

/*
 * Draws, and in a clone runs the hooks before anybody sees the number. Should this be cloned meanwhile, the number is gone
 * again in that clone, is not what it was before the hooks, and all is done once more there. A negative errno: this
 * system cannot tell.
 */
static int look(uint64_t *ret)
{
	int r = sentinel_make();
	struct ptree_sentinel *s = ptree_sentinel();

	while (r == 0 && !(*ret = confirmed(s))) {
		bool is_clone = drawn_by == getpid();
		uint64_t drawn;

		r = draw(s);
		drawn = atomic_load(&s->drawn);
		if (r == 0 && is_clone)
			hooks_run();
		if (r == 0 && atomic_load(&s->drawn) == drawn)
			confirm(s, drawn);
	}
	return r;
}

uint64_t ptree_generation(void)
{
	struct ptree_sentinel *s = ptree_sentinel();
	uint64_t generation = s ? confirmed(s) : 0;
	int saved = errno;

	if (generation)
		return generation;
	if (in_hooks) {
		/* Cloned since they began: there they will all run once more, for the number is another one. */
		while (!(generation = atomic_load(&s->drawn)))
			if (draw(s) < 0)
				break;
		errno = saved;
		return generation;
	}
	pthread_mutex_lock(&lock);
	if (look(&generation) < 0)
		generation = 0;
	pthread_mutex_unlock(&lock);
	errno = saved;
	return generation;
}

static int hook_add(void (*function)(void *userdata), void *userdata)
{
	struct hook *grown = reallocarray(hooks, nr_hooks + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	hooks = grown;
	hooks[nr_hooks++] = (struct hook){ function, userdata };
	return 0;
}

int ptree_at_clone(void (*function)(void *userdata), void *userdata)
{
	int r, saved = errno;
	uint64_t generation;

	if (!function)
		return -EINVAL;
	if (in_hooks)
		return -EBUSY;
	pthread_mutex_lock(&lock);
	r = look(&generation);
	if (r == 0)
		r = hook_add(function, userdata);
	pthread_mutex_unlock(&lock);
	errno = saved;
	return r;
}

int ptree_at_clone_remove(void (*function)(void *userdata), void *userdata)
{
	int r = -ENOENT;

	if (in_hooks)
		return -EBUSY;
	pthread_mutex_lock(&lock);
	for (size_t i = nr_hooks; i-- > 0 && r < 0;) {
		if (hooks[i].function != function || hooks[i].userdata != userdata)
			continue;
		memmove(&hooks[i], &hooks[i + 1], (--nr_hooks - i) * sizeof(*hooks));
		r = 0;
	}
	pthread_mutex_unlock(&lock);
	return r;
}
