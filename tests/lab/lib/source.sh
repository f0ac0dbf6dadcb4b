# SPDX-License-Identifier: GPL-2.0-or-later
# Sources: programs that tests clone. Each runs in a session of its own, and is ended after the test by the runner.
# shellcheck shell=bash

# source_start COMMAND…: $SOURCE is its pid. It reports its progress to files in $TEST.
source_start()
{
	setsid "$@" </dev/null &
	SOURCE=$!
	until_true 20 source_is_itself || fail "the source $* does not start"
}

# Leader of its session, and no longer setsid.
source_is_itself()
{
	stat_read "$SOURCE" || return 0
	[[ ${STAT[3]} = "$SOURCE" && $(</proc/"$SOURCE"/comm) != setsid ]]
}

# members_read: the source and all below it, now, in $MEMBERS.
members_read()
{
	local children i
	MEMBERS=("$SOURCE")
	for (( i = 0; i < ${#MEMBERS[@]}; i++ )); do
		read -r -a children -d '' < <(cat "/proc/${MEMBERS[i]}"/task/*/children 2>/dev/null)
		MEMBERS+=("${children[@]}")
	done
}

has_children() { members_read; (( ${#MEMBERS[@]} > ${1:-1} )); }

# worker_start CHILDREN THREADS MIB [ZOMBIES]: the usual source; $MEMBERS are its pids that live.
worker_start()
{
	source_start "$HELPER_DIR/worker" "$@"
	WORKER_SIZE=$(( $1 + ${4:-0} + 1 ))
	until_true 30 worker_is_whole || fail "the worker does not start its children"
	SOURCE_CGROUP=$(cgroup_of "$SOURCE")
}

worker_is_whole() { members_read; (( ${#MEMBERS[@]} == WORKER_SIZE )); }

# What the kernel says of how often it went to sleep; it grows while the worker works.
switches()
{
	local key value
	SWITCHES=0
	while read -r key value; do
		[[ $key != *ctxt_switches: ]] || SWITCHES=$(( SWITCHES + value ))
	done 2>/dev/null <"/proc/$1/status"
}

runs_on() { switches "$1"; (( SWITCHES > $2 )) || [[ $(process_state "$1") = R ]]; }

is_at_home() { [[ $(cgroup_of "$1") = "$SOURCE_CGROUP" ]]; }

# untouched [PID…]: alive, not frozen, in the cgroup in which it was, and going on. Without a pid: the whole worker.
untouched()
{
	local pid now frozen before
	(( $# > 0 )) || set -- "${MEMBERS[@]}"
	for pid; do
		stat_read "$pid" || { wrong "the source $pid is gone"; continue; }
		[[ ${STAT[0]} != Z ]] || continue
		now=$(cgroup_of "$pid")
		# An operation whose caller was killed may still be under way, or begin only now.
		if [[ -n ${SOURCE_CGROUP:-} ]] && until_true 10 is_at_home "$pid"; then
			now=$SOURCE_CGROUP
		fi
		[[ -z ${SOURCE_CGROUP:-} || $now = "$SOURCE_CGROUP" ]] ||
			wrong "the source $pid is in the cgroup $now and not in $SOURCE_CGROUP any more"
		frozen=''
		[[ ! -e $CGROUP_ROOT$now/cgroup.events ]] || frozen=$(<"$CGROUP_ROOT$now/cgroup.events")
		[[ $frozen != *'frozen 1'* ]] || wrong "the source $pid is frozen"
		switches "$pid"
		before=$SWITCHES
		until_true 10 runs_on "$pid" "$before" ||
			wrong "the source $pid does not run on (state $(process_state "$pid"))"
	done
}

CGROUP_ROOT=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
