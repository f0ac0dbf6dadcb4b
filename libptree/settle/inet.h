/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets of IPv4 and IPv6, of netlink, and of all other families, for the table of kinds. */
#ifndef PTREE_INET_H
#define PTREE_INET_H

#include "../settle.h"

bool ptree_tcp_is_listener(const struct ptree_file *f);
int ptree_tcp_judge_listener(struct ptree_op *op, struct ptree_file *f);
int ptree_tcp_settle_listener(struct ptree_op *op, struct ptree_file *f);

bool ptree_tcp_is(const struct ptree_file *f);
int ptree_tcp_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_tcp_capture(struct ptree_op *op, struct ptree_file *f);
int ptree_tcp_settle(struct ptree_op *op, struct ptree_file *f);

bool ptree_udp_is(const struct ptree_file *f);
int ptree_udp_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_udp_capture(struct ptree_op *op, struct ptree_file *f);
int ptree_udp_settle(struct ptree_op *op, struct ptree_file *f);

bool ptree_netlink_is(const struct ptree_file *f);
int ptree_netlink_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_netlink_capture(struct ptree_op *op, struct ptree_file *f);
int ptree_netlink_settle(struct ptree_op *op, struct ptree_file *f);

bool ptree_socket_is(const struct ptree_file *f);
int ptree_socket_judge(struct ptree_op *op, struct ptree_file *f);

void ptree_inet_release(struct ptree_file *f);

#endif
