// SPDX-License-Identifier: GPL-2.0-or-later
/* ptreed's objects over a socketpair, with a fake engine in real worker processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../libptree/report.h"
#include "../../ptreed/clone.h"
#include "ptreed-fake.h"

struct fixture {
	sd_event *event;
	struct manager *m;
	sd_bus *server, *client;
	char dir[64];
	pid_t source;		/* a process to clone */
	unsigned nr_new, nr_removed;
};

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct fixture *f = userdata;

	(void)error;
	f->nr_new += sd_bus_message_is_signal(m, "org.ptree1.Manager", "CloneNew") > 0;
	f->nr_removed += sd_bus_message_is_signal(m, "org.ptree1.Manager", "CloneRemoved") > 0;
	return 0;
}

static void connect_pair(struct fixture *f)
{
	sd_id128_t id = {};
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	assert_true(sd_bus_new(&f->server) >= 0);
	assert_true(sd_bus_set_fd(f->server, fds[0], fds[0]) >= 0);
	assert_true(sd_bus_set_server(f->server, 1, id) >= 0);
	assert_true(sd_bus_negotiate_fds(f->server, 1) >= 0);
	assert_true(sd_bus_start(f->server) >= 0);

	assert_true(sd_bus_new(&f->client) >= 0);
	assert_true(sd_bus_set_fd(f->client, fds[1], fds[1]) >= 0);
	assert_true(sd_bus_negotiate_fds(f->client, 1) >= 0);
	assert_true(sd_bus_start(f->client) >= 0);
	assert_true(sd_bus_add_filter(f->client, NULL, on_signal, f) >= 0);
	assert_true(sd_bus_attach_event(f->server, f->event, 0) >= 0);
	assert_true(sd_bus_attach_event(f->client, f->event, 0) >= 0);
	/* Both ends are in this thread: nothing may block on the handshake. */
	while (sd_bus_is_ready(f->client) <= 0 || sd_bus_is_ready(f->server) <= 0)
		assert_true(sd_event_run(f->event, 100000) >= 0);
}

static void start_manager(struct fixture *f)
{
	assert_int_equal(manager_new(f->event, fake_work, &f->m), 0);
	connect_pair(f);
	assert_int_equal(manager_start(f->m, f->server), 0);
}

static void stop_manager(struct fixture *f)
{
	f->m = manager_free(f->m);
	f->client = sd_bus_close_unref(f->client);
	f->server = sd_bus_close_unref(f->server);
}

