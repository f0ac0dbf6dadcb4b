// SPDX-License-Identifier: GPL-2.0-or-later
/* Extended acknowledgements: kernel-ack.c. */
#include "support.h"

#include <linux/netlink.h>
#include <string.h>

struct ack {
	struct nlmsghdr h;
	struct nlmsgerr error;
	char rest[256];
};

static void attr_add(struct ack *a, uint16_t type, const void *data, size_t size)
{
	struct nlattr *attr = (struct nlattr *)((char *)a + a->h.nlmsg_len);

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(NLA_HDRLEN + size);
	memcpy((char *)attr + NLA_HDRLEN, data, size);
	a->h.nlmsg_len += NLA_ALIGN(attr->nla_len);
}

static struct ack ack(int error, uint16_t flags)
{
	return (struct ack){
		.h = { .nlmsg_len = offsetof(struct ack, rest), .nlmsg_type = NLMSG_ERROR, .nlmsg_flags = flags },
		.error = { .error = error, .msg = { .nlmsg_len = sizeof(struct nlmsghdr) } },
	};
}

static void sentence_and_attribute_are_found(void **state)
{
	struct ack a = ack(-EINVAL, NLM_F_CAPPED | NLM_F_ACK_TLVS);
	uint32_t at = 20, offset;
	char message[64];

	(void)state;
	attr_add(&a, NLMSGERR_ATTR_OFFS, &at, sizeof(at));
	attr_add(&a, NLMSGERR_ATTR_MSG, "PTREE_A_OP is missing", 22);
	assert_int_equal(ptree_kernel_parse_ack(&a.h, message, sizeof(message), &offset), -EINVAL);
	assert_string_equal(message, "PTREE_A_OP is missing");
	assert_int_equal(offset, 20);
}

static void payload_of_the_request_is_skipped(void **state)
{
	struct ack a = ack(-EPERM, NLM_F_ACK_TLVS);
	char message[64];

	(void)state;
	a.error.msg.nlmsg_len += 8;
	a.h.nlmsg_len += 8;
	attr_add(&a, NLMSGERR_ATTR_MSG, "no", 3);
	assert_int_equal(ptree_kernel_parse_ack(&a.h, message, sizeof(message), NULL), -EPERM);
	assert_string_equal(message, "no");
}

static void plain_acknowledgement_says_nothing(void **state)
{
	struct ack a = ack(0, 0);
	char message[64] = "old";

	(void)state;
	assert_int_equal(ptree_kernel_parse_ack(&a.h, message, sizeof(message), NULL), 0);
	assert_string_equal(message, "");
}

static void long_sentence_is_cut(void **state)
{
	struct ack a = ack(-EINVAL, NLM_F_CAPPED | NLM_F_ACK_TLVS);
	char message[8];

	(void)state;
	attr_add(&a, NLMSGERR_ATTR_MSG, "a long sentence", 16);
	assert_int_equal(ptree_kernel_parse_ack(&a.h, message, sizeof(message), NULL), -EINVAL);
	assert_string_equal(message, "a long ");
}

static void garbage_is_never_read_beyond_its_end(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed < 200000; seed++) {
		struct ack *a = malloc(sizeof(*a));
		uint32_t x = seed * 2654435761u;
		char message[32];
		uint32_t offset;

		for (size_t i = 0; i < sizeof(*a); i++) {
			x ^= x << 13, x ^= x >> 17, x ^= x << 5;
			((unsigned char *)a)[i] = x & 3 ? (unsigned char)(x >> 8) & 31 : 0;
		}
		a->h.nlmsg_len = x % (sizeof(*a) + 1);
		a->h.nlmsg_type = NLMSG_ERROR;
		a->h.nlmsg_flags |= NLM_F_ACK_TLVS;
		a->error.error = -(int)(x & 63);
		assert_true(ptree_kernel_parse_ack(&a->h, message, sizeof(message), &offset) <= 0);
		assert_true(strlen(message) < sizeof(message));
		free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sentence_and_attribute_are_found),
		cmocka_unit_test(payload_of_the_request_is_skipped),
		cmocka_unit_test(plain_acknowledgement_says_nothing),
		cmocka_unit_test(long_sentence_is_cut),
		cmocka_unit_test(garbage_is_never_read_beyond_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
