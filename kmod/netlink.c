// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink: the family, who may talk to it, and the life of an op: CLONE, RELEASE, DISCARD. Parses requests and
 * answers them, as uapi/ptree.h promises; what they do is other files' task, FILES and jobs are netlink-*.c's.
 */
#include <linux/file.h>
#include <linux/magic.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include "uapi/ptree.h"
#include "netlink.h"
#include "op.h"
#include "symbols.h"

#define FEATURES (PTREE_FEATURE_THREADS | PTREE_FEATURE_ZOMBIES | PTREE_FEATURE_STOPPED | PTREE_FEATURE_FILES | PTREE_FEATURE_CALL)
#define MAX_THREADS 1000000

/* Attributes without a policy of their own are refused by genetlink's strict validation. */
static const struct nla_policy no_policy[PTREE_A_MAX + 1] = { };

static struct netlink_range_validation deadline_range = { .min = 1, .max = 3600ULL * USEC_PER_SEC };

static const struct nla_policy clone_policy[PTREE_A_MAX + 1] = {
	[PTREE_A_OP]		= NLA_POLICY_MIN(NLA_U32, 1),
	[PTREE_A_MEMBERS]	= { .type = NLA_BINARY, .len = PTREE_MAX_MEMBERS * sizeof(s32) },
	[PTREE_A_INIT]		= { .type = NLA_S32 },
	[PTREE_A_CGROUP]	= { .type = NLA_S32 },
	[PTREE_A_FREEZE]	= { .type = NLA_BINARY, .len = PTREE_MAX_FREEZE * sizeof(s32) },
	[PTREE_A_DEADLINE_USEC]	= NLA_POLICY_FULL_RANGE(NLA_U64, &deadline_range),
	[PTREE_A_REQUESTER]	= { .type = NLA_S32 },
	[PTREE_A_FLAGS]		= NLA_POLICY_MASK(NLA_U32, PTREE_CLONE_NET | PTREE_CLONE_IPC | PTREE_CLONE_UTS |
						  PTREE_CLONE_MNT),
	[PTREE_A_NAMESPACES]	= { .type = NLA_S32 },
};

static const struct nla_policy op_policy[PTREE_A_MAX + 1] = {
	[PTREE_A_OP]		= NLA_POLICY_MIN(NLA_U32, 1),
};

/* Both the opener of the socket and the sender of the message must be trusted, reading or not. */
int ptree_netlink_sender_check(struct sk_buff *skb, struct netlink_ext_ack *extack)
{
	static const int needed[] = { CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_CHECKPOINT_RESTORE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		if (!netlink_capable(skb, needed[i])) {
			NL_SET_ERR_MSG(extack, "ptree needs CAP_SYS_ADMIN, CAP_SYS_PTRACE and "
				       "CAP_CHECKPOINT_RESTORE in the initial user namespace");
			return -EPERM;
		}
	}
	return 0;
}

static int permission_check(const compat_genl_ops_t *ops, struct sk_buff *skb, struct genl_info *info)
{
	return ptree_netlink_sender_check(skb, info->extack);
}

static int features_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	void *header;

	reply = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	header = genlmsg_put_reply(reply, info, &ptree_netlink_family, 0, PTREE_CMD_FEATURES);
	if (!header ||
	    nla_put_u32(reply, PTREE_A_ABI, PTREE_ABI) ||
	    nla_put_string(reply, PTREE_A_VERSION, THIS_MODULE->version) ||
	    nla_put_u64_64bit(reply, PTREE_A_FEATURES, FEATURES, PTREE_A_PAD) ||
	    nla_put_u32(reply, PTREE_A_MAX_MEMBERS, PTREE_MAX_MEMBERS) ||
	    nla_put_u32(reply, PTREE_A_MAX_THREADS, MAX_THREADS) ||
	    nla_put_u32(reply, PTREE_A_NR_OPS, ptree_owner_count())) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

int ptree_netlink_missing(struct genl_info *info, int attribute, const char *message)
{
	NL_SET_ERR_ATTR_MISS(info->extack, NULL, attribute);
	info->extack->_msg = message;
	return -EINVAL;
}

int ptree_netlink_refuse(struct genl_info *info, int attribute, int error, const char *message)
{
	NL_SET_BAD_ATTR(info->extack, info->attrs[attribute]);
	info->extack->_msg = message;
	return error;
}

struct task_struct *ptree_netlink_task_of_pidfd(int fd)
{
	struct task_struct *task;
	unsigned int flags;
	struct pid *pid;

