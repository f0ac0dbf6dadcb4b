// SPDX-License-Identifier: GPL-2.0-or-later
/* What all witnesses have in common: readiness, the two sides, verdicts. */
#include "witness.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

static char dir[PATH_MAX];
static char home[64];		/* the pid namespace of the start */

static void path_of(char *path, const char *name)
{
	snprintf(path, PATH_MAX + 64, "%s/%s", dir, name);
}

static bool exists(const char *name)
{
	char path[PATH_MAX + 64];

	path_of(path, name);
	return access(path, F_OK) == 0;
}

/* Appends in one write, whoever the process has become. */
static void note(const char *name, const char *text)
{
	char path[PATH_MAX + 64];
	int fd;

	path_of(path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0) {
		fprintf(stderr, "%s: %s: %m\n", path, text);
		return;
	}
	fchmod(fd, 0666);
	(void)!write(fd, text, strlen(text));
	close(fd);
}

static void namespace_read(char *ret, size_t size)
{
	ssize_t n = readlink("/proc/self/ns/pid", ret, size - 1);

	ret[n > 0 ? n : 0] = '\0';
}

bool witness_is_clone(void)
{
	char now[64];

	namespace_read(now, sizeof(now));
	return strcmp(now, home) != 0;
}

static const char *side(void)
{
	return witness_is_clone() ? "clone" : "source";
}

void witness_start(int argc, char **argv)
{
	if (argc != 2 || !realpath(argv[1], dir)) {
		fprintf(stderr, "usage: %s DIR\n", argv[0]);
		exit(2);
	}
	chmod(dir, 0777);
	namespace_read(home, sizeof(home));
	if (!*home)
		witness_skip("/proc is not mounted");
}

void witness_root_is(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d\n", pid);
	note("root", text);
}

void witness_home(void)
{
	namespace_read(home, sizeof(home));
}

void witness_options(const char *options)
{
	note("options", options);
	note("options", "\n");
}

void witness_skip(const char *why)
{
	note("skip", why);
	_exit(77);
}

void witness_broken(const char *file, int line, const char *what)
{
	char text[512];

	snprintf(text, sizeof(text), "%s:%d: cannot be prepared: %s: %s\n", file, line, what, strerror(errno));
	fputs(text, stderr);
	note("broken", text);
	_exit(2);
}

void witness_fail(const char *file, int line, const char *format, ...)
{
	char name[32], text[1024];
	va_list args;
	int n;

	n = snprintf(text, sizeof(text), "pid %d thread %d, %s:%d: ", getpid(), gettid(), file, line);
	va_start(args, format);
	n += vsnprintf(text + n, sizeof(text) - (size_t)n - 2, format, args);
	va_end(args);
	snprintf(text + ((size_t)n < sizeof(text) - 2 ? (size_t)n : sizeof(text) - 2), 2, "\n");
	snprintf(name, sizeof(name), "%s.why", side());
	note(name, text);
}

static void await_file(const char *name, uint64_t look_usec)
{
	uint64_t until = witness_now_usec() + WITNESS_PATIENCE_USEC;

	while (!exists(name)) {
		if (witness_now_usec() > until) {
			FAIL("waited in vain for the file %s", name);
			return;
		}
		witness_sleep_usec(look_usec);
	}
}

void witness_ready(void)
{
	note("ready", "ready\n");
	await_file("go", 10000);
}

/* There may be hundreds of us on a slow machine. */
void witness_wait_go(void)
{
	await_file("go", 50000);
}

void witness_meet(const char *point)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.%s", point, side());
	note(name, "here\n");
	snprintf(name, sizeof(name), "%s.%s", point, witness_is_clone() ? "source" : "clone");
	await_file(name, 20000);
}

void witness_wait_point(const char *point)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.source", point);
	await_file(name, 20000);
	snprintf(name, sizeof(name), "%s.clone", point);
	await_file(name, 20000);
}

int witness_verdict(void)
{
	char path[PATH_MAX + 64], final[PATH_MAX + 64], name[32];
	bool failed;

	snprintf(name, sizeof(name), "%s.why", side());
	failed = exists(name);
	snprintf(name, sizeof(name), "%s.new", side());
	note(name, failed ? "FAIL\n" : "ok\n");
	path_of(path, name);
	path_of(final, side());
	rename(path, final);
	return failed;
}

uint64_t witness_now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void witness_sleep_usec(uint64_t usec)
{
	struct timespec left = { .tv_sec = (time_t)(usec / 1000000), .tv_nsec = (long)(usec % 1000000) * 1000 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

pthread_t witness_thread(void *(*body)(void *), void *argument)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 256 * 1024);
	errno = pthread_create(&thread, &attributes, body, argument);
	MUST(errno == 0);
	pthread_attr_destroy(&attributes);
	return thread;
}

pid_t witness_fork(int (*body)(void *), void *argument)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0)
		_exit(body(argument));
	return pid;
}

void witness_await_call(pid_t tid, long nr)
{
	uint64_t until = witness_now_usec() + WITNESS_PATIENCE_USEC / 2;
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	while (witness_now_usec() < until) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		if (fd >= 0)
			close(fd);
		text[n > 0 ? n : 0] = '\0';
		if (n > 0 && *text != 'r' && strtol(text, NULL, 10) == nr)
			return;
		witness_sleep_usec(2000);
	}
	errno = ETIMEDOUT;
	snprintf(path, sizeof(path), "the thread sleeps in system call %ld", nr);
	witness_broken(__FILE__, __LINE__, path);
}

void witness_reap(pid_t child, int status)
{
	int got = -1;
	pid_t pid;

	do
		pid = waitpid(child, &got, 0);
	while (pid < 0 && errno == EINTR);
	if (pid != child)
		FAIL("waitpid(%d) is %d (errno %d)", child, pid, errno);
	else if (got != status)
		FAIL("child %d ended with %#x, not %#x", child, got, status);
}