/* A process to clone. It must not outlive us, nor hold the pipe that our output is read from. */
static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close_range(0, ~0U, 0);
		for (;;)
			pause();
	}
	return pid;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);

	strcpy(f->dir, "/tmp/ptreed-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	setenv("PTREE_RUNTIME_DIR", f->dir, 1);
	f->source = sleeper();
	assert_true(sd_event_new(&f->event) >= 0);
	start_manager(f);
	*state = f;
	return 0;
}

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
	(void)s, (void)type, (void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct clone *c;

	TAILQ_FOREACH(c, &f->m->clones, entry)
		kill(c->info->init_pid, SIGKILL);
	stop_manager(f);
	sd_event_unref(f->event);
	kill(f->source, SIGKILL);
	waitpid(f->source, NULL, 0);
	nftw(f->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	sd_bus_message **reply = userdata;

	(void)error;
	*reply = sd_bus_message_ref(m);
	return 1;
}

static void run_until(struct fixture *f, bool (*done)(const void *), const void *what)
{
	uint64_t end = ptree_now_usec(CLOCK_MONOTONIC) + 10 * USEC_PER_SEC;

	while (!done(what)) {
		assert_true(sd_event_run(f->event, 100000) >= 0);
		assert_true(ptree_now_usec(CLOCK_MONOTONIC) < end);
	}
}

static bool is_set(const void *p)
{
	return *(void *const *)p;
}

static bool is_nonzero(const void *p)
{
	return *(const unsigned *)p;
}

static sd_bus_message *new_call(struct fixture *f, const char *path, const char *interface, const char *member)
{
	sd_bus_message *m;

	assert_true(sd_bus_message_new_method_call(f->client, &m, NULL, path, interface, member) >= 0);
	return m;
}

/* Sends @m (and unrefs it); the reply, or the error message, to be unref'd. */
static sd_bus_message *call(struct fixture *f, sd_bus_message *m)
{
	sd_bus_message *reply = NULL;

	assert_true(sd_bus_call_async(f->client, NULL, m, on_reply, &reply, 0) >= 0);
	sd_bus_message_unref(m);
	run_until(f, is_set, &reply);
	return reply;
}

static sd_bus_message *call_clone_pid(struct fixture *f, pid_t pid, const char *name)
{
	sd_bus_message *m = new_call(f, "/org/ptree1", "org.ptree1.Manager", "ClonePID");

	assert_true(sd_bus_message_append(m, "u", (uint32_t)pid) >= 0);
	if (name)
		assert_true(sd_bus_message_append(m, "a{sv}", 2, "name", "s", name, "max-pause-usec", "t",
						  UINT64_C(100000)) >= 0);
	else
		assert_true(sd_bus_message_append(m, "a{sv}", 0) >= 0);
	return m;
}

static void assert_error(sd_bus_message *reply, const char *name, const char *sentence)
{
	const sd_bus_error *e = sd_bus_message_get_error(reply);

	assert_non_null(e);
	assert_string_equal(e->name, name);
	if (!strstr(e->message, sentence))
		fail_msg("\"%s\" is not in \"%s\"", sentence, e->message);
	sd_bus_message_unref(reply);
}

/* Makes a clone; its path. */
static const char *make(struct fixture *f, const char *name)
{
	sd_bus_message *reply = call(f, call_clone_pid(f, f->source, name));
	static char path[64];
	const char *s;

	assert_null(sd_bus_message_get_error(reply));
	assert_true(sd_bus_message_read(reply, "o", &s) > 0);
	snprintf(path, sizeof(path), "%s", s);
	sd_bus_message_unref(reply);
	return path;
}

static void clone_answers_with_object_and_report(void **state)
{
	struct fixture *f = *state;
	sd_bus_message *reply;
	const char *path, *key;
	uint32_t source = 0;

	reply = call(f, call_clone_pid(f, f->source, NULL));
	assert_null(sd_bus_message_get_error(reply));
	assert_true(sd_bus_message_read(reply, "o", &path) > 0);
	assert_string_equal(path, "/org/ptree1/clone/1");
	assert_true(sd_bus_message_enter_container(reply, 'a', "{sv}") > 0);
	while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
		assert_true(sd_bus_message_read(reply, "s", &key) > 0);
		if (strcmp(key, "SourcePID") == 0)
			assert_true(sd_bus_message_read(reply, "v", "u", &source) > 0);
		else
			assert_true(sd_bus_message_skip(reply, "v") > 0);
		assert_true(sd_bus_message_exit_container(reply) > 0);
	}
	assert_int_equal(source, f->source);
	sd_bus_message_unref(reply);
	run_until(f, is_nonzero, &f->nr_new);
	assert_int_equal(f->nr_new, 1);
}

static void clone_takes_a_pidfd(void **state)
{
	struct fixture *f = *state;
	sd_bus_message *m = new_call(f, "/org/ptree1", "org.ptree1.Manager", "Clone"), *reply;
	_cleanup_close_ int pidfd = pidfd_open(f->source, 0), null = open("/dev/null", O_RDONLY);

	assert_true(sd_bus_message_append(m, "ha{sv}", pidfd, 1, "name", "s", "by-pidfd") >= 0);
	reply = call(f, m);
	assert_null(sd_bus_message_get_error(reply));
	sd_bus_message_unref(reply);

	m = new_call(f, "/org/ptree1", "org.ptree1.Manager", "Clone");
	assert_true(sd_bus_message_append(m, "ha{sv}", null, 0) >= 0);
	assert_error(call(f, m), "org.ptree1.Error.InvalidArgs", "no pidfd");
}

static void clones_are_found_by_id_and_name(void **state)
{
	static const char *const keys[] = { "1", "findme" };
	struct fixture *f = *state;
	sd_bus_message *m, *reply;
	const char *path;

	make(f, "findme");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		m = new_call(f, "/org/ptree1", "org.ptree1.Manager", "GetClone");
		sd_bus_message_append(m, "s", keys[i]);
		reply = call(f, m);
		assert_true(sd_bus_message_read(reply, "o", &path) > 0);
		assert_string_equal(path, "/org/ptree1/clone/1");
		sd_bus_message_unref(reply);
	}
	m = new_call(f, "/org/ptree1", "org.ptree1.Manager", "GetClone");
	sd_bus_message_append(m, "s", "2");
	assert_error(call(f, m), "org.ptree1.Error.NoSuchClone", "'2'");
	m = new_call(f, "/org/ptree1", "org.ptree1.Manager", "GetCloneByPID");
	sd_bus_message_append(m, "u", (uint32_t)f->source);
	assert_error(call(f, m), "org.ptree1.Error.NoSuchClone", "belongs to no clone");
}

