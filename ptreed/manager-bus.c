// SPDX-License-Identifier: GPL-2.0-or-later
/* org.ptree1.Manager: makes clones and finds them. Documented in org.ptree1.xml. */
#include <fcntl.h>
#include <string.h>
#include <sys/pidfd.h>

#include "../libptree/proc.h"
#include "clone.h"
#include "config.h"
#include "errors.h"
#include "operation.h"

#define INTERFACE "org.ptree1.Manager"

static int property_version(sd_bus *bus, const char *path, const char *interface, const char *property,
			    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	(void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)error;
	return sd_bus_message_append(reply, "s", PTREE_VERSION);
}

static int property_nr_clones(sd_bus *bus, const char *path, const char *interface, const char *property,
			      sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct manager *m = userdata;

	(void)bus, (void)path, (void)interface, (void)property, (void)error;
	return sd_bus_message_append(reply, "u", m->nr_clones);
}

/* What the caller does not say, the host's configuration says. */
static void options_complete(const struct manager *m, struct clone_options *o)
{
	struct ptree_policies policies = m->config.policies;

	ptree_policies_merge(&policies, &o->policies);
	o->policies = policies;
	if (!o->max_pause_usec)
		o->max_pause_usec = m->config.max_pause_usec ?: PTREE_MAX_PAUSE_DEFAULT_USEC;
	if (o->max_pause_usec > m->limits.max_pause_usec)
		o->max_pause_usec = m->limits.max_pause_usec;
}

/* The operation is filled here, clone or inspect; the pidfd in it is its own. */
static int submit(struct manager *m, enum operation_kind kind, sd_bus_message *message, struct caller *caller, int pidfd,
		  pid_t pid, sd_bus_error *error)
{
	_cleanup_operation_ struct operation *o = NULL;
	_cleanup_close_ int own_pidfd = pidfd;
	struct rights rights;
	bool own;
	int r;

	if (m->stopping)
		return errors_set(error, -ECANCELED, "wait: ptreed is stopping; pid %d was not touched, try again", pid);
	if (m->config_error.code < 0)
		return errors_set_ptree(error, &m->config_error);
	r = limits_check_operation(m, caller->uid, error);
	if (r >= 0 && kind == OPERATION_CLONE)
		r = limits_check_clone(m, caller->uid, error);
	if (r < 0)
		return r;

	r = operation_new(m, kind, message, caller, &o);
	if (r < 0)
		return r;
	o->pid = pid;
	o->pidfd = TAKE_FD(own_pidfd);
	r = options_read(message, &m->limits, &o->options, error);
	if (r < 0)
		return r;
	if (o->options.cgroup && o->caller.uid != 0)
		return errors_set(error, -EPERM, "authorize: option cgroup is for root only, not for uid %u",
				  o->caller.uid);
	if (o->options.fork && pid != o->caller.pid)
		return errors_set(error, -EINVAL,
				  "authorize: option fork is for who clones itself, and pid %d asks for a clone of pid %d",
				  o->caller.pid, pid);
	options_complete(m, &o->options);

	r = rights_read(pid, 0, &rights);
	if (r < 0)
		return errors_set(error, r, "walk: pid %d does not exist", pid);
	own = !rights.mixed && rights.uid == o->caller.uid;
	return operation_submit(TAKE_PTR(o), own, error);
}

static int submit_pidfd(struct manager *m, enum operation_kind kind, sd_bus_message *message, sd_bus_error *error)
{
	_cleanup_caller_ struct caller caller = CALLER_INIT;
	int r, fd, pidfd;
	pid_t pid;

	r = sd_bus_message_read(message, "h", &fd);
	if (r < 0)
		return r;
	r = caller_read(message, &caller, error);
	if (r < 0)
		return r;

	pid = ptree_proc_pidfd_pid(fd);
	if (pid == -ESRCH)
		return errors_set(error, -ESRCH, "walk: the process is gone");
	if (pid <= 0)
		return errors_set(error, -EINVAL, "walk: that file descriptor is no pidfd of a process seen from here");
	pidfd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (pidfd < 0)
		return -errno;
	return submit(m, kind, message, &caller, pidfd, pid, error);
}

static int submit_pid(struct manager *m, enum operation_kind kind, sd_bus_message *message, sd_bus_error *error)
{
	_cleanup_caller_ struct caller caller = CALLER_INIT;
	int r, pidfd;
	uint32_t pid;

	r = sd_bus_message_read(message, "u", &pid);
	if (r < 0)
		return r;
	if (pid == 0 || pid > INT32_MAX)
		return errors_set(error, -EINVAL, "walk: %u is no pid", pid);
	r = caller_read(message, &caller, error);
	if (r < 0)
		return r;

	pidfd = pidfd_open((pid_t)pid, 0);
	if (pidfd < 0 && errno == EINVAL)
		return errors_set(error, -EINVAL, "walk: pid %u is a thread; give the pid of its process", pid);
	if (pidfd < 0)
		return errors_set(error, -errno, "walk: pid %u does not exist", pid);
	return submit(m, kind, message, &caller, pidfd, (pid_t)pid, error);
}

static int method_clone(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return submit_pidfd(userdata, OPERATION_CLONE, message, error);
}

static int method_clone_pid(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return submit_pid(userdata, OPERATION_CLONE, message, error);
}

static int method_inspect(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return submit_pidfd(userdata, OPERATION_INSPECT, message, error);
}

static int method_inspect_pid(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return submit_pid(userdata, OPERATION_INSPECT, message, error);
}

