// SPDX-License-Identifier: GPL-2.0-only
/* INSTALL and CALL: parses the requests into jobs, and tells what came of them. Doing them is install.c's and call.c's. */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include "job.h"
#include "netlink.h"
#include "op.h"

const struct nla_policy ptree_netlink_install_policy[PTREE_A_MAX + 1] = {
	[PTREE_A_OP]		= NLA_POLICY_MIN(NLA_U32, 1),
	[PTREE_A_INSTALL]	= { .type = NLA_BINARY },
};


const struct nla_policy ptree_netlink_call_policy[PTREE_A_MAX + 1] = {
	[PTREE_A_OP]		= NLA_POLICY_MIN(NLA_U32, 1),
	[PTREE_A_MEMBER]	= { .type = NLA_U32 },
	[PTREE_A_CALLS]		= { .type = NLA_BINARY, .len = PTREE_MAX_CALLS * sizeof(struct ptree_call) },
	[PTREE_A_DATA]		= { .type = NLA_BINARY, .len = PTREE_MAX_DATA },
	[PTREE_A_FLAGS]		= NLA_POLICY_MASK(NLA_U32, PTREE_CALL_SOURCE | PTREE_CALL_ALL |
						  PTREE_CALL_PRIVILEGED | PTREE_CALL_INIT),
};


/* The op, counted and busy. */
static struct ptree_op *op_take(struct genl_info *info)
{
	struct ptree_op *op;

	if (!info->attrs[PTREE_A_OP])
		return ERR_PTR(ptree_netlink_missing(info, PTREE_A_OP, "PTREE_A_OP is missing"));
	op = ptree_owner_busy(info->snd_portid, nla_get_u32(info->attrs[PTREE_A_OP]));
	if (op == ERR_PTR(-ENOENT))
		ptree_netlink_refuse(info, PTREE_A_OP, -ENOENT, "this socket has no such op");
	else if (op == ERR_PTR(-EBUSY))
		ptree_netlink_refuse(info, PTREE_A_OP, -EBUSY, "the op has no clone, or is at another request");
	return op;
}

static int install_parse(struct ptree_job *job, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[PTREE_A_INSTALL];
	unsigned int i;

	if (!attr)
		return ptree_netlink_missing(info, PTREE_A_INSTALL, "PTREE_A_INSTALL is missing");
	if (!job->op->view)
		return ptree_netlink_refuse(info, PTREE_A_OP, -ENOENT, "the op had no FILES to number what is replaced");
	if (nla_len(attr) % sizeof(*job->list) || nla_len(attr) == 0)
		return ptree_netlink_refuse(info, PTREE_A_INSTALL, -EINVAL, "PTREE_A_INSTALL is no array of struct ptree_install");
	job->nr = nla_len(attr) / sizeof(*job->list);
	job->list = kvmalloc(nla_len(attr), GFP_KERNEL_ACCOUNT);
	job->files = kvcalloc(job->nr, sizeof(*job->files), GFP_KERNEL_ACCOUNT);
	if (!job->list || !job->files)
		return -ENOMEM;
	job->nr_files = job->nr;
	memcpy(job->list, nla_data(attr), nla_len(attr));
	for (i = 0; i < job->nr; i++) {
		if (job->list[i].fd < 0)
			continue;
		job->files[i] = fget_raw(job->list[i].fd);
		if (!job->files[i])
			return ptree_netlink_refuse(info, PTREE_A_INSTALL, -EBADF, "PTREE_A_INSTALL has a number that is no open file");
	}
	return 0;
}

static int call_files_take(struct ptree_job *job, struct genl_info *info)
{
	unsigned int i, a;

	job->files = kvcalloc(6 * job->nr, sizeof(*job->files), GFP_KERNEL_ACCOUNT);
	if (!job->files)
		return -ENOMEM;
	job->nr_files = 6 * job->nr;
	for (i = 0; i < job->nr; i++) {
		const struct ptree_call *call = &job->calls[i];

		if (call->flags || (call->data | call->files) >> 6 || call->data & call->files)
			return ptree_netlink_refuse(info, PTREE_A_CALLS, -EINVAL, "PTREE_A_CALLS has unknown flags");
		for (a = 0; a < 6; a++) {
			if (call->data & (1 << a) && call->args[a] >= job->size)
				return ptree_netlink_refuse(info, PTREE_A_CALLS, -EINVAL,
					      "PTREE_A_CALLS has an argument behind the end of PTREE_A_DATA");
			if (!(call->files & (1 << a)))
				continue;
			job->files[6 * i + a] = fget_raw((unsigned int)call->args[a]);
			if (!job->files[6 * i + a])
				return ptree_netlink_refuse(info, PTREE_A_CALLS, -EBADF,
					      "PTREE_A_CALLS has an argument that is no open file");
		}
	}
	return 0;
}

