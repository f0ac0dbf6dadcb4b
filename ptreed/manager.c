// SPDX-License-Identifier: GPL-2.0-or-later
/* The manager's life: what it holds, how it learns of clones, how it stops. Its D-Bus object is manager-bus.c's. */
#include <inttypes.h>
#include <string.h>
#include <sys/inotify.h>
#include <systemd/sd-daemon.h>

#include "../libptree/cgroup.h"
#include "../libptree/journal.h"
#include "clone.h"
#include "log.h"
#include "operation.h"

/* A worker may need this long beside the pause: cgroups, a pid namespace, a walk over thousands of processes. */
#define GRACE_USEC (20 * USEC_PER_SEC)

int manager_new(sd_event *event, worker_function *work, struct manager **ret)
{
	struct manager *m;

	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->event = sd_event_ref(event);
	m->work = work;
	m->grace_usec = GRACE_USEC;
	m->registry = PTREE_REGISTRY_INIT;
	limits_init(&m->limits);
	TAILQ_INIT(&m->clones);
	TAILQ_INIT(&m->operations);
	*ret = m;
	return 0;
}

struct manager *manager_free(struct manager *m)
{
	struct operation *o;
	struct clone *c;

	if (!m)
		return NULL;
	while ((o = TAILQ_FIRST(&m->operations)))
		operation_free(o);
	while ((c = TAILQ_FIRST(&m->clones)))
		clone_free(c);
	sd_event_source_disable_unref(m->registry_watch);
	ptree_registry_close(&m->registry);
	sd_bus_flush_close_unref(m->bus);
	sd_event_unref(m->event);
	free(m);
	return NULL;
}

struct clone *manager_find_clone(const struct manager *m, const char *id)
{
	struct clone *c;

	TAILQ_FOREACH(c, &m->clones, entry)
		if (strcmp(c->info->id, id) == 0)
			return c;
	return NULL;
}

struct clone *manager_find_clone_of_pid(const struct manager *m, pid_t pid)
{
	_cleanup_free_ char *cgroup = NULL;
	struct clone *c;

	/* Where the process is now counts, not who was cloned: children born since belong to the clone as well. */
	if (ptree_cgroup_of_pid(pid, &cgroup) < 0)
		return NULL;
	TAILQ_FOREACH(c, &m->clones, entry)
		if (c->info->init_pid == pid || (*c->info->cgroup && ptree_cgroup_contains(c->info->cgroup, cgroup)))
			return c;
	return NULL;
}

int manager_learn(struct manager *m, const char *id, bool announce, struct clone **ret)
{
	_cleanup_clone_ struct ptree_clone *info = NULL;
	struct clone *c;
	int r;

	c = manager_find_clone(m, id);
	if (!c) {
		r = ptree_registry_read(&m->registry, id, &info);
		if (r < 0)
			return r;
		if (ptree_clone_state(info) == PTREE_STATE_DEAD)
			return -ESRCH;
		r = clone_new(m, info, &c);
		if (r < 0)
			return r;
		if (announce) {
			log_clone_new(info);
			manager_bus_clone_new(m, c);
		}
	}
	if (ret)
		*ret = c;
	return 0;
}

static bool is_id(const char *name)
{
	return *name && !name[strspn(name, "0123456789")];
}

/*
 * Clones that a direct caller made (root, ptree-clone@.service) appear here like our own. An entry is written first
 * while its op is under way, which may still fail, and once more when there is no way back.
 */
static int on_registry(sd_event_source *s, const struct inotify_event *event, void *userdata)
{
	struct manager *m = userdata;

	(void)s;
	if (event->mask & IN_Q_OVERFLOW)
		manager_recover(m);
	else if (event->len > 0 && is_id(event->name) &&
		 ptree_journal_alive(&m->registry, strtoull(event->name, NULL, 10)) <= 0)
		(void)manager_learn(m, event->name, true, NULL);
	manager_changed(m);
	return 0;
}

void manager_changed(struct manager *m)
{
	unsigned running = operations_start(m), waiting = 0;
	const struct operation *o;

	TAILQ_FOREACH(o, &m->operations, entry)
		waiting++;
	waiting -= running;
	sd_notifyf(0, "STATUS=%u clones, %u operations under way, %u waiting%s", m->nr_clones, running, waiting,
		   m->stopping ? ", stopping" : "");
	if (m->stopping && running == 0)
		sd_event_exit(m->event, EXIT_SUCCESS);
}

/* A frozen bus would leave every caller without an answer, ptreed first. */
static pid_t bus_pid(sd_bus *bus)
{
	_cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
	pid_t pid = 0;

	if (sd_bus_get_owner_creds(bus, SD_BUS_CREDS_PID, &creds) >= 0)
		sd_bus_creds_get_pid(creds, &pid);
	return pid;
}

int manager_start(struct manager *m, sd_bus *bus)
{
	char path[64];
	int r;

	m->bus = sd_bus_ref(bus);
	m->bus_pid = bus_pid(bus);
	r = ptree_registry_open(&m->registry, true);
	if (r < 0) {
		log_message(LOG_ERR, "cannot open the registry of clones: %s", strerror(-r));
		return r;
	}

	/* Watch first, read then: what is made in between is seen twice rather than never. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", m->registry.clones_fd);
	r = sd_event_add_inotify(m->event, &m->registry_watch, path, IN_MOVED_TO | IN_ONLYDIR, on_registry, m);
	if (r < 0) {
		log_message(LOG_ERR, "cannot watch the registry of clones: %s", strerror(-r));
		return r;
	}
	r = manager_recover(m);
	if (r < 0)
		return r;

	r = manager_bus_add(m);
	if (r >= 0)
		r = clone_bus_add(m);
	if (r < 0)
		log_message(LOG_ERR, "cannot put objects on the bus: %s", strerror(-r));
	return r;
}

void manager_stop(struct manager *m)
{
	m->stopping = true;
	operations_refuse(m);
	manager_changed(m);
}