	pid = borrowed(pidfd_get_pid)(fd, &flags);
	if (IS_ERR(pid))
		return ERR_CAST(pid);
	task = get_pid_task(pid, PIDTYPE_TGID);
	put_pid(pid);
	return task ?: ERR_PTR(-ESRCH);
}

static bool is_cgroup_file(const struct file *file)
{
	return file_inode(file)->i_sb->s_magic == CGROUP2_SUPER_MAGIC;
}

static int init_take(struct ptree_op *op, struct genl_info *info)
{
	struct task_struct *init;
	struct mm_struct *mm;

	init = ptree_netlink_task_of_pidfd(nla_get_s32(info->attrs[PTREE_A_INIT]));
	if (IS_ERR(init))
		return ptree_netlink_refuse(info, PTREE_A_INIT, PTR_ERR(init), "PTREE_A_INIT is no pidfd of a living process");
	op->init = init;
	op->init_pid = get_task_pid(init, PIDTYPE_PID);
	op->ns = task_active_pid_ns(init);
	if (!op->init_pid || !op->ns || READ_ONCE(op->ns->child_reaper) != init || op->ns == &init_pid_ns)
		return ptree_netlink_refuse(info, PTREE_A_INIT, -EINVAL, "PTREE_A_INIT is not pid 1 of a pid namespace of its own");
	mm = get_task_mm(init);
	if (!mm)
		return ptree_netlink_refuse(info, PTREE_A_INIT, -ESRCH, "PTREE_A_INIT is exiting");
	op->memcg = get_mem_cgroup_from_mm(mm);
	mmput(mm);
	return 0;
}

static int cgroup_take(struct ptree_op *op, struct genl_info *info)
{
	op->cgroup = fget_raw(nla_get_s32(info->attrs[PTREE_A_CGROUP]));
	if (!op->cgroup)
		return ptree_netlink_refuse(info, PTREE_A_CGROUP, -EBADF, "PTREE_A_CGROUP is no open file");
	if (!is_cgroup_file(op->cgroup) || !S_ISDIR(file_inode(op->cgroup)->i_mode))
		return ptree_netlink_refuse(info, PTREE_A_CGROUP, -EINVAL, "PTREE_A_CGROUP is no cgroup v2 directory");
	return 0;
}

static int freeze_take(struct ptree_op *op, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[PTREE_A_FREEZE];
	const s32 *fds = nla_data(attr);
	unsigned int nr = nla_len(attr) / sizeof(*fds), i;

	if (nla_len(attr) % sizeof(*fds) || nr == 0)
		return ptree_netlink_refuse(info, PTREE_A_FREEZE, -EINVAL, "PTREE_A_FREEZE is no array of s32");
	op->freeze = kcalloc(nr, sizeof(*op->freeze), GFP_KERNEL_ACCOUNT);
	if (!op->freeze)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		struct file *file = fget(fds[i]);

		if (!file)
			return ptree_netlink_refuse(info, PTREE_A_FREEZE, -EBADF, "PTREE_A_FREEZE has a number that is no open file");
		op->freeze[op->nr_freeze++] = file;
		if (!is_cgroup_file(file) || !(file->f_mode & FMODE_WRITE) ||
		    strcmp(file_dentry(file)->d_name.name, "cgroup.freeze") != 0)
			return ptree_netlink_refuse(info, PTREE_A_FREEZE, -EINVAL,
				      "PTREE_A_FREEZE has a file that is no cgroup.freeze, open for writing");
	}
	return 0;
}

static int requester_take(struct ptree_op *op, struct genl_info *info)
{
	struct task_struct *task;

	if (!info->attrs[PTREE_A_REQUESTER]) {
		op->requester = get_current_cred();
		return 0;
	}
	task = ptree_netlink_task_of_pidfd(nla_get_s32(info->attrs[PTREE_A_REQUESTER]));
	if (IS_ERR(task))
		return ptree_netlink_refuse(info, PTREE_A_REQUESTER, PTR_ERR(task), "PTREE_A_REQUESTER is no pidfd of a process");
	op->requester = get_task_cred(task);
	put_task_struct(task);
	return 0;
}