static void failure_of_the_worker_travels_unchanged(void **state)
{
	struct fixture *f = *state;
	char sentence[128];

	snprintf(sentence, sizeof(sentence), "freeze: pid %d still in D state after 200000 µs", f->source);
	assert_error(call(f, call_clone_pid(f, f->source, "fail")), "org.ptree1.Error.Busy", sentence);
	assert_true(TAILQ_EMPTY(&f->m->operations));
}

static void worker_that_hangs_is_killed_at_the_deadline(void **state)
{
	struct fixture *f = *state;

	f->m->grace_usec = 200000;
	assert_error(call(f, call_clone_pid(f, f->source, "hang")), "org.ptree1.Error.TimedOut",
		     "did not end within 300000 µs and was killed");
	assert_true(TAILQ_EMPTY(&f->m->operations));
}

static void worker_that_dies_is_an_error_with_its_step(void **state)
{
	struct fixture *f = *state;

	assert_error(call(f, call_clone_pid(f, f->source, "die")), "org.ptree1.Error.Failed", "killed by SIGKILL");
	assert_error(call(f, call_clone_pid(f, f->source, "die")), "org.ptree1.Error.Failed", "freeze: ");
	assert_error(call(f, call_clone_pid(f, f->source, "mute")), "org.ptree1.Error.Failed", "status 3 and no result");
}

static void bad_options_are_refused_by_name(void **state)
{
	struct fixture *f = *state;
	sd_bus_message *m;

	m = new_call(f, "/org/ptree1", "org.ptree1.Manager", "ClonePID");
	sd_bus_message_append(m, "ua{sv}", (uint32_t)f->source, 1, "nmae", "s", "x");
	assert_error(call(f, m), "org.ptree1.Error.InvalidArgs",
		     "'nmae'; the options are name (s), hold (b), max-pause-usec (t), cgroup (s), share (as), ");
	m = new_call(f, "/org/ptree1", "org.ptree1.Manager", "ClonePID");
	sd_bus_message_append(m, "ua{sv}", (uint32_t)f->source, 1, "hold", "s", "yes");
	assert_error(call(f, m), "org.ptree1.Error.InvalidArgs", "'hold' has type 's'");
	m = new_call(f, "/org/ptree1", "org.ptree1.Manager", "ClonePID");
	sd_bus_message_append(m, "ua{sv}", (uint32_t)f->source, 1, "max-pause-usec", "t", UINT64_MAX);
	assert_error(call(f, m), "org.ptree1.Error.InvalidArgs", "the most allowed is");
	assert_error(call(f, call_clone_pid(f, f->source, "a/b")), "org.ptree1.Error.InvalidArgs", "bad name");
	assert_error(call(f, call_clone_pid(f, f->source, "123")), "org.ptree1.Error.InvalidArgs", "bad name");
	assert_true(TAILQ_EMPTY(&f->m->operations));
}

static sd_bus_message *call_with(struct fixture *f, const char *member, const char *key, const char *type, const void *value)
{
	sd_bus_message *m = new_call(f, "/org/ptree1", "org.ptree1.Manager", member);

	assert_true(sd_bus_message_append(m, "u", (uint32_t)f->source) >= 0);
	assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
	assert_true(sd_bus_message_open_container(m, 'e', "sv") >= 0);
	assert_true(sd_bus_message_append(m, "s", key) >= 0);
	assert_true(sd_bus_message_open_container(m, 'v', type) >= 0);
	if (type[0] == 'a')
		assert_true(sd_bus_message_append_strv(m, (char **)value) >= 0);
	else
		assert_true(sd_bus_message_append_basic(m, type[0], value) >= 0);
	for (int i = 0; i < 3; i++)
		assert_true(sd_bus_message_close_container(m) >= 0);
	return m;
}

