// SPDX-License-Identifier: LGPL-2.1-or-later
/* Extended acknowledgements of netlink (NETLINK_EXT_ACK), parsed by hand: layout in linux/netlink.h, nlmsgerr. */
#include <linux/netlink.h>
#include <string.h>

#include "kernel.h"

/*
 * Behind the error code comes the header of the request, with its payload unless NLM_F_CAPPED says that it was left out,
 * then, if NLM_F_ACK_TLVS is set, attributes. Every length is checked: a test feeds this with garbage.
 */
int ptree_kernel_parse_ack(const struct nlmsghdr *h, char *message, size_t size, uint32_t *ret_offset)
{
	const struct nlmsgerr *error = NLMSG_DATA(h);
	size_t at = NLMSG_HDRLEN + sizeof(*error), end = h->nlmsg_len;

	if (size > 0)
		message[0] = '\0';
	if (ret_offset)
		*ret_offset = 0;
	if (h->nlmsg_type != NLMSG_ERROR || end < at || error->error > 0)
		return -EBADMSG;
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return error->error;
	if (!(h->nlmsg_flags & NLM_F_CAPPED)) {
		if (error->msg.nlmsg_len < sizeof(error->msg))
			return error->error;
		at += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
	}
	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *attr = (const struct nlattr *)((const char *)h + at);
		const char *data = (const char *)attr + NLA_HDRLEN;
		size_t length;

		if (attr->nla_len < NLA_HDRLEN || attr->nla_len > end - at)
			break;
		length = attr->nla_len - NLA_HDRLEN;
		if (attr->nla_type == NLMSGERR_ATTR_MSG && size > 0) {
			size_t n = strnlen(data, length);

			if (n >= size)
				n = size - 1;
			memcpy(message, data, n);
			message[n] = '\0';
		} else if (attr->nla_type == NLMSGERR_ATTR_OFFS && length == sizeof(uint32_t) && ret_offset) {
			memcpy(ret_offset, data, sizeof(uint32_t));
		}
		at += NLA_ALIGN(attr->nla_len);
	}
	return error->error;
}