static int namespaces_take(struct ptree_op *op, struct genl_info *info)
{
	struct task_struct *task;

	op->flags = info->attrs[PTREE_A_FLAGS] ? nla_get_u32(info->attrs[PTREE_A_FLAGS]) : 0;
	if (!op->flags)
		return 0;
	if (!info->attrs[PTREE_A_NAMESPACES])
		return ptree_netlink_missing(info, PTREE_A_NAMESPACES, "PTREE_A_FLAGS ask for PTREE_A_NAMESPACES");
	task = ptree_netlink_task_of_pidfd(nla_get_s32(info->attrs[PTREE_A_NAMESPACES]));
	if (IS_ERR(task))
		return ptree_netlink_refuse(info, PTREE_A_NAMESPACES, PTR_ERR(task),
					    "PTREE_A_NAMESPACES is no pidfd of a living process");
	task_lock(task);
	op->donor = task->nsproxy;
	if (op->donor)
		get_nsproxy(op->donor);
	task_unlock(task);
	put_task_struct(task);
	return op->donor ? 0 : ptree_netlink_refuse(info, PTREE_A_NAMESPACES, -ESRCH, "PTREE_A_NAMESPACES is exiting");
}

static int members_take(struct ptree_op *op, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[PTREE_A_MEMBERS];
	unsigned int nr = nla_len(attr) / sizeof(s32);
	int r;

	if (nla_len(attr) % sizeof(s32) || nr == 0)
		return ptree_netlink_refuse(info, PTREE_A_MEMBERS, -EINVAL, "PTREE_A_MEMBERS is no array of s32");
	r = ptree_members_init(op, nla_data(attr), nr);
	if (r < 0) {
		NL_SET_BAD_ATTR(info->extack, attr);
		NL_SET_ERR_MSG(info->extack, "PTREE_A_MEMBERS has a number that is no pidfd of a process");
	}
	return r;
}

static int clone_parse(struct ptree_op *op, struct genl_info *info)
{
	int r;

	op->number = nla_get_u32(info->attrs[PTREE_A_OP]);
	op->portid = info->snd_portid;
	op->owner_ns = get_pid_ns(task_active_pid_ns(current));
	op->deadline = ktime_add_us(ktime_get(), nla_get_u64(info->attrs[PTREE_A_DEADLINE_USEC]));
	r = freeze_take(op, info);
	if (r == 0)
		r = requester_take(op, info);
	if (r == 0)
		r = init_take(op, info);
	if (r == 0)
		r = namespaces_take(op, info);
	if (r == 0)
		r = cgroup_take(op, info);
	if (r == 0)
		r = members_take(op, info);
	return r;
}

static int clone_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct {
		int attribute;
		const char *message;
	} needed[] = {
		{ PTREE_A_OP,		 "PTREE_A_OP is missing" },
		{ PTREE_A_MEMBERS,	 "PTREE_A_MEMBERS is missing" },
		{ PTREE_A_INIT,		 "PTREE_A_INIT is missing" },
		{ PTREE_A_CGROUP,	 "PTREE_A_CGROUP is missing" },
		{ PTREE_A_FREEZE,	 "PTREE_A_FREEZE is missing" },
		{ PTREE_A_DEADLINE_USEC, "PTREE_A_DEADLINE_USEC is missing" },
	};
	struct ptree_op *op;
	unsigned int i;
	int r;

	for (i = 0; i < ARRAY_SIZE(needed); i++)
		if (!info->attrs[needed[i].attribute])
			return ptree_netlink_missing(info, needed[i].attribute, needed[i].message);

	op = ptree_op_new();
	if (!op)
		return -ENOMEM;
	r = clone_parse(op, info);
	if (r == 0) {
		r = ptree_owner_add(op);
		if (r == -EEXIST)
			ptree_netlink_refuse(info, PTREE_A_OP, r, "PTREE_A_OP is the number of an op under way");
		else if (r == -EBUSY)
			NL_SET_ERR_MSG(info->extack, "too many ops are under way");
	}
	if (r < 0)
		ptree_op_put(op);
	return r;
}

static int release_doit(struct sk_buff *skb, struct genl_info *info)
{
	int r;

	if (!info->attrs[PTREE_A_OP])
		return ptree_netlink_missing(info, PTREE_A_OP, "PTREE_A_OP is missing");
	r = ptree_owner_release(info->snd_portid, nla_get_u32(info->attrs[PTREE_A_OP]));
	if (r == -ENOENT)
		return ptree_netlink_refuse(info, PTREE_A_OP, r, "this socket has no such op");
	if (r == -EBUSY)
		return ptree_netlink_refuse(info, PTREE_A_OP, r, "the op has no clone to release");
	return r;
}