static void bad_words_and_descriptors_are_refused_by_name(void **state)
{
	static const char *const bad[] = { "pipes", "pips", NULL }, *const wrong[] = { "files", NULL };
	_cleanup_close_ int write_only = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct fixture *f = *state;

	assert_error(call(f, call_with(f, "ClonePID", "share", "as", bad)), "org.ptree1.Error.InvalidArgs",
		     "share=pips: there is no such word; share takes files, pipes, unix, listen, tcp, udp, shm, events, mqueue, tty, devices, other, mnt, ipc, net, uts");
	assert_error(call(f, call_with(f, "ClonePID", "sever", "as", wrong)), "org.ptree1.Error.InvalidArgs",
		     "sever takes pipes, unix, listen, tcp, udp, tty");
	assert_error(call(f, call_with(f, "InspectPID", "private", "as", wrong)), "org.ptree1.Error.InvalidArgs",
		     "private takes mnt, ipc, net, uts");
	assert_error(call(f, call_with(f, "ClonePID", "tty", "s", "old")), "org.ptree1.Error.InvalidArgs",
		     "tty takes new, null, keep");
	assert_error(call(f, call_with(f, "ClonePID", "files", "s", "")), "org.ptree1.Error.InvalidArgs",
		     "files takes share, copy");
	assert_error(call(f, call_with(f, "ClonePID", "copy", "as", wrong)), "org.ptree1.Error.InvalidArgs",
		     "copy=files: it takes a directory, as an absolute path");
	assert_error(call(f, call_with(f, "ClonePID", "copy", "s", "/srv")), "org.ptree1.Error.InvalidArgs",
		     "'copy' has type 's'");
	assert_error(call(f, call_with(f, "ClonePID", "stdin", "h", &write_only)), "org.ptree1.Error.InvalidArgs",
		     "stdin: the file is not open for reading");
	assert_error(call(f, call_with(f, "ClonePID", "share", "s", "pipes")), "org.ptree1.Error.InvalidArgs",
		     "'share' has type 's'");
	assert_true(TAILQ_EMPTY(&f->m->operations));
}

/* The fixture's client is this process, which the fake engine does not freeze. */
static void only_the_caller_itself_is_cloned_as_it_waits(void **state)
{
	_cleanup_close_ int own = pidfd_open(getpid(), 0);
	struct fixture *f = *state;
	sd_bus_message *m, *reply;

	assert_error(call(f, call_with(f, "ClonePID", "fork", "b", &(int){ 1 })), "org.ptree1.Error.InvalidArgs",
		     "option fork is for who clones itself");
	m = new_call(f, "/org/ptree1", "org.ptree1.Manager", "Clone");
	assert_true(sd_bus_message_append(m, "ha{sv}", own, 2, "name", "s", "forked", "fork", "b", 1) >= 0);
	reply = call(f, m);
	assert_null(sd_bus_message_get_error(reply));
	sd_bus_message_unref(reply);
}

/* The note of the first object is what the engine was asked for. */
static void assert_inspected(sd_bus_message *reply, const char *note)
{
	const char *policy = NULL, *found = NULL, *key;
	unsigned nr = 0;

	assert_null(sd_bus_message_get_error(reply));
	assert_true(sd_bus_message_enter_container(reply, 'a', "a{sv}") > 0);
	while (sd_bus_message_enter_container(reply, 'a', "{sv}") > 0) {
		while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
			assert_true(sd_bus_message_read(reply, "s", &key) > 0);
			if (nr == 0 && strcmp(key, "Policy") == 0)
				assert_true(sd_bus_message_read(reply, "v", "s", &policy) > 0);
			else if (nr == 0 && strcmp(key, "Note") == 0)
				assert_true(sd_bus_message_read(reply, "v", "s", &found) > 0);
			else
				assert_true(sd_bus_message_skip(reply, "v") > 0);
			assert_true(sd_bus_message_exit_container(reply) > 0);
		}
		assert_true(sd_bus_message_exit_container(reply) > 0);
		nr++;
	}
	assert_int_equal(nr, 5);
	assert_string_equal(policy, "refuse");
	assert_string_equal(found, note);
	sd_bus_message_unref(reply);
}

static void inspect_answers_with_every_object(void **state)
{
	static const char *const pipes[] = { "pipes", NULL };
	_cleanup_close_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int pidfd = -1;
	struct fixture *f = *state;
	sd_bus_message *m;

	pidfd = pidfd_open(f->source, 0);
	m = new_call(f, "/org/ptree1", "org.ptree1.Manager", "Inspect");
	assert_true(sd_bus_message_append(m, "ha{sv}", pidfd, 0) >= 0);
	assert_inspected(call(f, m), "pipes default, max-pause 2000000, stdin kept");
	assert_inspected(call(f, call_with(f, "InspectPID", "sever", "as", pipes)),
			 "pipes sever, max-pause 2000000, stdin kept");
	assert_inspected(call(f, call_with(f, "InspectPID", "stdin", "h", &null)),
			 "pipes default, max-pause 2000000, stdin given");
	assert_true(TAILQ_EMPTY(&f->m->operations));
}

