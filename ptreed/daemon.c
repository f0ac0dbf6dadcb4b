// SPDX-License-Identifier: GPL-2.0-or-later
/* The outermost function of ptreed: options, bus, signals, readiness. What it serves is the manager's. */
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "config.h"
#include "daemon.h"
#include "log.h"
#include "manager.h"

enum bus_kind {
	BUS_SYSTEM,
	BUS_SESSION,
	BUS_ADDRESS,
};

struct arguments {
	enum bus_kind bus;
	const char *address;
	struct limits limits;
	struct ptree_config config;
	struct ptree_error config_error;
};

static void help(void)
{
	printf("ptreed [OPTIONS…]\n\n"
	       "Clones running process trees, for callers on D-Bus (" PTREED_BUS_NAME ").\n\n"
	       "  -h, --help               Show this help\n"
	       "      --version            Show the version\n"
	       "      --session-bus        Serve on the session bus\n"
	       "      --bus-address=ADDR   Serve on the bus at this address\n"
	       "      --limit=NAME=NUMBER  Change a limit; may be given several times\n"
	       "\nLimits:\n");
	limits_help();
}

/* Returns -1 to go on, else an exit code. */
static int parse(int argc, char **argv, struct arguments *a)
{
	enum { OPTION_VERSION = 0x100, OPTION_SESSION, OPTION_ADDRESS, OPTION_LIMIT };
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ "session-bus", no_argument, NULL, OPTION_SESSION },
		{ "bus-address", required_argument, NULL, OPTION_ADDRESS },
		{ "limit", required_argument, NULL, OPTION_LIMIT },
		{},
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
		switch (c) {
		case 'h':
			help();
			return EXIT_SUCCESS;
		case OPTION_VERSION:
			printf("ptreed %s\n", PTREE_VERSION);
			return EXIT_SUCCESS;
		case OPTION_SESSION:
			a->bus = BUS_SESSION;
			break;
		case OPTION_ADDRESS:
			a->bus = BUS_ADDRESS;
			a->address = optarg;
			break;
		case OPTION_LIMIT:
			if (limits_set(&a->limits, optarg) >= 0)
				break;
			fprintf(stderr, "ptreed: --limit=%s: no such limit, or no number above 0; see ptreed --help\n",
				optarg);
			return 2;
		default:
			return 2;
		}
	if (optind < argc) {
		fprintf(stderr, "ptreed: unexpected argument '%s'\n", argv[optind]);
		return 2;
	}
	return -1;
}

static int limit_read(const char *section, const char *key, const char *value, void *userdata, struct ptree_error *e)
{
	(void)section, (void)e;
	return limits_set_key(userdata, key, value);
}

static int connect_address(const char *address, sd_bus **ret)
{
	_cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
	int r;

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

static int bus_connect(const struct arguments *a, sd_bus **ret)
{
	switch (a->bus) {
	case BUS_SESSION:
		return sd_bus_open_user(ret);
	case BUS_ADDRESS:
		return connect_address(a->address, ret);
	default:
		return sd_bus_open_system(ret);
	}
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	(void)s, (void)si;
	sd_notify(0, "STOPPING=1");
	manager_stop(userdata);
	return 0;
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;

	(void)message, (void)error;
	log_message(LOG_ERR, "the bus is gone; clones live on");
	return sd_event_exit(m->event, EXIT_FAILURE);
}

/* SIGCHLD must be blocked before the event loop watches workers; the others are taken from it. */
static int signals_add(struct manager *m)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);

	r = sd_event_add_signal(m->event, NULL, SIGTERM, on_signal, m);
	if (r >= 0)
		r = sd_event_add_signal(m->event, NULL, SIGINT, on_signal, m);
	return r;
}

static int serve(struct manager *m, const struct arguments *a)
{
	_cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
	int r;

	r = signals_add(m);
	if (r < 0)
		return r;
	r = bus_connect(a, &bus);
	if (r < 0) {
		log_message(LOG_ERR, "cannot connect to the bus: %s", strerror(-r));
		return r;
	}
	m->polkit = a->bus == BUS_SYSTEM;

	r = sd_bus_attach_event(bus, m->event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = manager_start(m, bus);
	if (r >= 0)
		r = sd_bus_match_signal_async(bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
					      "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, NULL, m);
	if (r < 0)
		return r;
	r = sd_bus_request_name(bus, PTREED_BUS_NAME, 0);
	if (r < 0) {
		log_message(LOG_ERR, "cannot become " PTREED_BUS_NAME ": %s",
			    r == -EEXIST ? "another ptreed runs on this bus" : strerror(-r));
		return r;
	}

	sd_event_set_watchdog(m->event, true);
	manager_changed(m);
	sd_notify(0, "READY=1");
	return sd_event_loop(m->event);
}

int daemon_run(int argc, char **argv, worker_function *work)
{
	struct arguments a = { .bus = BUS_SYSTEM };
	struct manager *m = NULL;
	sd_event *event = NULL;
	int r;

	limits_init(&a.limits);
	ptree_config_read(&a.config, limit_read, &a.limits, &a.config_error);
	r = parse(argc, argv, &a);
	if (r >= 0)
		return r;

	log_open();
	/* Clones that live are to be managed all the same, and who wants a new one is told. */
	if (a.config_error.code < 0)
		log_message(LOG_ERR, "%s; nothing is cloned until that is mended and ptreed restarted", a.config_error.message);
	r = sd_event_default(&event);
	if (r >= 0)
		r = manager_new(event, work, &m);
	if (r >= 0) {
		m->limits = a.limits;
		m->config = a.config;
		m->config_error = a.config_error;
		r = serve(m, &a);
	}
	if (r < 0)
		log_message(LOG_ERR, "%s", strerror(-r));

	manager_free(m);
	sd_event_unref(event);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
