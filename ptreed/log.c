// SPDX-License-Identifier: GPL-2.0-or-later
/* Structured journal entries, or plain lines. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-journal.h>

#include "log.h"

static bool to_journal;

void log_open(void)
{
	to_journal = getenv("JOURNAL_STREAM");
}

void log_message(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (to_journal) {
		sd_journal_printv(priority, format, args);
	} else {
		fputs("ptreed: ", stderr);
		vfprintf(stderr, format, args);
		fputc('\n', stderr);
	}
	va_end(args);
}

void log_clone_new(const struct ptree_clone *c)
{
	if (!to_journal) {
		log_message(LOG_INFO, "clone %s (%s) of process %d for uid %u: %u processes, %u threads, pause %" PRIu64
			    " µs", ptree_clone_id(c), ptree_clone_name(c), ptree_clone_source_pid(c), ptree_clone_uid(c),
			    ptree_clone_nr_processes(c), ptree_clone_nr_threads(c), ptree_clone_pause_usec(c));
		return;
	}
	sd_journal_send("MESSAGE=Cloned process %d for uid %u as %s: %u processes, %u threads, paused for %" PRIu64 " µs",
			ptree_clone_source_pid(c), ptree_clone_uid(c), ptree_clone_name(c), ptree_clone_nr_processes(c),
			ptree_clone_nr_threads(c), ptree_clone_pause_usec(c),
			"MESSAGE_ID=" LOG_ID_CLONE_NEW,
			"PRIORITY=%d", LOG_INFO,
			"PTREE_CLONE_ID=%s", ptree_clone_id(c),
			"PTREE_CLONE_NAME=%s", ptree_clone_name(c),
			"PTREE_SOURCE_PID=%d", ptree_clone_source_pid(c),
			"PTREE_ROOT_PID=%d", ptree_clone_root_pid(c),
			"PTREE_UID=%u", ptree_clone_uid(c),
			"PTREE_CGROUP=%s", ptree_clone_cgroup(c),
			"PTREE_PROCESSES=%u", ptree_clone_nr_processes(c),
			"PTREE_THREADS=%u", ptree_clone_nr_threads(c),
			"PTREE_PAUSE_USEC=%" PRIu64, ptree_clone_pause_usec(c),
			"PTREE_TOTAL_USEC=%" PRIu64, ptree_clone_total_usec(c),
			NULL);
}

static void status_describe(int status, char *buf, size_t size)
{
	if (status == -1)
		snprintf(buf, size, "with an unknown status");
	else if (WIFSIGNALED(status))
		snprintf(buf, size, "by SIG%s", sigabbrev_np(WTERMSIG(status)) ?: "?");
	else
		snprintf(buf, size, "with status %d", WEXITSTATUS(status));
}

void log_clone_removed(const struct ptree_clone *c, int status)
{
	char end[64];

	status_describe(status, end, sizeof(end));
	if (!to_journal) {
		log_message(LOG_INFO, "clone %s (%s) ended %s", ptree_clone_id(c), ptree_clone_name(c), end);
		return;
	}
	sd_journal_send("MESSAGE=Clone %s ended %s", ptree_clone_name(c), end,
			"MESSAGE_ID=" LOG_ID_CLONE_REMOVED,
			"PRIORITY=%d", LOG_INFO,
			"PTREE_CLONE_ID=%s", ptree_clone_id(c),
			"PTREE_CLONE_NAME=%s", ptree_clone_name(c),
			"PTREE_SOURCE_PID=%d", ptree_clone_source_pid(c),
			"PTREE_UID=%u", ptree_clone_uid(c),
			"PTREE_STATUS=%d", status,
			NULL);
}

void log_clone_failed(pid_t source, uid_t uid, int error, const char *message)
{
	if (!to_journal) {
		log_message(LOG_NOTICE, "no clone of process %d for uid %u: %s", source, uid, message);
		return;
	}
	sd_journal_send("MESSAGE=No clone of process %d for uid %u: %s", source, uid, message,
			"MESSAGE_ID=" LOG_ID_CLONE_FAILED,
			"PRIORITY=%d", LOG_NOTICE,
			"PTREE_SOURCE_PID=%d", source,
			"PTREE_UID=%u", uid,
			"ERRNO=%d", -error,
			NULL);
}
