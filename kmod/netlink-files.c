// SPDX-License-Identifier: GPL-2.0-only
/* FILES: parses the request and tells the view. Making the view is files.c's task. */
#include <linux/sched/task.h>
#include <linux/slab.h>
#include "files.h"
#include "netlink.h"
#include "op.h"

const struct nla_policy ptree_netlink_files_policy[PTREE_A_MAX + 1] = {
	[PTREE_A_OP]		= NLA_POLICY_MIN(NLA_U32, 1),
	[PTREE_A_MEMBERS]	= { .type = NLA_BINARY, .len = PTREE_MAX_MEMBERS * sizeof(s32) },
	[PTREE_A_REQUESTER]	= { .type = NLA_S32 },
};


/* Of an op: its members and their twins, remembered for INSTALL. */
static struct ptree_view *view_of_op(u32 portid, u32 number)
{
	struct ptree_op *op = ptree_owner_busy(portid, number);
	struct task_struct **tasks;
	struct ptree_view *view;
	unsigned int i;

	if (IS_ERR(op))
		return ERR_CAST(op);
	tasks = kvmalloc_array(op->nr_members, 2 * sizeof(*tasks), GFP_KERNEL_ACCOUNT);
	if (!tasks) {
		view = ERR_PTR(-ENOMEM);
		goto idle;
	}
	for (i = 0; i < op->nr_members; i++) {
		tasks[i] = member_carrier(&op->members[i]);
		tasks[op->nr_members + i] = member_twin(&op->members[i]);
	}
	view = ptree_view_new(tasks, tasks + op->nr_members, op->nr_members);
	kvfree(tasks);
	if (!IS_ERR(view)) {
		ptree_view_put(op->view);
		op->view = view;
		ptree_view_get(view);
	}
idle:
	ptree_owner_idle(op);
	ptree_op_put(op);
	return view;
}

/* Whose rights count: @attr's, or the sender's. Counted. ERR_PTR. */
static const struct cred *requester_of(const struct nlattr *attr)
{
	const struct cred *requester;
	struct task_struct *task;

	if (!attr)
		return get_current_cred();
	task = ptree_netlink_task_of_pidfd(nla_get_s32(attr));
	if (IS_ERR(task))
		return ERR_CAST(task);
	requester = get_task_cred(task);
	put_task_struct(task);
	return requester;
}

static struct ptree_view *view_of_pidfds(const s32 *pidfds, unsigned int nr, const struct cred *requester)
{
	struct ptree_view *view = ERR_PTR(-ENOMEM);
	struct task_struct **tasks;
	unsigned int i;
	int r;

	tasks = kvmalloc_array(nr, sizeof(*tasks), GFP_KERNEL_ACCOUNT);
	if (!tasks)
		return view;
	for (i = 0; i < nr; i++) {
		struct task_struct *leader = ptree_netlink_task_of_pidfd(pidfds[i]);

		/* Processes that nobody has frozen end, and are gone. Not so the root: without it there is nothing to look at. */
		if (PTR_ERR_OR_ZERO(leader) == -ESRCH && i + 1 < nr) {
			tasks[i] = NULL;
			continue;
		}
		if (IS_ERR(leader)) {
			view = ERR_CAST(leader);
			break;
		}
		tasks[i] = ptree_process_carrier(leader);
		put_task_struct(leader);
		r = ptree_requester_check(requester, tasks[i]);
		if (r < 0) {
			put_task_struct(tasks[i]);
			view = ERR_PTR(r);
			break;
		}
	}
	if (i == nr)
		view = ptree_view_new(tasks, NULL, nr);
	while (i-- > 0)
		if (tasks[i])
			put_task_struct(tasks[i]);
	kvfree(tasks);
	return view;
}

/* Where a dump stands, in netlink_callback.args. */
enum { DUMP_VIEW, DUMP_PART, DUMP_AT, DUMP_TEXT_AT };

int ptree_netlink_files_start(struct netlink_callback *cb)
{
	struct nlattr **attrs = compat_dump_attrs(cb);
	struct nlattr *op = attrs[PTREE_A_OP], *members = attrs[PTREE_A_MEMBERS];
	const struct cred *requester;
	struct ptree_view *view;
	int r;

	r = ptree_netlink_sender_check(cb->skb, cb->extack);
	if (r < 0)
		return r;
	if (!op == !members || (op && attrs[PTREE_A_REQUESTER])) {
		NL_SET_ERR_MSG(cb->extack, "FILES wants either PTREE_A_OP or PTREE_A_MEMBERS");
		return -EINVAL;
	}
	requester = requester_of(attrs[PTREE_A_REQUESTER]);
	if (IS_ERR(requester)) {
		NL_SET_ERR_MSG(cb->extack, "PTREE_A_REQUESTER is no pidfd of a process");
		return PTR_ERR(requester);
	}
	if (op)
		view = view_of_op(NETLINK_CB(cb->skb).portid, nla_get_u32(op));
	else
		view = view_of_pidfds(nla_data(members), nla_len(members) / sizeof(s32), requester);
	put_cred(requester);
	if (IS_ERR(view)) {
		NL_SET_ERR_MSG(cb->extack, "the members cannot be looked at");
		return PTR_ERR(view);
	}
	cb->args[DUMP_VIEW] = (long)view;
	return 0;
}

