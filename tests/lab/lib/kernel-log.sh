# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's log since a mark: any complaint in it fails the test during which it came.
# shellcheck shell=bash

LOG_MARK=''

log_mark()
{
	LOG_MARK="lab-test $1 $RANDOM$RANDOM"
	echo "$LOG_MARK" >/dev/kmsg
}

log_since_mark()
{
	dmesg | awk -v mark="$LOG_MARK" 'seen; index($0, mark) { seen = 1 }'
}

# log_complaints: prints the first; false if there is one.
log_complaints()
{
	local found
	found=$(log_since_mark | grep -E '^\[ *[0-9.]+\](\[ *[TC][0-9]+\])? (WARNING: |BUG|Oops|general protection|'\
'kernel BUG|int3:|INFO: (task|rcu|possible|lockdep|trying|suspicious)|rcu: INFO|=+ *WARNING|KASAN|KFENCE|UBSAN|refcount_t|'\
'list_(add|del) corruption|Bad (page|rss)|DEBUG_LOCKS|Missing ENDBR|Control protection|sleeping function|scheduling while|'\
'watchdog: BUG|unable to handle|Voluntary context switch|unreferenced object|ptree: .*(BUG|leak))' | head -n 3)
	[[ -n $found ]] || return 0
	tr '\n' ' ' <<<"$found"
	return 1
}
