// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads clones, errors and checks as ptreed writes them (ptreed/clone-bus.c, ptreed/errors.c). */
#include <ctype.h>
#include <pthread.h>
#include <string.h>

#include "bus-errors.h"
#include "bus-handle.h"

static const struct {
	int error;
	const char *name;
} names[] = {
#define ROW(error, name) { error, PTREE_BUS_ERROR_PREFIX name },
	PTREE_BUS_ERRORS(ROW)
#undef ROW
	/* From the bus and from sd-bus itself. */
	{ EPERM,      SD_BUS_ERROR_ACCESS_DENIED },
	{ EPERM,      SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED },
	{ ENOENT,     SD_BUS_ERROR_UNKNOWN_OBJECT },
	{ EINVAL,     SD_BUS_ERROR_INVALID_ARGS },
	{ ENOTCONN,   SD_BUS_ERROR_SERVICE_UNKNOWN },
	{ ENOTCONN,   SD_BUS_ERROR_NAME_HAS_NO_OWNER },
	{ ENOMEM,     SD_BUS_ERROR_NO_MEMORY },
	{ EAGAIN,     SD_BUS_ERROR_LIMITS_EXCEEDED },
};

/* An error on the bus is code and sentence only; the process it is about stands in the sentence. */
static pid_t pid_in(const char *sentence)
{
	const char *at = strstr(sentence, "pid ");
	unsigned long n;

	if (!at || (at > sentence && isalnum((unsigned char)at[-1])))
		return 0;
	n = strtoul(at + 4, NULL, 10);
	return n <= INT32_MAX ? (pid_t)n : 0;
}

int bus_error_read(struct ptree *p, int r, const sd_bus_error *error)
{
	const char *message = error->message && *error->message ? error->message : NULL;

	if (!sd_bus_error_is_set(error))
		return ptree_error_set(&p->error, r, 0, "bus: %m");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i].name, error->name) == 0)
			return ptree_error_set(&p->error, -names[i].error, pid_in(message ?: ""), "%s",
					       message ?: error->name);
	if (sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY))
		return ptree_error_set(&p->error, -ECONNRESET, 0,
				       "bus: ptreed went away; what it had under way is undone, try again");
	return ptree_error_set(&p->error, r, 0, "bus: %s", message ?: error->name);
}

int bus_answer_bad(struct ptree *p, int r)
{
	if (p->error.code < 0)
		return p->error.code;
	if (r == -ENOMEM)
		return ptree_error_oom(&p->error, "bus");
	return ptree_error_set(&p->error, -EPROTO, 0, "bus: ptreed's answer is not understood: %s", strerror(-r));
}

static int read_string(sd_bus_message *m, char **field)
{
	const char *s;
	int r;

	r = sd_bus_message_read(m, "v", "s", &s);
	if (r < 0)
		return r;
	free(*field);
	*field = strdup(s);
	return *field ? 0 : -ENOMEM;
}

static int read_state(sd_bus_message *m, enum ptree_state *field)
{
	const char *s;
	int r;

	r = sd_bus_message_read(m, "v", "s", &s);
	for (int i = PTREE_STATE_RUNNING; r >= 0 && i <= PTREE_STATE_DEAD; i++)
		if (strcmp(ptree_state_name(i), s) == 0)
			*field = i;
	return r;
}