int ptree_netlink_files_done(struct netlink_callback *cb)
{
	ptree_view_put((struct ptree_view *)cb->args[DUMP_VIEW]);
	return 0;
}

/* As many as there is room for, from @at on. Returns how many. */
static unsigned int array_put(struct sk_buff *skb, int attribute, const void *array, size_t size, unsigned int at,
			      unsigned int nr)
{
	size_t room = min_t(size_t, max(skb_tailroom(skb) - NLA_HDRLEN - NLA_ALIGNTO, 0), U16_MAX - NLA_HDRLEN);
	unsigned int n = min_t(unsigned int, nr - at, room / size);

	return n && nla_put(skb, attribute, n * size, array + at * size) == 0 ? n : 0;
}

static unsigned int infos_put(struct sk_buff *skb, const struct ptree_view *view, unsigned int at)
{
	unsigned int n = 0;
	struct nlattr *attr;

	attr = nla_reserve(skb, PTREE_A_FILES, 0);
	while (attr && at + n < view->nr_files && attr->nla_len < 16384) {
		void *to = skb_tailroom(skb) < (int)sizeof(view->files[0].info) + NLA_ALIGNTO ? NULL :
			   skb_put(skb, sizeof(view->files[0].info));

		if (!to)
			break;
		memcpy(to, &view->files[at + n++].info, sizeof(view->files[0].info));
		attr->nla_len += sizeof(view->files[0].info);
	}
	return n;
}

/* One part of one text. Returns how many bytes of it; 0: no room. */
static unsigned int text_put(struct sk_buff *skb, const struct ptree_view *view, u32 file, unsigned int at)
{
	int room = skb_tailroom(skb) - NLA_HDRLEN - NLA_ALIGNTO - (int)sizeof(struct ptree_fdinfo);
	unsigned int n = min_t(unsigned int, view->files[file].text_size - at, min(max(room, 0), 16384));
	struct ptree_fdinfo *info;
	struct nlattr *attr;

	if (!n)
		return 0;
	attr = nla_reserve(skb, PTREE_A_FDINFO, sizeof(*info) + n);
	if (!attr)
		return 0;
	info = nla_data(attr);
	info->file = file;
	info->offset = at;
	memcpy(info->text, view->files[file].text + at, n);
	return n;
}

static int files_fill(struct sk_buff *skb, struct netlink_callback *cb, const struct ptree_view *view)
{
	unsigned long *at = (unsigned long *)&cb->args[DUMP_AT], *text_at = (unsigned long *)&cb->args[DUMP_TEXT_AT];
	unsigned int n;

	switch (cb->args[DUMP_PART]) {
	case 0:
		n = infos_put(skb, view, *at);
		*at += n;
		if (*at < view->nr_files)
			return n ? 0 : -EMSGSIZE;
		break;
	case 1:
		n = array_put(skb, PTREE_A_FDS, view->fds, sizeof(*view->fds), *at, view->nr_fds);
		*at += n;
		if (*at < view->nr_fds)
			return n ? 0 : -EMSGSIZE;
		break;
	case 2:
		n = array_put(skb, PTREE_A_MAPPINGS, view->mappings, sizeof(*view->mappings), *at, view->nr_mappings);
		*at += n;
		if (*at < view->nr_mappings)
			return n ? 0 : -EMSGSIZE;
		break;
	case 3:
		for (; *at < view->nr_files; (*at)++, *text_at = 0) {
			while (*text_at < view->files[*at].text_size) {
				n = text_put(skb, view, *at, *text_at);
				*text_at += n;
				if (!n)
					return 0;
			}
		}
		break;
	}
	cb->args[DUMP_PART]++;
	*at = 0;
	return 0;
}

int ptree_netlink_files_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ptree_view *view = (struct ptree_view *)cb->args[DUMP_VIEW];
	void *header;
	int r;

	if (cb->args[DUMP_PART] > 3)
		return 0;
	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &ptree_netlink_family, NLM_F_MULTI, PTREE_CMD_FILES);
	if (!header)
		return -EMSGSIZE;
	r = files_fill(skb, cb, view);
	if (r < 0) {
		genlmsg_cancel(skb, header);
		return r;
	}
	genlmsg_end(skb, header);
	return skb->len;
}
