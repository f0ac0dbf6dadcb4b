// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Authorization. Actions (org.ptree1.policy): org.ptree1.clone for one's own processes, org.ptree1.clone-others and
 * org.ptree1.manage for what belongs to somebody else. One's own clones need no action. To inspect is as good as to clone.
 */
#include <string.h>

#include "errors.h"
#include "operation.h"
#include "polkit.h"

#define ANSWER_USEC (5 * 60 * USEC_PER_SEC)	/* somebody may have to find a password */
#define ALLOW_INTERACTION 1u

static const char *action_of(const struct operation *o, bool own)
{
	if (operation_has_source(o))
		return own ? "org.ptree1.clone" : "org.ptree1.clone-others";
	return "org.ptree1.manage";
}

static int refuse(const struct operation *o, const char *action, const char *hint, sd_bus_error *error)
{
	if (operation_has_source(o))
		return errors_set(error, -EPERM, "authorize: uid %u may not %s pid %d (%s); %s", o->caller.uid,
				  operation_kind_name(o->kind), o->pid, action, hint);
	return errors_set(error, -EPERM, "authorize: uid %u may not %s clone %s (%s); %s", o->caller.uid,
			  operation_kind_name(o->kind), o->clone_id, action, hint);
}

/* The rule where polkit is not there. */
static int by_uid(struct operation *o, bool own, sd_bus_error *error)
{
	return own ? 1 : refuse(o, action_of(o, own), "it belongs to somebody else, ask root", error);
}

static bool is_absent(const sd_bus_error *e)
{
	return sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	       sd_bus_error_has_name(e, SD_BUS_ERROR_NAME_HAS_NO_OWNER) ||
	       strncmp(e->name, "org.freedesktop.DBus.Error.Spawn.", 33) == 0 ||
	       strncmp(e->name, "org.freedesktop.systemd1.", 25) == 0;
}

static int answer_read(struct operation *o, bool own, sd_bus_message *reply, sd_bus_error *error)
{
	const sd_bus_error *e = sd_bus_message_get_error(reply);
	int r, authorized, challenge;

	if (e && is_absent(e))
		return by_uid(o, own, error);
	if (e)
		return refuse(o, action_of(o, own), e->message ?: e->name, error);

	r = sd_bus_message_enter_container(reply, 'r', "bba{ss}");
	if (r >= 0)
		r = sd_bus_message_read(reply, "bb", &authorized, &challenge);
	if (r < 0)
		return refuse(o, action_of(o, own), "polkit's answer is not understood", error);
	if (!authorized)
		return refuse(o, action_of(o, own),
			      challenge ? "it needs authentication: use a session with a polkit agent, or root"
					: "polkit says no",
			      error);

	o->elevated = !own;
	return 1;
}

/* Which question was asked is in the operation's flag until the answer decides it. */
static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	struct operation *o = userdata;
	bool own = !o->elevated;
	int r;

	(void)ret_error;
	o->elevated = false;
	r = answer_read(o, own, reply, &error);
	o->polkit_slot = sd_bus_slot_unref(o->polkit_slot);
	operation_authorized(o, r, &error);
	return 1;
}

static int ask(struct operation *o, const char *action)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	sd_bus *bus = sd_bus_message_get_bus(o->message);
	bool interactive = sd_bus_message_get_allow_interactive_authorization(o->message) > 0;
	char pid[16];
	int r;

	snprintf(pid, sizeof(pid), "%d", o->pid);
	r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
					   "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");
	if (r >= 0)
		r = sd_bus_message_append(call, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
					  sd_bus_message_get_sender(o->message), action, 1, "pid", pid,
					  interactive ? ALLOW_INTERACTION : 0u, "");
	if (r >= 0)
		r = sd_bus_call_async(bus, &o->polkit_slot, call, on_answer, o, ANSWER_USEC);
	return r;
}

int polkit_authorize(struct operation *o, bool own, sd_bus_error *error)
{
	int r;

	if (o->caller.uid == 0 || (own && !operation_has_source(o)))
		return 1;
	if (!o->manager->polkit || !sd_bus_message_get_sender(o->message))
		return by_uid(o, own, error);

	o->elevated = !own;
	r = ask(o, action_of(o, own));
	if (r < 0)
		return errors_set(error, -EPERM, "authorize: cannot ask polkit: %s", strerror(-r));
	return 0;
}
