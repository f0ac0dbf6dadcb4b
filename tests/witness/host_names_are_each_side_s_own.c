// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Host and domain name, with a UTS namespace of the clone's own: as they were, and what one side calls itself from then on
 * the other does not hear. A member that had another namespace than the root keeps it, and its name.
 */
#include <sched.h>
#include <sys/utsname.h>

#include "witness.h"

static bool is_called(const char *name, const char *domain)
{
	struct utsname uts;

	return uname(&uts) == 0 && strcmp(uts.nodename, name) == 0 && strcmp(uts.domainname, domain) == 0;
}

static int child(void *argument)
{
	bool alone = argument;

	if (alone)
		MUST(unshare(CLONE_NEWUTS) == 0 && sethostname("alone", 5) == 0);
	witness_wait_go();
	witness_wait_point("named");
	if (alone)
		CHECK(is_called("alone", "tree.example"));
	else
		CHECK(is_called(witness_is_clone() ? "clone" : "source", "tree.example"));
	return 0;
}

int main(int argc, char **argv)
{
	pid_t with, alone;

	witness_start(argc, argv);
	witness_options("--private=uts");
	if (unshare(CLONE_NEWUTS) < 0)
		witness_skip("a UTS namespace needs root");
	MUST(sethostname("tree", 4) == 0 && setdomainname("tree.example", 12) == 0);
	with = witness_fork(child, NULL);
	alone = witness_fork(child, &alone);
	witness_ready();

	CHECK(is_called("tree", "tree.example"));
	witness_meet("looked");
	CHECK(witness_is_clone() ? sethostname("clone", 5) == 0 : sethostname("source", 6) == 0);
	witness_meet("named");
	CHECK(is_called(witness_is_clone() ? "clone" : "source", "tree.example"));
	witness_reap(with, 0);
	witness_reap(alone, 0);
	return witness_verdict();
}
