// SPDX-License-Identifier: GPL-2.0-or-later
/* Namespaces of a clone's own, made for a process and a ptree-init, without a clone: namespaces.c, namespaces/, helper.c. */
#include "support.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "namespaces.h"
#include "namespaces/mounts.h"
#include "proc.h"

struct scene {
	struct ptree_registry registry;
	struct ptree_op *op;
	pid_t source;
};

static void scene_begin(struct scene *s)
{
	test_needs_root();
	s->registry = test_registry();
	s->source = test_tree(0, 0);
	s->op = test_op(s->source, &s->registry);
	assert_int_equal(ptree_keeper_spawn(&s->op->keeper, "ptree-init: test", -1, -1, &s->op->journal, &s->op->error), 0);
	assert_int_equal(ptree_keeper_arm(&s->op->keeper, s->source, &s->op->error), 0);
	s->op->root_number = s->source;
}

static void scene_end(struct scene *s)
{
	ptree_keeper_discard(&s->op->keeper);
	test_op_end(s->op);
	test_tree_end(s->source);
	test_registry_remove(&s->registry);
}

static void prepared(struct scene *s)
{
	if (ptree_namespaces_prepare(s->op) < 0)
		fail_msg("%s", s->op->error.message);
}

static ino_t ns_of(pid_t pid, const char *name)
{
	struct stat status;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	assert_int_equal(stat(path, &status), 0);
	return status.st_ino;
}

static void the_mount_namespace_has_a_proc_of_the_clone_s(void **state)
{
	struct ptree_mounts mounts;
	struct scene s;
	char text[64];
	size_t nr_before;
	pid_t donor;
	int proc;

	(void)state;
	scene_begin(&s);
	assert_int_equal(ptree_mounts_read(&mounts, s.source), 0);
	nr_before = mounts.nr;
	ptree_mounts_done(&mounts);
	prepared(&s);
	donor = s.op->namespaces.donor.pid;
	assert_int_equal(ptree_namespaces_flags(&s.op->namespaces), PTREE_CLONE_MNT);
	assert_int_not_equal(ns_of(donor, "mnt"), ns_of(s.source, "mnt"));
	assert_int_equal(ns_of(donor, "uts"), ns_of(s.source, "uts"));

	proc = openat(s.op->namespaces.root_fd, "proc", O_RDONLY | O_DIRECTORY);
	assert_true(proc >= 0);
	assert_true(ptree_proc_read(proc, "1/comm", text, sizeof(text)) > 0);
	assert_string_equal(text, "ptree-init\n");
	/* The helper that mounted it is gone, and its number is free for a twin. */
	assert_int_equal(faccessat(proc, "2", F_OK, 0), -1);
	close(proc);

	/* Nothing of ours is announced to the host. */
	assert_int_equal(ptree_mounts_read(&mounts, s.source), 0);
	assert_int_equal(mounts.nr, nr_before);
	ptree_mounts_done(&mounts);

	ptree_namespaces_done(&s.op->namespaces);
	assert_int_equal(ptree_proc_start(donor), 0);
	ptree_namespaces_done(&s.op->namespaces);
	scene_end(&s);
}

/* In the namespace of the donor: what a command says. */
static void inside(const struct scene *s, const char *kind, const char *command, char *said, size_t size)
{
	char line[512];
	FILE *f;

	snprintf(line, sizeof(line), "nsenter --%s=/proc/%d/ns/%s %s", kind, s->op->namespaces.donor.pid, kind, command);
	f = popen(line, "re");
	assert_non_null(f);
	said[fread(said, 1, size - 1, f)] = '\0';
	pclose(f);
}

