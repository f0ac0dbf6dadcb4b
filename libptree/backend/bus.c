// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bus backend: asks ptreed. Every rule and limit is the daemon's; this file carries arguments there, and answers
 * and errors back. Reading what messages hold is bus-handle.c's.
 *
 * PTREE_BUS_ADDRESS in the environment names a bus, PTREE_BUS=session means the session bus; else it is the system's.
 */
#include <fcntl.h>
#include <string.h>

#include "../backend.h"
#include "bus-call.h"
#include "bus-handle.h"

#define CLONE		"org.ptree1.Clone"

static int bus_call(struct ptree *p, sd_bus_message *call, uint64_t timeout_usec, sd_bus_message **ret)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	r = sd_bus_call(p->backend, call, timeout_usec, &error, ret);
	return r < 0 ? bus_error_read(p, r, &error) : 0;
}

static int new_call(struct ptree *p, const char *path, const char *interface, const char *member, sd_bus_message **ret)
{
	int r;

	r = sd_bus_message_new_method_call(p->backend, ret, DESTINATION, path, interface, member);
	return r < 0 ? ptree_error_set(&p->error, r, 0, "bus: cannot make a message: %m") : 0;
}

static int bus_open(sd_bus **ret)
{
	const char *address = getenv("PTREE_BUS_ADDRESS"), *kind = getenv("PTREE_BUS");
	_cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
	int r;

	if (!address && kind && strcmp(kind, "session") == 0)
		return sd_bus_open_user(ret);
	if (!address)
		return sd_bus_open_system(ret);

	r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, 1);
	if (r >= 0)
		r = sd_bus_negotiate_fds(bus, 1);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r >= 0)
		*ret = TAKE_PTR(bus);
	return r;
}

int bus_connect(sd_bus **ret)
{
	int r;

	r = bus_open(ret);
	if (r >= 0)
		sd_bus_set_allow_interactive_authorization(*ret, 1);
	return r;
}

static int backend_open(struct ptree *p)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	_cleanup_message_ sd_bus_message *reply = NULL;
	int r;

	r = bus_connect(&bus);
	if (r < 0)
		return ptree_error_set(&p->error, -ENOTCONN, 0, "bus: cannot connect: %s; as root, --direct needs no bus",
				       strerror(-r));

	/* Starts ptreed where D-Bus activation is set up; a connection that nobody answers on is no way. */
	r = sd_bus_get_property(bus, DESTINATION, MANAGER_PATH, MANAGER, "Version", &error, &reply, "s");
	if (r < 0 && (sd_bus_error_has_name(&error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
		      sd_bus_error_has_name(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER)))
		return ptree_error_set(&p->error, -ENXIO, 0, "bus: ptreed does not run; systemctl start ptreed");
	if (r < 0)
		return bus_error_read(p, r, &error);

	p->backend = TAKE_PTR(bus);
	return 0;
}

static void backend_close(struct ptree *p)
{
	p->backend = sd_bus_flush_close_unref(p->backend);
}

/* A call about a process: Clone or Inspect. */
static int process_call(struct ptree *p, const char *member, int pidfd, pid_t pid, const struct ptree_clone_options *options,
			sd_bus_message **ret)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	int r;

	r = new_call(p, MANAGER_PATH, MANAGER, member, &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "h", pidfd);
	if (r >= 0)
		r = bus_options_append(call, options, false);
	if (r < 0)
		return ptree_error_set(&p->error, r, pid, "bus: cannot ask ptreed to %s pid %d: %m",
				       strcmp(member, "Clone") == 0 ? "clone" : "inspect", pid);
	return bus_call(p, call, FOREVER, ret);
}

/* options->progress is not called: the steps are taken elsewhere, and the report tells the time of each afterwards. */
static int backend_clone(struct ptree *p, int pidfd, pid_t pid, const struct ptree_clone_options *options,
			 struct ptree_clone **ret)
{
	_cleanup_message_ sd_bus_message *reply = NULL;
	int r;

