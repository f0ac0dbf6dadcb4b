// SPDX-License-Identifier: GPL-2.0-or-later
/* org.ptree1.Clone: what a clone is, and what can be done to it. Documented in org.ptree1.xml. */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "clone.h"
#include "errors.h"
#include "operation.h"
#include "report-bus.h"

#define INTERFACE "org.ptree1.Clone"

void clone_bus_path(const char *id, char *ret, size_t size)
{
	snprintf(ret, size, PTREED_CLONE_PATH "/%s", id);
}

static int append_pids(sd_bus_message *m, const struct ptree_clone *c)
{
	int r;

	r = sd_bus_message_open_container(m, 'a', "(uuu)");
	for (size_t i = 0; r >= 0 && i < c->nr_pairs; i++)
		r = sd_bus_message_append(m, "(uuu)", (uint32_t)c->pairs[i].source, (uint32_t)c->pairs[i].twin,
					  c->pairs[i].nr_threads);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_steps(sd_bus_message *m, const struct ptree_clone *c)
{
	int r;

	r = sd_bus_message_open_container(m, 'a', "{st}");
	for (int i = 0; r >= 0 && i < _PTREE_STEP_MAX; i++)
		r = sd_bus_message_append(m, "{st}", ptree_step_name(i), c->step_usec[i]);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* One list of properties, for the object's getters and for the report of Manager.Clone() and ListClones(). */
#define PROPERTIES(X)                                                                                                   \
	X("Id",           "s",      sd_bus_message_append(m, "s", c->id))                                               \
	X("Name",         "s",      sd_bus_message_append(m, "s", c->name))                                             \
	X("State",        "s",      sd_bus_message_append(m, "s", ptree_state_name(c->state)))                          \
	X("SourcePID",    "u",      sd_bus_message_append(m, "u", (uint32_t)c->source_pid))                             \
	X("RootPID",      "u",      sd_bus_message_append(m, "u", (uint32_t)c->root_pid))                               \
	X("InitPID",      "u",      sd_bus_message_append(m, "u", (uint32_t)c->init_pid))                               \
	X("UID",          "u",      sd_bus_message_append(m, "u", (uint32_t)c->uid))                                    \
	X("ControlGroup", "s",      sd_bus_message_append(m, "s", c->cgroup))                                           \
	X("Pids",         "a(uuu)", append_pids(m, c))                                                                  \
	X("NProcesses",   "u",      sd_bus_message_append(m, "u", c->nr_processes))                                     \
	X("NThreads",     "u",      sd_bus_message_append(m, "u", c->nr_threads))                                       \
	X("CreatedUSec",  "t",      sd_bus_message_append(m, "t", c->created_usec))                                     \
	X("PauseUSec",    "t",      sd_bus_message_append(m, "t", c->pause_usec))                                       \
	X("TotalUSec",    "t",      sd_bus_message_append(m, "t", c->total_usec))                                       \
	X("StepsUSec",    "a{st}",  append_steps(m, c))                                                                 \
	X("Objects",      "aa{sv}", report_bus_append(m, c->report))

static int property_append(sd_bus_message *m, const char *name, const struct ptree_clone *c)
{
#define APPEND(name_, type, expression)                                                                                 \
	if (strcmp(name, name_) == 0)                                                                                   \
		return expression;
	PROPERTIES(APPEND)
#undef APPEND
	return -ENOENT;
}

int clone_bus_append_properties(sd_bus_message *m, const struct ptree_clone *c)
{
	static const struct {
		const char *name, *type;
	} properties[] = {
#define ROW(name, type, expression) { name, type },
		PROPERTIES(ROW)
#undef ROW
	};
	int r;

	r = sd_bus_message_open_container(m, 'a', "{sv}");
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(properties); i++) {
		r = sd_bus_message_open_container(m, 'e', "sv");
		if (r >= 0)
			r = sd_bus_message_append(m, "s", properties[i].name);
		if (r >= 0)
			r = sd_bus_message_open_container(m, 'v', properties[i].type);
		if (r >= 0)
			r = property_append(m, properties[i].name, c);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int on_get(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
		  void *userdata, sd_bus_error *error)
{
	struct clone *c = userdata;

	(void)bus, (void)path, (void)interface, (void)error;
	if (strcmp(property, "State") == 0)
		clone_refresh(c);
	return property_append(reply, property, c->info);
}

void clone_bus_changed(const struct clone *c)
{
	sd_bus_emit_properties_changed(c->manager->bus, c->path, INTERFACE, "State", NULL);
}

static int submit(sd_bus_message *message, struct clone *c, enum operation_kind kind, enum ptree_whom whom, int signal,
		  sd_bus_error *error)
{
	_cleanup_caller_ struct caller caller = CALLER_INIT;
	_cleanup_operation_ struct operation *o = NULL;
	struct manager *m = c->manager;
	bool own;
	int r;

	r = caller_read(message, &caller, error);
	if (r < 0)
		return r;
	r = limits_check_operation(m, caller.uid, error);
	if (r < 0)
		return r;

	own = caller.uid == c->info->uid;
	r = operation_new(m, kind, message, &caller, &o);
	if (r < 0)
		return r;
	o->pid = c->info->init_pid;
	o->whom = whom;
	o->signal = signal;
	o->clone_id = strdup(c->info->id);
	if (!o->clone_id)
		return -ENOMEM;
	return operation_submit(TAKE_PTR(o), own, error);
}

static int method_freeze(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return submit(message, userdata, OPERATION_FREEZE, 0, 0, error);
}

static int method_thaw(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return submit(message, userdata, OPERATION_THAW, 0, 0, error);
}

static int method_terminate(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return submit(message, userdata, OPERATION_TERMINATE, 0, 0, error);
}

static int method_attach(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return submit(message, userdata, OPERATION_ATTACH, 0, 0, error);
}

static int method_kill(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	enum ptree_whom whom;
	const char *s;
	int r, signal;

	r = sd_bus_message_read(message, "si", &s, &signal);
	if (r < 0)
		return r;
	if (strcmp(s, "root") == 0)
		whom = PTREE_WHOM_ROOT;
	else if (strcmp(s, "all") == 0)
		whom = PTREE_WHOM_ALL;
	else
		return errors_set(error, -EINVAL, "kill: whom is '%.16s'; it must be root or all", s);
	if (signal < 1 || signal > SIGRTMAX)
		return errors_set(error, -EINVAL, "kill: %d is no signal; they are 1 to %d", signal, SIGRTMAX);

	return submit(message, userdata, OPERATION_KILL, whom, signal, error);
}

static int method_wait(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	_cleanup_caller_ struct caller caller = CALLER_INIT;
	struct clone *c = userdata;
	int r;

	r = caller_read(message, &caller, error);
	if (r < 0)
		return r;
	r = limits_check_wait(c->manager, caller.uid, error);
	if (r < 0)
		return r;
	r = clone_add_waiter(c, message, caller.uid);
	return r < 0 ? r : 1;
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
#define ROW(name, type, expression)                                                                                     \
	SD_BUS_PROPERTY(name, type, on_get, 0,                                                                          \
			name[0] == 'S' && name[1] == 't' && name[2] == 'a' ? SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE        \
									   : SD_BUS_VTABLE_PROPERTY_CONST),
	PROPERTIES(ROW)
#undef ROW
	SD_BUS_METHOD("Freeze", "", "", method_freeze, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Thaw", "", "", method_thaw, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Kill", SD_BUS_ARGS("s", whom, "i", signal), SD_BUS_NO_RESULT, method_kill,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Terminate", "", "", method_terminate, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Attach", SD_BUS_NO_ARGS, SD_BUS_RESULT("h", terminal), method_attach,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Wait", SD_BUS_NO_ARGS, SD_BUS_RESULT("i", status), method_wait,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static int on_find(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret, sd_bus_error *error)
{
	struct manager *m = userdata;
	struct clone *c;

	(void)bus, (void)interface, (void)error;
	if (strlen(path) <= strlen(PTREED_CLONE_PATH "/"))
		return 0;
	c = manager_find_clone(m, path + strlen(PTREED_CLONE_PATH "/"));
	if (!c)
		return 0;
	*ret = c;
	return 1;
}

static int on_enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***ret, sd_bus_error *error)
{
	struct manager *m = userdata;
	struct clone *c;
	char **paths;
	size_t n = 0;

	(void)bus, (void)prefix, (void)error;
	paths = calloc(m->nr_clones + 1, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	TAILQ_FOREACH(c, &m->clones, entry) {
		paths[n] = strdup(c->path);
		if (!paths[n++]) {
			while (n > 0)
				free(paths[--n]);
			free(paths);
			return -ENOMEM;
		}
	}
	*ret = paths;
	return 0;
}

int clone_bus_add(struct manager *m)
{
	int r;

	r = sd_bus_add_fallback_vtable(m->bus, NULL, PTREED_CLONE_PATH, INTERFACE, vtable, on_find, m);
	if (r >= 0)
		r = sd_bus_add_node_enumerator(m->bus, NULL, PTREED_CLONE_PATH, on_enumerate, m);
	return r;
}