static int call_task_take(struct ptree_job *job, struct genl_info *info, u32 flags)
{
	struct ptree_member *member;
	u32 number;

	if (flags & PTREE_CALL_INIT) {
		if (flags & PTREE_CALL_SOURCE)
			return ptree_netlink_refuse(info, PTREE_A_FLAGS, -EINVAL, "the source has no init");
		job->task = get_task_struct(job->op->init);
		return 0;
	}
	if (!info->attrs[PTREE_A_MEMBER])
		return ptree_netlink_missing(info, PTREE_A_MEMBER, "PTREE_A_MEMBER is missing");
	number = nla_get_u32(info->attrs[PTREE_A_MEMBER]);
	if (number >= job->op->nr_members)
		return ptree_netlink_refuse(info, PTREE_A_MEMBER, -ERANGE, "the op has no such member");
	member = &job->op->members[number];
	if (member->zombie)
		return ptree_netlink_refuse(info, PTREE_A_MEMBER, -ESRCH, "the member is a zombie");
	job->task = get_task_struct(flags & PTREE_CALL_SOURCE ? member_carrier(member) : member_twin(member));
	return 0;
}

static int call_parse(struct ptree_job *job, struct genl_info *info)
{
	u32 flags = info->attrs[PTREE_A_FLAGS] ? nla_get_u32(info->attrs[PTREE_A_FLAGS]) : 0;
	struct nlattr *calls = info->attrs[PTREE_A_CALLS], *data = info->attrs[PTREE_A_DATA];
	int r;

	if (!calls)
		return ptree_netlink_missing(info, PTREE_A_CALLS, "PTREE_A_CALLS is missing");
	r = call_task_take(job, info, flags);
	if (r < 0)
		return r;
	if (nla_len(calls) % sizeof(*job->calls) || nla_len(calls) == 0)
		return ptree_netlink_refuse(info, PTREE_A_CALLS, -EINVAL, "PTREE_A_CALLS is no array of struct ptree_call");

	job->nr = nla_len(calls) / sizeof(*job->calls);
	job->calls = kmemdup(nla_data(calls), nla_len(calls), GFP_KERNEL_ACCOUNT);
	job->results = kcalloc(job->nr, sizeof(*job->results), GFP_KERNEL_ACCOUNT);
	if (!job->calls || !job->results)
		return -ENOMEM;
	if (data) {
		job->size = nla_len(data);
		job->data = kvmalloc(job->size, GFP_KERNEL_ACCOUNT);
		if (!job->data)
			return -ENOMEM;
		memcpy(job->data, nla_data(data), job->size);
	}
	job->all = flags & PTREE_CALL_ALL;
	if (flags & PTREE_CALL_PRIVILEGED)
		job->cred = get_current_cred();
	return call_files_take(job, info);
}

static int job_doit(struct genl_info *info, u8 command, int (*parse)(struct ptree_job *job, struct genl_info *info))
{
	struct ptree_op *op = op_take(info);
	struct ptree_job *job;
	int r = -ENOMEM;

	if (IS_ERR(op))
		return PTR_ERR(op);
	job = ptree_job_new(op, command);
	if (job) {
		r = parse(job, info);
		if (r == 0)
			ptree_job_start(job);
		else
			ptree_job_put(job);
	}
	if (r < 0)
		ptree_owner_idle(op);
	ptree_op_put(op);
	return r;
}

int ptree_netlink_install(struct sk_buff *skb, struct genl_info *info)
{
	return job_doit(info, PTREE_CMD_INSTALL, install_parse);
}

int ptree_netlink_call(struct sk_buff *skb, struct genl_info *info)
{
	return job_doit(info, PTREE_CMD_CALL, call_parse);
}

/* ptree_netlink_job_result() - tell the owner what came of an INSTALL or a CALL. */
void ptree_netlink_job_result(struct ptree_job *job)
{
	bool calls = job->command == PTREE_CMD_CALL && job->error == 0;
	struct ptree_op *op = job->op;
	struct sk_buff *skb;
	void *header;

	skb = genlmsg_new(NLMSG_DEFAULT_SIZE + job->size, GFP_KERNEL);
	if (!skb)
		return;
	header = genlmsg_put(skb, op->portid, 0, &ptree_netlink_family, 0, job->command);
	if (!header ||
	    nla_put_u32(skb, PTREE_A_OP, op->number) ||
	    nla_put_s32(skb, PTREE_A_ERRNO, job->error) ||
	    (job->error && nla_put_string(skb, PTREE_A_MESSAGE, job->message)) ||
	    (job->error && job->file != U32_MAX && nla_put_u32(skb, PTREE_A_FILE, job->file)) ||
	    (calls && nla_put(skb, PTREE_A_RESULTS, job->nr_results * sizeof(*job->results), job->results)) ||
	    (calls && job->size && nla_put(skb, PTREE_A_DATA, job->size, job->data))) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_unicast(&init_net, skb, op->portid);
}
