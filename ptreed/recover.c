// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * After a start, wanted or not: undo what operations of a dead ptreed left (frozen sources, half-made clones, cgroups),
 * forget clones that ended meanwhile, watch those that live. What is undone and how is libptree's journal.
 */
#include <string.h>

#include "../libptree/journal.h"
#include "clone.h"
#include "log.h"
#include "manager.h"

int manager_recover(struct manager *m)
{
	struct ptree_clone **clones;
	int r, n;

	r = ptree_journal_recover(&m->registry);
	if (r > 0)
		log_message(LOG_NOTICE, "undid %d operations whose workers had died", r);
	else if (r < 0)
		log_message(LOG_ERR, "cannot undo operations whose workers had died: %s", strerror(-r));

	r = ptree_registry_collect(&m->registry);
	if (r < 0)
		log_message(LOG_WARNING, "cannot forget clones that have ended: %s", strerror(-r));

	n = ptree_registry_list(&m->registry, &clones);
	if (n < 0) {
		log_message(LOG_ERR, "cannot read the registry of clones: %s", strerror(-n));
		return n;
	}
	for (int i = 0; i < n; i++) {
		/* Still an op of a direct caller: it is announced when it is over. */
		if (ptree_journal_alive(&m->registry, strtoull(ptree_clone_id(clones[i]), NULL, 10)) > 0)
			continue;
		r = manager_learn(m, ptree_clone_id(clones[i]), false, NULL);
		if (r < 0 && r != -ESRCH)
			log_message(LOG_WARNING, "cannot watch clone %s: %s", ptree_clone_id(clones[i]), strerror(-r));
	}
	ptree_clone_free_all(clones, (size_t)n);
	return 0;
}