static int method_list(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct manager *m = userdata;
	struct clone *c;
	int r;

	(void)error;
	r = sd_bus_message_new_method_return(message, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(ssoa{sv})");
	TAILQ_FOREACH(c, &m->clones, entry) {
		if (r < 0)
			break;
		clone_refresh(c);
		r = sd_bus_message_open_container(reply, 'r', "ssoa{sv}");
		if (r >= 0)
			r = sd_bus_message_append(reply, "sso", c->info->id, c->info->name, c->path);
		if (r >= 0)
			r = clone_bus_append_properties(reply, c->info);
		if (r >= 0)
			r = sd_bus_message_close_container(reply);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_get(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;
	const char *key;
	struct clone *c;
	int r;

	r = sd_bus_message_read(message, "s", &key);
	if (r < 0)
		return r;
	/* Names that look like numbers do not exist, so the two cannot be confused. */
	TAILQ_FOREACH(c, &m->clones, entry)
		if (strcmp(c->info->id, key) == 0 || strcmp(c->info->name, key) == 0)
			return sd_bus_reply_method_return(message, "o", c->path);
	return errors_set(error, -ENOENT, "list: there is no clone '%.64s'", key);
}

static int method_get_by_pid(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;
	struct clone *c;
	uint32_t pid;
	int r;

	r = sd_bus_message_read(message, "u", &pid);
	if (r < 0)
		return r;
	if (pid == 0 || pid > INT32_MAX)
		return errors_set(error, -EINVAL, "list: %u is no pid", pid);
	c = manager_find_clone_of_pid(m, (pid_t)pid);
	if (!c)
		return errors_set(error, -ENOENT, "list: pid %u belongs to no clone", pid);
	return sd_bus_reply_method_return(message, "o", c->path);
}

static int method_get_status(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;
	const char *id;
	int r;

	r = sd_bus_message_read(message, "s", &id);
	if (r < 0)
		return r;
	if (!*id || strlen(id) > 20 || id[strspn(id, "0123456789")])
		return errors_set(error, -EINVAL, "wait: '%.64s' is no id of a clone", id);
	if (manager_find_clone(m, id))
		return errors_set(error, -EBUSY, "wait: clone %s lives; Wait() waits for its end", id);
	return sd_bus_reply_method_return(message, "i", ptree_registry_status_read(&m->registry, id));
}

static int method_check(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct ptree_check_item *items = NULL;
	struct ptree *p = NULL;
	int n, r;

	(void)userdata;
	(void)ptree_open(&p, PTREE_BACKEND_DIRECT); /* that it fails is what the check will tell */
	n = p ? ptree_check(p, &items) : -ENOMEM;
	if (n < 0) {
		errors_set(error, n, "check: %s", p ? ptree_error_message(p) : strerror(-n));
		ptree_close(p);
		return n;
	}

	r = sd_bus_message_new_method_return(message, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(sibs)");
	for (int i = 0; r >= 0 && i < n; i++)
		r = sd_bus_message_append(reply, "(sibs)", items[i].name, items[i].result, (int)items[i].required,
					  items[i].detail ?: "");
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	ptree_check_free(items, (size_t)n);
	ptree_close(p);
	return r;
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Version", "s", property_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("NClones", "u", property_nr_clones, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_METHOD_WITH_ARGS("Clone", SD_BUS_ARGS("h", pidfd, "a{sv}", options),
				SD_BUS_RESULT("o", clone, "a{sv}", report), method_clone, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("ClonePID", SD_BUS_ARGS("u", pid, "a{sv}", options),
				SD_BUS_RESULT("o", clone, "a{sv}", report), method_clone_pid, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Inspect", SD_BUS_ARGS("h", pidfd, "a{sv}", options), SD_BUS_RESULT("aa{sv}", objects),
				method_inspect, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("InspectPID", SD_BUS_ARGS("u", pid, "a{sv}", options), SD_BUS_RESULT("aa{sv}", objects),
				method_inspect_pid, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("ListClones", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssoa{sv})", clones), method_list,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetClone", SD_BUS_ARGS("s", id_or_name), SD_BUS_RESULT("o", clone), method_get,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetCloneByPID", SD_BUS_ARGS("u", pid), SD_BUS_RESULT("o", clone), method_get_by_pid,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetStatus", SD_BUS_ARGS("s", id), SD_BUS_RESULT("i", status), method_get_status,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Check", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sibs)", items), method_check,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL_WITH_ARGS("CloneNew", SD_BUS_ARGS("s", id, "o", clone), 0),
	SD_BUS_SIGNAL_WITH_ARGS("CloneRemoved", SD_BUS_ARGS("s", id, "o", clone), 0),
	SD_BUS_VTABLE_END,
};

int manager_bus_add(struct manager *m)
{
	return sd_bus_add_object_vtable(m->bus, NULL, PTREED_MANAGER_PATH, INTERFACE, vtable, m);
}

static void emit(struct manager *m, const char *signal, const struct clone *c)
{
	sd_bus_emit_signal(m->bus, PTREED_MANAGER_PATH, INTERFACE, signal, "so", c->info->id, c->path);
	sd_bus_emit_properties_changed(m->bus, PTREED_MANAGER_PATH, INTERFACE, "NClones", NULL);
}

void manager_bus_clone_new(struct manager *m, const struct clone *c)
{
	emit(m, "CloneNew", c);
}

void manager_bus_clone_removed(struct manager *m, const struct clone *c)
{
	emit(m, "CloneRemoved", c);
}
