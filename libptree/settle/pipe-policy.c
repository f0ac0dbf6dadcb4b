// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What becomes of a pipe. Nothing is ever read from a pipe that the source reads from: two readers would each get a part.
 * Writing is another matter: a log that both write to is what fork() gives, and what most expect.
 */
#include "pipe.h"

enum ptree_policy ptree_pipe_policy(const struct ptree_pipe_census *census, enum ptree_policy asked,
				    const char **ret_note)
{
	*ret_note = NULL;
	if (asked == PTREE_POLICY_SHARE) {
		if (census->nr_readers)
			*ret_note = "source and clone read from one pipe: each gets a part";
		return PTREE_POLICY_SHARE;
	}
	if (census->nr_readers) {
		if (!census->nr_writers && census->writers_outside) {
			*ret_note = "its writers are outside: the clone reads what is in it, then end of file";
			return PTREE_POLICY_SEVER;
		}
		if (census->writers_outside)
			*ret_note = "what its writers outside of the tree write reaches the source alone";
		else if (census->readers_outside)
			*ret_note = "what the clone writes reaches its own readers alone";
		return PTREE_POLICY_PRIVATE;
	}
	if (!census->readers_outside)
		return PTREE_POLICY_PRIVATE;
	if (asked) {
		*ret_note = "its readers are outside: writing fails with EPIPE";
		return PTREE_POLICY_SEVER;
	}
	*ret_note = "its readers are outside: source and clone both write to them";
	return PTREE_POLICY_SHARE;
}
