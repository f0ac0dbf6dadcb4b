// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading. */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include "fault.h"
#include "job.h"
#include "op.h"
#include "symbols.h"

char ptree_fault_point[16];
module_param_string(fault, ptree_fault_point, sizeof(ptree_fault_point), 0600);
MODULE_PARM_DESC(fault, "step at which ops fail, for tests; see fault.h");

static int __init ptree_init(void)
{
	int r;

	r = ptree_symbols_init();
	if (r < 0)
		return r;
	r = ptree_owner_init();
	if (r < 0)
		return r;
	r = ptree_netlink_init();
	if (r < 0)
		ptree_owner_exit();
	return r;
}

static void __exit ptree_exit(void)
{
	ptree_netlink_exit();
	ptree_owner_exit();
	ptree_jobs_wait();
	/*
	 * Each callback's last act was to say that it is done, a few instructions before its end. Wait until every task
	 * has slept by its own will or run in user mode since.
	 */
	synchronize_rcu_tasks();
}

module_init(ptree_init);
module_exit(ptree_exit);

MODULE_DESCRIPTION("Clone running process trees");
MODULE_AUTHOR("The ptree authors");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
MODULE_ALIAS_GENL_FAMILY("ptree");