static void the_network_namespace_has_loopback_and_settings(void **state)
{
	char own[65536], source[65536];
	struct scene s;

	(void)state;
	scene_begin(&s);
	s.op->policies.namespaces[PTREE_NAMESPACE_MNT] = PTREE_POLICY_SHARE;
	s.op->policies.namespaces[PTREE_NAMESPACE_NET] = PTREE_POLICY_PRIVATE;
	prepared(&s);
	assert_int_equal(ptree_namespaces_flags(&s.op->namespaces), PTREE_CLONE_NET);
	assert_int_not_equal(ns_of(s.op->namespaces.donor.pid, "net"), ns_of(s.source, "net"));
	inside(&s, "net", "cat /proc/net/dev", own, sizeof(own));
	assert_non_null(strstr(own, "lo:"));
	assert_null(strstr(own, "eth0:"));
	inside(&s, "net", "grep -c 'host LOCAL' /proc/net/fib_trie", own, sizeof(own));
	assert_true(atoi(own) >= 2);
	inside(&s, "net", "sh -c 'cat /proc/sys/net/ipv4/tcp_rmem /proc/sys/net/ipv4/ip_local_port_range'", own, sizeof(own));
	assert_int_not_equal(strlen(own), 0);
	snprintf(source, sizeof(source), "%s", own);
	inside(&s, "uts", "sh -c 'cat /proc/sys/net/ipv4/tcp_rmem /proc/sys/net/ipv4/ip_local_port_range'", source, sizeof(source));
	assert_string_equal(own, source);
	scene_end(&s);
}

/* Where mounts are private, what comes later would be missing in the clone. */
static int source_private(void *argument, char *what)
{
	(void)argument;
	strcpy(what, "a mount namespace of private mounts");
	return unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

static void a_mount_in_between_that_does_not_propagate_is_an_error(void **state)
{
	struct ptree_helper source = PTREE_HELPER_INIT;
	char what[PTREE_HELPER_WHAT_MAX], command[128];
	struct ptree_op *op;
	struct scene s;
	pid_t own;

	(void)state;
	scene_begin(&s);
	assert_int_equal(ptree_helper_start(&source, &(struct ptree_helper_job){ .work = source_private, .pidns_fd = -1 }, what), 0);
	op = s.op;
	own = op->pid;
	op->pid = op->root_number = source.pid;
	ptree_close_fd(op->pidfd);
	op->pidfd = ptree_proc_pidfd_open(source.pid, 0);
	prepared(&s);
	assert_int_equal(ptree_namespaces_capture(op), 0);
	snprintf(command, sizeof(command), "nsenter --mount=/proc/%d/ns/mnt sh -c 'mount -t tmpfs tmpfs /mnt && umount /mnt'",
		 source.pid);
	assert_int_equal(system(command), 0);
	assert_int_equal(ptree_namespaces_capture(op), 0);
	snprintf(command, sizeof(command), "nsenter --mount=/proc/%d/ns/mnt mount -t tmpfs tmpfs /mnt", source.pid);
	assert_int_equal(system(command), 0);
	assert_int_equal(ptree_namespaces_capture(op), -EAGAIN);
	assert_non_null(strstr(op->error.message, "/mnt"));
	ptree_helper_end(&source);
	op->pid = own;
	scene_end(&s);
}

static void nothing_is_made_where_all_is_shared(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s);
	s.op->policies.namespaces[PTREE_NAMESPACE_MNT] = PTREE_POLICY_SHARE;
	prepared(&s);
	assert_int_equal(ptree_namespaces_flags(&s.op->namespaces), 0);
	assert_int_equal(s.op->namespaces.donor.pid, 0);
	scene_end(&s);
}

static void paths_lead_to_the_same_inode_or_nowhere(void **state)
{
	_cleanup_close_ int same = open("/", O_PATH), other = open("/dev", O_PATH), proc = open("/proc/self", O_PATH);
	struct scene s;
	int fd;

	(void)state;
	scene_begin(&s);
	prepared(&s);
	fd = ptree_namespaces_find(&s.op->namespaces, "/", same);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(ptree_namespaces_find(&s.op->namespaces, "/", other), -ENOENT);
	assert_int_equal(ptree_namespaces_find(&s.op->namespaces, "/nothing (deleted)", same), -ENOENT);
	assert_int_equal(ptree_namespaces_find(&s.op->namespaces, "pipe:[1]", same), -ENOENT);
	/* Our number there is nobody's. */
	assert_int_equal(ptree_namespaces_find(&s.op->namespaces, "/proc/self", proc), -ENOENT);
	scene_end(&s);
}

