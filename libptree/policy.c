// SPDX-License-Identifier: LGPL-2.1-or-later
/* The words for policies. */
#include "policy.h"

#include <stddef.h>

static const char *const names[] = {
	[PTREE_POLICY_EXACT]	= "exact",
	[PTREE_POLICY_PRIVATE]	= "private",
	[PTREE_POLICY_SHARE]	= "share",
	[PTREE_POLICY_SEVER]	= "sever",
	[PTREE_POLICY_REFUSE]	= "refuse",
};

const char *ptree_policy_name(enum ptree_policy policy)
{
	return (unsigned)policy < sizeof(names) / sizeof(names[0]) ? names[policy] : NULL;
}
