# SPDX-License-Identifier: GPL-2.0-or-later
# Judges a kernel's log: whatever the tests say, a kernel that complains has failed them.
# shellcheck shell=bash disable=SC2034 # the parts of the lab use each other's variables

# At the beginning of a message, so that a program that writes about a WARNING, or crashes by itself, is none.
readonly COMPLAINTS='WARNING: |BUG: |BUG [a-z_-]+ |kernel BUG at|Oops|general protection fault|stack segment|'\
'double fault|divide error|invalid opcode|int3:|Kernel panic|unable to handle|INFO: task |watchdog: BUG|'\
'rcu: INFO: .*stall|INFO: rcu_.*stall|UBSAN|KASAN|KCSAN|KFENCE|kmemleak: [1-9]|unreferenced object|'\
'refcount_t: |list_(add|del) corruption|Bad page|Bad rss|INFO: possible |INFO: trying to register|'\
'INFO: lockdep|DEBUG_LOCKS_WARN|page dumped because|Voluntary context switch within|Unexpected .* trap|'\
'Control protection|Missing ENDBR|CFI failure|Kernel stack|stack-protector|sleeping function called|'\
'scheduling while atomic|workqueue lockup|usercopy: |NMI watchdog|Kernel NMI|unregister_netdevice: waiting'

# verdict LOG [FROM]: prints what the kernel complained of in LOG from byte FROM on; fails if it did.
verdict()
{
	local log=$1 from=${2:-0} found
	found=$(tail -c +$(( from + 1 )) "$log" | tr -d '\r' |
		grep -aE -A 24 "^\\[ *[0-9.]+\\](\\[ *[TC][0-9]+\\])? ($COMPLAINTS)") || return 0
	say "the kernel complained:"
	head -n 80 <<<"$found" >&2
	return 1
}
