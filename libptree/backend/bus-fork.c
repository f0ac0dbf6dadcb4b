// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ptree_fork() by way of ptreed: one call on a connection of its own, which the caller waits on while it is frozen and
 * cloned. In the source the answer comes; in the clone the connection is cut off, and the wait ends too.
 */
#include <string.h>

#include "../proc.h"
#include "bus-call.h"
#include "bus-handle.h"

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	sd_bus_message **reply = userdata;

	(void)error;
	*reply = sd_bus_message_ref(m);
	return 1;
}

/* sd_bus_call() of systemd 252 ends when a signal comes; the wait for a clone does not. */
static int call_patiently(sd_bus *bus, sd_bus_message *call, sd_bus_message **reply)
{
	int r;

	r = sd_bus_call_async(bus, NULL, call, on_reply, reply, FOREVER);
	while (r >= 0 && !*reply) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
		if (r == -EINTR)
			r = 0;
	}
	return r;
}

/* The pidfd goes with the message, and is not among the caller's files when these are cloned. */
static int call_new(sd_bus *bus, const struct ptree_clone_options *options, sd_bus_message **ret)
{
	_cleanup_close_ int pidfd = ptree_proc_pidfd_open(getpid(), 0);
	int r = pidfd;

	if (r >= 0)
		r = sd_bus_message_new_method_call(bus, ret, DESTINATION, MANAGER_PATH, MANAGER, "Clone");
	if (r >= 0)
		r = sd_bus_message_append(*ret, "h", pidfd);
	if (r >= 0)
		r = bus_options_append(*ret, options, true);
	return r;
}

static int answer_read(struct ptree *p, sd_bus_message *reply, uint64_t *ret_id)
{
	_cleanup_clone_ struct ptree_clone *c = NULL;
	int r;

	if (sd_bus_message_is_method_error(reply, NULL))
		return bus_error_read(p, -sd_bus_message_get_errno(reply), sd_bus_message_get_error(reply));
	r = sd_bus_message_skip(reply, "o");
	if (r < 0)
		return bus_answer_bad(p, r);
	r = bus_handle_read(p, reply, &c);
	if (r >= 0)
		*ret_id = strtoull(ptree_clone_id(c), NULL, 10);
	return r;
}

int bus_fork(struct ptree *p, const struct ptree_clone_options *options, uint64_t *ret_id)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	int r;

	r = bus_connect(&bus);
	if (r < 0)
		return ptree_error_set(&p->error, -ENOTCONN, 0, "bus: cannot connect once more: %s", strerror(-r));
	r = call_new(bus, options, &call);
	if (r < 0)
		return ptree_error_set(&p->error, r, 0, "bus: cannot ask ptreed to clone its caller: %m");
	r = call_patiently(bus, call, &reply);
	if (r < 0)
		return ptree_error_set(&p->error, r, 0,
				       "bus: the connection broke while ptreed cloned its caller: %m; see ptreectl list");
	return answer_read(p, reply, ret_id);
}
