/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the netlink side have in common. */
#ifndef PTREE_NETLINK_H
#define PTREE_NETLINK_H

#include <net/genetlink.h>
#include "uapi/ptree.h"
#include "compat.h"

extern struct genl_family ptree_netlink_family;

/* Both the opener of the socket and the sender of the message must be trusted, reading or not. -EPERM. */
int ptree_netlink_sender_check(struct sk_buff *skb, struct netlink_ext_ack *extack);

/* The task of a pidfd of current's; counted. ERR_PTR: -EBADF; -ESRCH. */
struct task_struct *ptree_netlink_task_of_pidfd(int fd);

/* A refusal, with the attribute and a static sentence. Return @error, or -EINVAL. */
int ptree_netlink_missing(struct genl_info *info, int attribute, const char *message);
int ptree_netlink_refuse(struct genl_info *info, int attribute, int error, const char *message);

/* netlink-files.c: FILES */
extern const struct nla_policy ptree_netlink_files_policy[PTREE_A_MAX + 1];
int ptree_netlink_files_start(struct netlink_callback *cb);
int ptree_netlink_files_dump(struct sk_buff *skb, struct netlink_callback *cb);
int ptree_netlink_files_done(struct netlink_callback *cb);

/* netlink-job.c: INSTALL and CALL */
extern const struct nla_policy ptree_netlink_install_policy[PTREE_A_MAX + 1];
extern const struct nla_policy ptree_netlink_call_policy[PTREE_A_MAX + 1];
int ptree_netlink_install(struct sk_buff *skb, struct genl_info *info);
int ptree_netlink_call(struct sk_buff *skb, struct genl_info *info);

#endif