static void configuration_holds_unless_the_caller_says_otherwise(void **state)
{
	static const char *const pipes[] = { "pipes", NULL };
	struct fixture *f = *state;

	f->m->config.policies.of[PTREE_GROUP_PIPES] = PTREE_POLICY_SHARE;
	f->m->config.max_pause_usec = 300000;
	assert_inspected(call(f, call_with(f, "InspectPID", "files", "s", "share")),
			 "pipes share, max-pause 300000, stdin kept");
	assert_inspected(call(f, call_with(f, "InspectPID", "sever", "as", pipes)),
			 "pipes sever, max-pause 300000, stdin kept");
	f->m->limits.max_pause_usec = 200000;
	assert_inspected(call(f, call_with(f, "InspectPID", "files", "s", "share")),
			 "pipes share, max-pause 200000, stdin kept");
}

static void nothing_is_cloned_by_a_broken_configuration(void **state)
{
	struct fixture *f = *state;

	ptree_error_set(&f->m->config_error, -EBADMSG, 0, "prepare: /x/ptreed.conf:3: this is no section: [Clone");
	assert_error(call(f, call_clone_pid(f, f->source, NULL)), "org.ptree1.Error.Failed", "/x/ptreed.conf:3");
	assert_true(TAILQ_EMPTY(&f->m->operations));
}

static void clone_tells_what_it_shares(void **state)
{
	struct fixture *f = *state;
	const char *path = make(f, "sharing");
	sd_bus_message *m = new_call(f, path, "org.freedesktop.DBus.Properties", "Get"), *reply;

	assert_true(sd_bus_message_append(m, "ss", "org.ptree1.Clone", "Objects") >= 0);
	reply = call(f, m);
	assert_null(sd_bus_message_get_error(reply));
	assert_true(sd_bus_message_enter_container(reply, 'v', "aa{sv}") > 0);
	assert_true(sd_bus_message_enter_container(reply, 'a', "a{sv}") > 0);
	assert_true(sd_bus_message_skip(reply, "a{sv}") > 0);
	assert_int_equal(sd_bus_message_at_end(reply, false), 1);
	sd_bus_message_unref(reply);
}

static void bad_pids_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_error(call(f, call_clone_pid(f, 0, NULL)), "org.ptree1.Error.InvalidArgs", "0 is no pid");
	assert_error(call(f, call_clone_pid(f, INT32_MAX, NULL)), "org.ptree1.Error.NoSuchProcess", "2147483647");
}

static void wait_is_answered_when_the_clone_ends(void **state)
{
	struct fixture *f = *state;
	sd_bus_message *m, *reply = NULL;
	const char *path = make(f, "short-lived");
	int status = 0;

	m = new_call(f, path, "org.ptree1.Clone", "Wait");
	assert_true(sd_bus_call_async(f->client, NULL, m, on_reply, &reply, UINT64_MAX) >= 0);
	sd_bus_message_unref(m);

	m = new_call(f, path, "org.ptree1.Clone", "Kill");
	sd_bus_message_append(m, "si", "root", SIGTERM);
	sd_bus_message_unref(call(f, m));
	run_until(f, is_set, &reply);
	assert_true(sd_bus_message_read(reply, "i", &status) > 0);
	sd_bus_message_unref(reply);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), FAKE_EXIT_CODE);

	run_until(f, is_nonzero, &f->nr_removed);
	assert_error(call(f, new_call(f, path, "org.ptree1.Clone", "Freeze")), SD_BUS_ERROR_UNKNOWN_OBJECT, "");
	m = new_call(f, "/org/ptree1", "org.ptree1.Manager", "GetStatus");
	sd_bus_message_append(m, "s", "1");
	reply = call(f, m);
	assert_true(sd_bus_message_read(reply, "i", &status) > 0);
	assert_int_equal(WEXITSTATUS(status), FAKE_EXIT_CODE);
	sd_bus_message_unref(reply);
}

static void verbs_are_checked_and_their_failures_told(void **state)
{
	struct fixture *f = *state;
	const char *path = make(f, "verbs");
	sd_bus_message *m;

	m = new_call(f, path, "org.ptree1.Clone", "Kill");
	sd_bus_message_append(m, "si", "everybody", SIGTERM);
	assert_error(call(f, m), "org.ptree1.Error.InvalidArgs", "root or all");
	m = new_call(f, path, "org.ptree1.Clone", "Kill");
	sd_bus_message_append(m, "si", "all", 0);
	assert_error(call(f, m), "org.ptree1.Error.InvalidArgs", "no signal");
	assert_error(call(f, new_call(f, path, "org.ptree1.Clone", "Freeze")), "org.ptree1.Error.Busy", "is of wood");
	sd_bus_message_unref(call(f, new_call(f, path, "org.ptree1.Clone", "Terminate")));
	run_until(f, is_nonzero, &f->nr_removed);
	assert_int_equal(f->m->nr_clones, 0);
}

