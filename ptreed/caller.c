// SPDX-License-Identifier: GPL-2.0-or-later
/* Establishes who calls. What they may do is polkit.c's. */
#include <fcntl.h>
#include <string.h>
#include <sys/pidfd.h>

#include "../libptree/proc.h"
#include "caller.h"
#include "errors.h"

void caller_done(struct caller *c)
{
	c->pidfd = ptree_close_fd(c->pidfd);
}

/* Newer buses hand out a pidfd that they took when the caller connected; older ones a number. */
static int credentials_parse(sd_bus_message *reply, struct caller *c)
{
	const char *key;
	uint32_t n;
	int fd, r;

	r = sd_bus_message_enter_container(reply, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
		r = sd_bus_message_read(reply, "s", &key);
		if (r < 0)
			break;
		if (strcmp(key, "UnixUserID") == 0) {
			r = sd_bus_message_read(reply, "v", "u", &n);
			c->uid = n;
		} else if (strcmp(key, "ProcessID") == 0) {
			r = sd_bus_message_read(reply, "v", "u", &n);
			c->pid = (pid_t)n;
		} else if (strcmp(key, "ProcessFD") == 0 && c->pidfd < 0) {
			r = sd_bus_message_read(reply, "v", "h", &fd);
			if (r >= 0)
				c->pidfd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		} else {
			r = sd_bus_message_skip(reply, "v");
		}
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
	}
	return r < 0 ? r : 0;
}

static int credentials_of_name(sd_bus *bus, const char *name, struct caller *c)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
			       "GetConnectionCredentials", NULL, &reply, "s", name);
	return r < 0 ? r : credentials_parse(reply, c);
}

static int credentials_of_peer(sd_bus *bus, struct caller *c)
{
	_cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
	int r;

	r = sd_bus_get_owner_creds(bus, SD_BUS_CREDS_PID | SD_BUS_CREDS_EUID, &creds);
	if (r >= 0)
		r = sd_bus_creds_get_euid(creds, &c->uid);
	if (r >= 0)
		r = sd_bus_creds_get_pid(creds, &c->pid);
	return r;
}

int caller_read(sd_bus_message *message, struct caller *ret, sd_bus_error *error)
{
	_cleanup_caller_ struct caller c = CALLER_INIT;
	const char *sender = sd_bus_message_get_sender(message);
	sd_bus *bus = sd_bus_message_get_bus(message);
	int r;

	r = sender ? credentials_of_name(bus, sender, &c) : credentials_of_peer(bus, &c);
	if (r < 0 || c.uid == (uid_t)-1 || c.pid <= 0)
		return errors_set(error, -EPERM, "authorize: the bus does not say who calls: %s",
				  r < 0 ? strerror(-r) : "no uid or no pid");

	/*
	 * With a pidfd from the bus the process is the one that connected. With a number only, it may have passed its
	 * connection on, exited, and its number may be somebody else's: of the same uid, or refused below.
	 */
	if (c.pidfd >= 0)
		c.pid = ptree_proc_pidfd_pid(c.pidfd);
	else
		c.pidfd = pidfd_open(c.pid, 0);
	if (c.pid <= 0 || c.pidfd < 0)
		return errors_set(error, -EPERM, "authorize: the calling process is gone");

	/* It may have become somebody else since it connected, by executing a setuid program. */
	if (c.uid != 0) {
		r = rights_read(c.pid, 0, &c.rights);
		if (r < 0 || c.rights.mixed || c.rights.uid != c.uid)
			return errors_set(error, -EPERM, "authorize: process %d is not (or not only) of uid %u", c.pid,
					  c.uid);
	}
	*ret = c;
	c.pidfd = -1;
	return 0;
}