static void mountinfo_is_taken_apart(void **state)
{
	struct ptree_mounts m;

	(void)state;
	assert_int_equal(ptree_mounts_parse(&m, strdup("22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
						       "30 22 0:24 /sys /a\\040b\\134 ro,nosuid,noatime master:3 shared:9 - proc proc rw,hidepid=2\n")), 0);
	assert_int_equal(m.nr, 2);
	assert_true(m.mounts[0].shared);
	assert_string_equal(m.mounts[0].point, "/");
	assert_int_equal(m.mounts[1].parent, 22);
	assert_string_equal(m.mounts[1].root, "/sys");
	assert_string_equal(m.mounts[1].point, "/a b\\");
	assert_string_equal(m.mounts[1].type, "proc");
	assert_string_equal(m.mounts[1].super, "rw,hidepid=2");
	assert_true(m.mounts[1].shared);
	assert_int_equal(ptree_mount_attributes(m.mounts[1].options), MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME);
	assert_int_equal(ptree_mount_attributes("rw"), MOUNT_ATTR_STRICTATIME);
	ptree_mounts_done(&m);

	assert_int_equal(ptree_mounts_parse(&m, strdup("22 1 8:1 / / rw")), -EBADMSG);
	ptree_mounts_done(&m);
}

/* Enters two new IPC namespaces one after the other, and copies the objects of the first to the second. */
static int copies_objects(void *argument, char *what)
{
	struct ptree_ipc_objects objects = { 0 };
	struct {
		long type;
		char text[4];
	} message = { 7, "abc" };
	int from, to, semaphores, queue, r;

	(void)argument;
	strcpy(what, "the first namespace");
	if (unshare(CLONE_NEWIPC) < 0 || (from = open("/proc/self/ns/ipc", O_RDONLY)) < 0)
		return -errno;
	semctl(semget(IPC_PRIVATE, 1, 0600), 0, IPC_RMID);
	semaphores = semget(99, 2, IPC_CREAT | 0600);
	semctl(semaphores, 1, SETVAL, 42);
	queue = msgget(99, IPC_CREAT | 0600);
	if (msgsnd(queue, &message, 4, 0) < 0)
		return -errno;
	strcpy(what, "the second namespace");
	if (unshare(CLONE_NEWIPC) < 0 || (to = open("/proc/self/ns/ipc", O_RDONLY)) < 0)
		return -errno;
	r = ptree_ipc_read(&objects, from);
	if (r == 0)
		r = ptree_ipc_copy(&objects, from, to, NULL, NULL);
	strcpy(what, objects.what);
	ptree_ipc_done(&objects);
	if (r < 0)
		return r;
	strcpy(what, "what came of it");
	if (semget(99, 2, 0) != semaphores || semctl(semaphores, 1, GETVAL) != 42 || msgget(99, 0) != queue)
		return -EBADMSG;
	return msgrcv(queue, &message, 4, 7, IPC_NOWAIT) == 4 ? 0 : -errno;
}

static void system_v_objects_are_copied_with_their_ids(void **state)
{
	struct ptree_helper h = PTREE_HELPER_INIT;
	char what[PTREE_HELPER_WHAT_MAX];
	int r;

	(void)state;
	test_needs_root();
	if (access("/proc/sys/kernel/sem_next_id", F_OK) < 0)
		skip();
	r = ptree_helper_start(&h, &(struct ptree_helper_job){ .work = copies_objects, .pidns_fd = -1 }, what);
	if (r < 0)
		fail_msg("%s: %s", what, strerror(-r));
	ptree_helper_end(&h);
}

static int fails(void *argument, char *what)
{
	(void)argument;
	strcpy(what, "nothing in particular");
	return -ENOTTY;
}

static void helpers_tell_what_failed(void **state)
{
	struct ptree_helper h = PTREE_HELPER_INIT;
	char what[PTREE_HELPER_WHAT_MAX];

	(void)state;
	assert_int_equal(ptree_helper_start(&h, &(struct ptree_helper_job){ .work = fails, .pidns_fd = -1 }, what), -ENOTTY);
	assert_string_equal(what, "nothing in particular");
	assert_int_equal(h.pid, 0);
	assert_int_equal(h.socket, -1);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mountinfo_is_taken_apart),
		cmocka_unit_test(helpers_tell_what_failed),
		cmocka_unit_test(the_mount_namespace_has_a_proc_of_the_clone_s),
		cmocka_unit_test(the_network_namespace_has_loopback_and_settings),
		cmocka_unit_test(system_v_objects_are_copied_with_their_ids),
		cmocka_unit_test(a_mount_in_between_that_does_not_propagate_is_an_error),
		cmocka_unit_test(nothing_is_made_where_all_is_shared),
		cmocka_unit_test(paths_lead_to_the_same_inode_or_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