static int read_pids(sd_bus_message *m, struct ptree_clone *c)
{
	uint32_t source, twin, threads;
	int r;

	r = sd_bus_message_enter_container(m, 'v', "a(uuu)");
	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "(uuu)");
	while (r >= 0 && (r = sd_bus_message_read(m, "(uuu)", &source, &twin, &threads)) > 0) {
		/* Grown by doubling: a clone may have thousands of processes. */
		if ((c->nr_pairs & (c->nr_pairs - 1)) == 0) {
			size_t room = c->nr_pairs ? 2 * c->nr_pairs : 1;
			struct ptree_pair *pairs = reallocarray(c->pairs, room, sizeof(*pairs));

			if (!pairs)
				return -ENOMEM;
			c->pairs = pairs;
		}
		c->pairs[c->nr_pairs++] = (struct ptree_pair){ (pid_t)source, (pid_t)twin, threads };
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_steps(sd_bus_message *m, struct ptree_clone *c)
{
	const char *name;
	uint64_t usec;
	int r;

	r = sd_bus_message_enter_container(m, 'v', "a{st}");
	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "{st}");
	while (r >= 0 && (r = sd_bus_message_read(m, "{st}", &name, &usec)) > 0)
		for (int i = 0; i < _PTREE_STEP_MAX; i++)
			if (strcmp(ptree_step_name(i), name) == 0)
				c->step_usec[i] = usec;
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* One object. What it does not know of it is from a newer ptreed, and skipped. */
struct object {
	const char *policy, *kind, *description, *note, *option;
};

static int users_read(sd_bus_message *m, struct ptree_user **ret, size_t *ret_nr)
{
	uint32_t pid;
	int r, fd;

	r = sd_bus_message_enter_container(m, 'v', "a(ui)");
	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "(ui)");
	while (r >= 0 && (r = sd_bus_message_read(m, "(ui)", &pid, &fd)) > 0) {
		struct ptree_user *grown = reallocarray(*ret, *ret_nr + 1, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		*ret = grown;
		grown[(*ret_nr)++] = (struct ptree_user){ (pid_t)pid, fd };
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int object_read(sd_bus_message *m, struct ptree_report *report)
{
	_cleanup_free_ struct ptree_user *users = NULL;
	struct object o = { "", "", "", "", "" };
	enum ptree_policy policy;
	size_t nr_users = 0;
	const char *key;
	int r = 0;

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		const struct {
			const char *key, **value;
		} fields[] = {
			{ "Policy", &o.policy },
			{ "Kind", &o.kind },
			{ "Description", &o.description },
			{ "Note", &o.note },
			{ "Option", &o.option },
		};
		const char **value = NULL;

		r = sd_bus_message_read(m, "s", &key);
		for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(fields); i++)
			if (strcmp(fields[i].key, key) == 0)
				value = fields[i].value;
		if (r >= 0 && value)
			r = sd_bus_message_read(m, "v", "s", value);
		else if (r >= 0 && strcmp(key, "Users") == 0)
			r = users_read(m, &users, &nr_users);
		else if (r >= 0)
			r = sd_bus_message_skip(m, "v");
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	policy = ptree_policy_find(o.policy);
	if (r >= 0 && !policy)
		r = -EBADMSG;
	if (r >= 0)
		r = ptree_report_add(report, policy, o.kind, o.description, o.note, o.option);
	for (size_t i = 0; r >= 0 && i < nr_users; i++)
		r = ptree_report_add_user(report, users[i].pid, users[i].fd);
	return r;
}

int bus_report_read(sd_bus_message *m, struct ptree_report *report)
{
	int r;

	r = sd_bus_message_enter_container(m, 'a', "a{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'a', "{sv}")) > 0) {
		r = object_read(m, report);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_objects(sd_bus_message *m, struct ptree_report *report)
{
	int r;

	r = sd_bus_message_enter_container(m, 'v', "aa{sv}");
	if (r >= 0)
		r = bus_report_read(m, report);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int property_read(sd_bus_message *m, const char *name, struct ptree_clone *c)
{
	struct {
		const char *name;
		char type;
		void *field;
	} const fields[] = {
		{ "Id",           's', &c->id },
		{ "Name",         's', &c->name },
		{ "ControlGroup", 's', &c->cgroup },
		{ "SourcePID",    'u', &c->source_pid },
		{ "RootPID",      'u', &c->root_pid },
		{ "InitPID",      'u', &c->init_pid },
		{ "UID",          'u', &c->uid },
		{ "NProcesses",   'u', &c->nr_processes },
		{ "NThreads",     'u', &c->nr_threads },
		{ "CreatedUSec",  't', &c->created_usec },
		{ "PauseUSec",    't', &c->pause_usec },
		{ "TotalUSec",    't', &c->total_usec },
	};

	if (strcmp(name, "State") == 0)
		return read_state(m, &c->state);
	if (strcmp(name, "Pids") == 0)
		return read_pids(m, c);
	if (strcmp(name, "StepsUSec") == 0)
		return read_steps(m, c);
	if (strcmp(name, "Objects") == 0)
		return read_objects(m, c->report);

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char type[] = { fields[i].type, 0 };

		if (strcmp(fields[i].name, name) == 0)
			return fields[i].type == 's' ? read_string(m, fields[i].field)
						     : sd_bus_message_read(m, "v", type, fields[i].field);
	}
	return sd_bus_message_skip(m, "v");
}

int bus_handle_read(struct ptree *p, sd_bus_message *m, struct ptree_clone **ret)
{
	_cleanup_clone_ struct ptree_clone *c = NULL;
	const char *name;
	int r;

	c = ptree_clone_new();
	if (!c)
		return ptree_error_oom(&p->error, "bus");

	r = sd_bus_message_enter_container(m, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read(m, "s", &name);
		if (r >= 0)
			r = property_read(m, name, c);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r >= 0 && (!c->id || !c->name || !c->cgroup))
		r = -EBADMSG;
	if (r < 0)
		return bus_answer_bad(p, r);

	*ret = TAKE_PTR(c);
	return 0;
}

/* Names of check items are static by contract; ours come by message. There are a dozen of them. */
static const char *intern(const char *name)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static char *names[64];
	const char *found = "?";

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!names[i])
			names[i] = strdup(name);
		if (!names[i])
			break;
		if (strcmp(names[i], name) == 0) {
			found = names[i];
			break;
		}
	}
	pthread_mutex_unlock(&lock);
	return found;
}

static bool is_listed(const struct ptree_check_list *list, const char *name)
{
	for (size_t i = 0; i < list->nr; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return true;
	return false;
}

int bus_check_read(struct ptree *p, sd_bus_message *m, struct ptree_check_list *list)
{
	const char *name, *detail;
	int r, result, required;

	r = sd_bus_message_enter_container(m, 'a', "(sibs)");
	while (r >= 0 && (r = sd_bus_message_read(m, "(sibs)", &name, &result, &required, &detail)) > 0)
		if (!is_listed(list, name))
			r = ptree_check_add(list, intern(name), result, required, "%s", detail);
	return r < 0 ? bus_answer_bad(p, r) : 0;
}