	r = process_call(p, "Clone", pidfd, pid, options, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_skip(reply, "o");
	return r < 0 ? bus_answer_bad(p, r) : bus_handle_read(p, reply, ret);
}

static int backend_inspect(struct ptree *p, int pidfd, pid_t pid, const struct ptree_clone_options *options,
			   struct ptree_report **ret)
{
	_cleanup_message_ sd_bus_message *reply = NULL;
	_cleanup_report_ struct ptree_report *report = ptree_report_new();
	int r;

	if (!report)
		return ptree_error_oom(&p->error, "bus");
	r = process_call(p, "Inspect", pidfd, pid, options, &reply);
	if (r < 0)
		return r;
	r = bus_report_read(reply, report);
	if (r < 0)
		return bus_answer_bad(p, r);
	*ret = TAKE_PTR(report);
	return 0;
}

static int backend_list(struct ptree *p, struct ptree_clone ***ret)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	struct ptree_clone **clones = NULL;
	size_t n = 0;
	int r;

	r = new_call(p, MANAGER_PATH, MANAGER, "ListClones", &call);
	if (r >= 0)
		r = bus_call(p, call, 0, &reply);
	if (r < 0)
		return r;

	r = sd_bus_message_enter_container(reply, 'a', "(ssoa{sv})");
	while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "ssoa{sv}")) > 0) {
		struct ptree_clone **more = reallocarray(clones, n + 1, sizeof(*more));

		if (!more) {
			r = -ENOMEM;
			break;
		}
		clones = more;
		r = sd_bus_message_skip(reply, "sso");
		if (r >= 0)
			r = bus_handle_read(p, reply, &clones[n]);
		if (r < 0)
			break;
		n++;
		r = sd_bus_message_exit_container(reply);
	}
	if (r < 0) {
		ptree_clone_free_all(clones, n);
		return bus_answer_bad(p, r);
	}
	*ret = clones;
	return (int)n;
}

static int get_at(struct ptree *p, sd_bus_message *path_reply, struct ptree_clone **ret)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	const char *path;
	int r;

	r = sd_bus_message_read(path_reply, "o", &path);
	if (r < 0)
		return bus_answer_bad(p, r);
	r = new_call(p, path, "org.freedesktop.DBus.Properties", "GetAll", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "s", CLONE);
	if (r < 0)
		return bus_answer_bad(p, r);
	r = bus_call(p, call, 0, &reply);
	return r < 0 ? r : bus_handle_read(p, reply, ret);
}

static int backend_get_by_pid(struct ptree *p, pid_t pid, struct ptree_clone **ret)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	int r;

	r = new_call(p, MANAGER_PATH, MANAGER, "GetCloneByPID", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "u", (uint32_t)pid);
	if (r < 0)
		return bus_answer_bad(p, r);
	r = bus_call(p, call, 0, &reply);
	return r < 0 ? r : get_at(p, reply, ret);
}

static int backend_get(struct ptree *p, const char *id_name_or_pid, struct ptree_clone **ret)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	struct ptree_error first;
	pid_t pid;
	int r;

	r = new_call(p, MANAGER_PATH, MANAGER, "GetClone", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "s", id_name_or_pid);
	if (r < 0)
		return ptree_error_set(&p->error, -EINVAL, 0, "list: that is neither an id nor a name nor a pid");
	r = bus_call(p, call, 0, &reply);
	if (r >= 0)
		return get_at(p, reply, ret);
	if (r != -ENOENT || ptree_pid_parse(id_name_or_pid, &pid) < 0)
		return r;

	first = p->error;
	r = backend_get_by_pid(p, pid, ret);
	if (r == -ENOENT)
		p->error = first;
	return r;
}

/* Makes a call on the object of a clone. */
static int clone_call(struct ptree *p, const struct ptree_clone *c, const char *member, sd_bus_message **ret)
{
	char path[64];

	snprintf(path, sizeof(path), MANAGER_PATH "/clone/%s", c->id);
	return new_call(p, path, CLONE, member, ret);
}

