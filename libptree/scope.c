// SPDX-License-Identifier: LGPL-2.1-or-later
/* Transient scopes over sd-bus. systemd removes one by itself when its last process is gone. */
#include "scope.h"

#include <inttypes.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>

#include "cgroup.h"
#include "util.h"

#define TIMEOUT_USEC (30 * USEC_PER_SEC)

#define SYSTEMD_PRIVATE "unix:path=/run/systemd/private"

struct scope_job {
	const char *unit;
	bool done;
	char result[32];
};

static void cleanup_bus(sd_bus **bus)
{
	sd_bus_flush_close_unref(*bus);
}

static void cleanup_message(sd_bus_message **m)
{
	sd_bus_message_unref(*m);
}

static void cleanup_bus_error(sd_bus_error *error)
{
	sd_bus_error_free(error);
}

bool ptree_scope_available(void)
{
	return sd_booted() > 0;
}

/* The system bus, else (no bus daemon, or it is down) systemd's own socket, as systemctl does it for root. */
static int bus_connect(sd_bus **ret)
{
	_cleanup_(cleanup_bus) sd_bus *bus = NULL;
	int r;

	if (sd_bus_open_system(ret) >= 0)
		return 0;
	r = sd_bus_new(&bus);
	if (r < 0)
		return r;
	r = sd_bus_set_address(bus, SYSTEMD_PRIVATE);
	if (r < 0)
		return r;
	r = sd_bus_start(bus);
	if (r < 0)
		return -ENOTCONN;
	*ret = TAKE_PTR(bus);
	return 0;
}

/* The answer with the job's path may come behind the signal, so the unit's name is what is compared. */
static int job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *path, *unit, *result;
	struct scope_job *job = userdata;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (strcmp(unit, job->unit) == 0) {
		job->done = true;
		snprintf(job->result, sizeof(job->result), "%s", result);
	}
	return 0;
}

static int start_request(sd_bus *bus, sd_bus_message **ret, const char *unit, pid_t pid, const char *description)
{
	_cleanup_(cleanup_message) sd_bus_message *m = NULL;
	int r;

	r = sd_bus_message_new_method_call(bus, &m, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
					   "org.freedesktop.systemd1.Manager", "StartTransientUnit");
	if (r < 0)
		return r;
	/* No limit of its own on tasks: the tree was within those of its source. */
	r = sd_bus_message_append(m, "ssa(sv)a(sa(sv))", unit, "fail", 7,
				  "Description", "s", description,
				  "Slice", "s", "ptree.slice",
				  "Delegate", "b", 1,
				  "CollectMode", "s", "inactive-or-failed",
				  "TasksMax", "t", UINT64_MAX,
				  "TimeoutStopUSec", "t", UINT64_C(5) * USEC_PER_SEC,
				  "PIDs", "au", 1, (uint32_t)pid,
				  0);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(m);
	return 0;
}

static int job_wait(sd_bus *bus, struct scope_job *job)
{
	uint64_t deadline = ptree_now_usec(CLOCK_MONOTONIC) + TIMEOUT_USEC;

	while (!job->done) {
		uint64_t now = ptree_now_usec(CLOCK_MONOTONIC);
		int r;

		r = sd_bus_process(bus, NULL);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		if (now >= deadline)
			return -ETIMEDOUT;
		r = sd_bus_wait(bus, deadline - now);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return 0;
}

int ptree_scope_start(uint64_t id, pid_t pid, const char *description, struct ptree_error *e)
{
	_cleanup_(cleanup_bus_error) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(cleanup_message) sd_bus_message *m = NULL;
	_cleanup_(cleanup_bus) sd_bus *bus = NULL;
	char unit[64];
	struct scope_job job = { .unit = unit };
	int r;

	snprintf(unit, sizeof(unit), PTREE_CGROUP_CLONE_FORMAT, (unsigned long long)id);
	r = bus_connect(&bus);
	if (r < 0)
		return ptree_error_set(e, -ENOTCONN, 0, "prepare: systemd runs here but cannot be reached: %m");

	r = sd_bus_match_signal(bus, NULL, NULL, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
				"JobRemoved", job_removed, &job);
	if (r >= 0)
		r = sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
				       "org.freedesktop.systemd1.Manager", "Subscribe", &error, NULL, NULL);
	if (r >= 0)
		r = start_request(bus, &m, unit, pid, description);
	if (r >= 0)
		r = sd_bus_call(bus, m, TIMEOUT_USEC, &error, NULL);
	if (r < 0)
		return ptree_error_set(e, r, 0, "prepare: systemd does not start %s: %s", unit,
				       error.message ? error.message : strerror(-r));
	r = job_wait(bus, &job);
	if (r < 0)
		return ptree_error_set(e, r, 0, "prepare: systemd did not finish starting %s: %m", unit);
	if (strcmp(job.result, "done") != 0)
		return ptree_error_set(e, -EIO, 0, "prepare: systemd could not start %s: %s; see journalctl -u %s",
				       unit, job.result, unit);
	return 0;
}

void ptree_scope_stop(uint64_t id)
{
	_cleanup_(cleanup_bus) sd_bus *bus = NULL;
	char unit[64];

	snprintf(unit, sizeof(unit), PTREE_CGROUP_CLONE_FORMAT, (unsigned long long)id);
	if (!ptree_scope_available() || bus_connect(&bus) < 0)
		return;
	sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
			   "StopUnit", NULL, NULL, "ss", unit, "replace");
}
