// SPDX-License-Identifier: GPL-2.0-only
/* Looks up the borrowed symbols once, at load. The table itself is in symbols.h. */
#define pr_fmt(fmt) "ptree: " fmt

#include <linux/kprobes.h>
#include "symbols.h"

#define X(type, name) type *ptree_##name;
PTREE_BORROWED_VARIABLES(X)
#undef X

#define X(type, name, ...) DEFINE_STATIC_CALL_NULL(ptree_##name, ptree_proto_##name);
PTREE_BORROWED_FUNCTIONS(X)
#undef X

typedef unsigned long lookup_fn(const char *name);

/*
 * kallsyms_lookup_name() has not been exported since v5.7, but a kprobe on it tells its address. It is called through
 * a static call like all the others.
 */
static unsigned long lookup_unset(const char *name)
{
	return 0;
}

DEFINE_STATIC_CALL(ptree_lookup, lookup_unset);

static int lookup_init(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	lookup_fn *lookup;
	int r;

	r = register_kprobe(&probe);
	if (r < 0) {
		pr_err("no kprobe on kallsyms_lookup_name (%d): the kernel needs CONFIG_KPROBES\n", r);
		return r;
	}
	/* Under IBT the probe sits behind the function's ENDBR, which a direct call may skip. */
	lookup = (lookup_fn *)probe.addr;
	unregister_kprobe(&probe);
	static_call_update(ptree_lookup, lookup);
	return 0;
}

static unsigned long lookup_or_say(const char *name)
{
	unsigned long address = static_call(ptree_lookup)(name);

	if (!address)
		pr_err("this kernel has no symbol %s; ptree does not support it\n", name);
	return address;
}

int ptree_symbols_init(void)
{
	unsigned long address;
	int r;

	r = lookup_init();
	if (r < 0)
		return r;

#define X(type, name) \
	address = lookup_or_say(#name); \
	if (!address) \
		return -ENOENT; \
	ptree_##name = (type *)address;
	PTREE_BORROWED_VARIABLES(X)
#undef X

#define X(type, name, ...) \
	address = lookup_or_say(#name); \
	if (!address) \
		return -ENOENT; \
	static_call_update(ptree_##name, (typeof(&ptree_proto_##name))address);
	PTREE_BORROWED_FUNCTIONS(X)
#undef X
	return 0;
}