static int discard_doit(struct sk_buff *skb, struct genl_info *info)
{
	int r;

	if (!info->attrs[PTREE_A_OP])
		return ptree_netlink_missing(info, PTREE_A_OP, "PTREE_A_OP is missing");
	r = ptree_owner_discard(info->snd_portid, nla_get_u32(info->attrs[PTREE_A_OP]));
	if (r == -ENOENT)
		return ptree_netlink_refuse(info, PTREE_A_OP, r, "this socket has no such op");
	return r;
}

static int twins_put(struct sk_buff *skb, struct ptree_op *op)
{
	unsigned int i, t;

	for (i = 0; i < op->nr_members; i += PTREE_TWINS_CHUNK) {
		unsigned int nr = min_t(unsigned int, op->nr_members - i, PTREE_TWINS_CHUNK);
		struct nlattr *attr = nla_reserve(skb, PTREE_A_TWINS, nr * sizeof(struct ptree_twin));
		struct ptree_twin *twins;

		if (!attr)
			return -EMSGSIZE;
		twins = nla_data(attr);
		for (t = 0; t < nr; t++) {
			struct ptree_member *member = &op->members[i + t];

			twins[t].pid = task_tgid_nr_ns(member_twin(member), op->owner_ns);
			twins[t].nr_threads = member->zombie ? 0 : member->nr_threads;
		}
	}
	return nla_put_u32(skb, PTREE_A_NR_THREADS, op->nr_threads) ||
	       nla_put_u64_64bit(skb, PTREE_A_DUPLICATE_USEC, op->duplicate_usec, PTREE_A_PAD) ? -EMSGSIZE : 0;
}

static void result_send(struct ptree_op *op, u8 command, int error)
{
	bool twins = command == PTREE_CMD_CLONE && error == 0;
	size_t size = NLMSG_DEFAULT_SIZE;
	struct sk_buff *skb;
	void *header;

	if (twins)
		size += op->nr_members * sizeof(struct ptree_twin);
	skb = genlmsg_new(size, GFP_KERNEL);
	if (!skb)
		return;
	header = genlmsg_put(skb, op->portid, 0, &ptree_netlink_family, 0, command);
	if (!header ||
	    nla_put_u32(skb, PTREE_A_OP, op->number) ||
	    nla_put_s32(skb, PTREE_A_ERRNO, error) ||
	    (error && nla_put_string(skb, PTREE_A_MESSAGE, op->message)) ||
	    (error && op->error_pid && nla_put_u32(skb, PTREE_A_PID, op->error_pid)) ||
	    (twins && twins_put(skb, op))) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	/* An owner that is gone or does not read has lost its op or will: nothing else is to be done here. */
	genlmsg_unicast(&init_net, skb, op->portid);
}

void ptree_netlink_clone_result(struct ptree_op *op, int error)
{
	result_send(op, PTREE_CMD_CLONE, error);
}

void ptree_netlink_discard_result(struct ptree_op *op, int error)
{
	if (error)
		ptree_op_fail(op, NULL, error, "the discarded clone does not end");
	result_send(op, PTREE_CMD_DISCARD, error);
}

#define OP(command, handler, attributes) \
	{ .cmd = PTREE_CMD_##command, .doit = handler, .policy = attributes, .maxattr = PTREE_A_MAX }

static const struct genl_ops ops[] = {
	OP(FEATURES, features_doit, no_policy),
	OP(CLONE,    clone_doit,    clone_policy),
	OP(RELEASE,  release_doit,  op_policy),
	OP(DISCARD,  discard_doit,  op_policy),
	OP(INSTALL,  ptree_netlink_install, ptree_netlink_install_policy),
	OP(CALL,     ptree_netlink_call, ptree_netlink_call_policy),
	{ .cmd = PTREE_CMD_FILES, .start = ptree_netlink_files_start, .dumpit = ptree_netlink_files_dump,
	  .done = ptree_netlink_files_done, .policy = ptree_netlink_files_policy, .maxattr = PTREE_A_MAX },
};

struct genl_family ptree_netlink_family = {
	.name		= PTREE_GENL_NAME,
	.version	= PTREE_GENL_VERSION,
	.module		= THIS_MODULE,
	.parallel_ops	= true,
	.pre_doit	= permission_check,
	.ops		= ops,
	.n_ops		= ARRAY_SIZE(ops),
	.resv_start_op	= __PTREE_CMD_MAX,
};

int ptree_netlink_init(void)
{
	return genl_register_family(&ptree_netlink_family);
}

void ptree_netlink_exit(void)
{
	genl_unregister_family(&ptree_netlink_family);
}