static int clone_verb(struct ptree *p, const struct ptree_clone *c, const char *member)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	int r;

	r = clone_call(p, c, member, &call);
	return r < 0 ? r : bus_call(p, call, FOREVER, NULL);
}

static int backend_freeze(struct ptree *p, struct ptree_clone *c)
{
	int r;

	r = clone_verb(p, c, "Freeze");
	if (r >= 0)
		c->state = PTREE_STATE_FROZEN;
	return r;
}

static int backend_thaw(struct ptree *p, struct ptree_clone *c)
{
	int r;

	r = clone_verb(p, c, "Thaw");
	if (r >= 0)
		c->state = PTREE_STATE_RUNNING;
	return r;
}

static int backend_terminate(struct ptree *p, struct ptree_clone *c)
{
	int r;

	r = clone_verb(p, c, "Terminate");
	if (r >= 0)
		c->state = PTREE_STATE_DEAD;
	return r;
}

static int backend_kill(struct ptree *p, struct ptree_clone *c, enum ptree_whom whom, int signal)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	int r;

	r = clone_call(p, c, "Kill", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "si", whom == PTREE_WHOM_ALL ? "all" : "root", signal);
	return r < 0 ? bus_answer_bad(p, r) : bus_call(p, call, FOREVER, NULL);
}

/* It ended before we asked: the status is kept for a while. */
static int late_status(struct ptree *p, struct ptree_clone *c, int *ret_status)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	int r;

	ptree_error_clear(&p->error);
	r = new_call(p, MANAGER_PATH, MANAGER, "GetStatus", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "s", c->id);
	if (r < 0)
		return bus_answer_bad(p, r);
	r = bus_call(p, call, 0, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "i", ret_status);
	return r < 0 ? bus_answer_bad(p, r) : 0;
}

static int backend_wait(struct ptree *p, struct ptree_clone *c, uint64_t timeout_usec, int *ret_status)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	int r;

	r = clone_call(p, c, "Wait", &call);
	if (r < 0)
		return r;
	r = bus_call(p, call, timeout_usec ?: 1, &reply); /* 0 would mean sd-bus's own default */
	if (r == -ENOENT)
		r = late_status(p, c, ret_status);
	else if (r >= 0) {
		r = sd_bus_message_read(reply, "i", ret_status);
		if (r < 0)
			return bus_answer_bad(p, r);
	}
	if (r < 0)
		return r;
	c->state = PTREE_STATE_DEAD;
	return 0;
}

static int backend_attach(struct ptree *p, struct ptree_clone *c)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	int fd, r;

	r = clone_call(p, c, "Attach", &call);
	if (r < 0)
		return r;
	r = bus_call(p, call, FOREVER, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "h", &fd);
	if (r < 0)
		return bus_answer_bad(p, r);
	/* That one is the message's. */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? ptree_error_set(&p->error, -errno, 0, "bus: cannot keep the terminal: %m") : fd;
}

static int backend_check(struct ptree *p, struct ptree_check_list *list)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	int r;

	r = new_call(p, MANAGER_PATH, MANAGER, "Check", &call);
	if (r >= 0)
		r = bus_call(p, call, 0, &reply);
	if (r >= 0)
		r = ptree_check_add(list, "ptreed", 0, true, "answers on the bus");
	return r < 0 ? r : bus_check_read(p, reply, list);
}

const struct ptree_backend_ops ptree_backend_bus = {
	.name = "bus",
	.open = backend_open,
	.close = backend_close,
	.clone = backend_clone,
	.fork = bus_fork,
	.inspect = backend_inspect,
	.list = backend_list,
	.get = backend_get,
	.get_by_pid = backend_get_by_pid,
	.freeze = backend_freeze,
	.thaw = backend_thaw,
	.kill = backend_kill,
	.terminate = backend_terminate,
	.wait = backend_wait,
	.attach = backend_attach,
	.check = backend_check,
};