static void one_tree_takes_turns_and_two_trees_do_not(void **state)
{
	struct fixture *f = *state;
	sd_bus_message *replies[3] = {}, *m;
	pid_t other = sleeper();
	struct operation *o;

	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "slow-1", "slow-2", "slow-3" };

		m = call_clone_pid(f, i == 2 ? other : f->source, names[i]);
		assert_true(sd_bus_call_async(f->client, NULL, m, on_reply, &replies[i], 0) >= 0);
		sd_bus_message_unref(m);
	}
	for (;;) {
		unsigned n = 0;

		TAILQ_FOREACH(o, &f->m->operations, entry)
			n++;
		if (n == 3)
			break;
		assert_true(sd_event_run(f->event, 100000) >= 0);
	}
	o = TAILQ_FIRST(&f->m->operations);
	assert_int_equal(o->state, OPERATION_RUNNING);
	o = TAILQ_NEXT(o, entry);
	assert_int_equal(o->state, OPERATION_WAITING);
	o = TAILQ_NEXT(o, entry);
	assert_int_equal(o->state, OPERATION_RUNNING);

	for (size_t i = 0; i < 3; i++) {
		run_until(f, is_set, &replies[i]);
		assert_null(sd_bus_message_get_error(replies[i]));
		sd_bus_message_unref(replies[i]);
	}
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
}

static void clones_survive_a_restart(void **state)
{
	struct fixture *f = *state;

	make(f, "survivor");
	stop_manager(f);
	start_manager(f);
	assert_int_equal(f->m->nr_clones, 1);
	assert_non_null(manager_find_clone(f->m, "1"));
}

static void clones_of_others_are_announced(void **state)
{
	struct fixture *f = *state;
	char id[32];

	assert_int_equal(fake_clone("of-others", f->source, 1000, id), 0);
	run_until(f, is_nonzero, &f->nr_new);
	assert_non_null(manager_find_clone(f->m, id));
}

static void stopping_ends_what_runs_and_refuses_what_waits(void **state)
{
	struct fixture *f = *state;
	sd_bus_message *replies[2] = {}, *m;

	for (size_t i = 0; i < 2; i++) {
		m = call_clone_pid(f, f->source, i == 0 ? "slow-1" : "slow-2");
		assert_true(sd_bus_call_async(f->client, NULL, m, on_reply, &replies[i], 0) >= 0);
		sd_bus_message_unref(m);
	}
	while (!TAILQ_FIRST(&f->m->operations) || !TAILQ_NEXT(TAILQ_FIRST(&f->m->operations), entry))
		assert_true(sd_event_run(f->event, 100000) >= 0);
	manager_stop(f->m);
	run_until(f, is_set, &replies[1]);
	assert_error(replies[1], "org.ptree1.Error.Canceled", "ptreed is stopping");
	assert_int_equal(sd_event_loop(f->event), 0);
	assert_int_equal(f->m->nr_clones, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(clone_answers_with_object_and_report),
		TEST(clone_takes_a_pidfd),
		TEST(clones_are_found_by_id_and_name),
		TEST(failure_of_the_worker_travels_unchanged),
		TEST(worker_that_hangs_is_killed_at_the_deadline),
		TEST(worker_that_dies_is_an_error_with_its_step),
		TEST(bad_options_are_refused_by_name),
		TEST(bad_words_and_descriptors_are_refused_by_name),
		TEST(only_the_caller_itself_is_cloned_as_it_waits),
		TEST(inspect_answers_with_every_object),
		TEST(configuration_holds_unless_the_caller_says_otherwise),
		TEST(nothing_is_cloned_by_a_broken_configuration),
		TEST(clone_tells_what_it_shares),
		TEST(bad_pids_are_refused),
		TEST(wait_is_answered_when_the_clone_ends),
		TEST(verbs_are_checked_and_their_failures_told),
		TEST(one_tree_takes_turns_and_two_trees_do_not),
		TEST(clones_survive_a_restart),
		TEST(clones_of_others_are_announced),
		TEST(stopping_ends_what_runs_and_refuses_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
