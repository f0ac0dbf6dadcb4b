# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input, and trees that cannot be cloned: an exit code, a sentence with the pid, and a source that runs on untouched.
# shellcheck shell=bash disable=SC2034 # the runner reads LIMIT, clone() WAY

LIMIT=90

test_a_pid_that_does_not_exist_is_not_found()
{
	local way
	for way in --direct --bus; do
		WAY=$way
		refused 3 4194303 4194303
	done
	refused 3 4194303 4194303 --hold
}

test_words_are_no_pids()
{
	local word
	for word in abc '' -5 0 1.5 99999999999; do
		clone -- "$word" 2>/dev/null && wrong "'$word' was cloned"
		[[ $STATUS = [23] && -n $SAID ]] || wrong "'$word': status $STATUS: $SAID"
	done
}

test_kernel_threads_are_refused() { refused 2 'pid 2 .*kernel thread' 2; }
test_pid_1_is_refused() { refused 2 'pid 1 ' 1; }

test_ptreed_is_refused()
{
	local pid
	with_systemd
	systemctl start ptreed.service || fail 'ptreed does not start'
	pid=$(ptreed_pid)
	WAY=--bus
	refused 2 "$pid" "$pid"
	WAY=--direct
	refused 2 "$pid" "$pid"
	[[ $(ptreed_pid) = "$pid" ]] || wrong 'ptreed has died'
}

test_the_message_bus_is_refused()
{
	local pid
	with_systemd
	pid=$(systemctl show --property=MainPID --value dbus.service)
	refused 2 "$pid" "$pid"
}

test_ancestors_of_the_caller_are_refused()
{
	WAY=--direct
	refused 2 "$$" "$$"
	refused 2 "$PPID" "$PPID"
	with_systemd
	WAY=--bus
	refused 2 "$$" "$$"
}

test_a_member_that_is_traced_is_refused()
{
	source_start "$HELPER_DIR/traced"
	until_true 20 has_children || fail 'there is no child'
	until_true 20 grep -qs '^TracerPid:.[1-9]' "/proc/${MEMBERS[1]}/status" || fail 'the child is not traced'
	refused 1 "${MEMBERS[1]}.*traced" "$SOURCE"
	untouched
}

test_a_root_that_is_traced_from_outside_is_refused()
{
	local root
	worker_start 1 2 1
	root=$SOURCE
	setsid strace -f -q -o "$TEST/trace" -p "$SOURCE" </dev/null >/dev/null 2>&1 &
	until_true 20 grep -q '^TracerPid:.[1-9]' "/proc/$SOURCE/status" || fail 'strace does not come'
	refused 1 "$SOURCE.*traced" "$root"
	untouched
}

state_is() { [[ $(process_state "$1") = "$2" ]]; }

# What its child has is a copy of its memory (CLONE_VFORK without CLONE_VM): nobody could make its twin.
test_a_parent_inside_vfork_with_a_memory_of_its_own_is_refused()
{
	source_start "$HELPER_DIR/vforking"
	until_true 20 has_children || fail 'there is no child'
	refused 1 "$SOURCE.*vfork" "$SOURCE"
	ptreectl --direct inspect "$SOURCE" >"$TEST/inspect" 2>&1
	[[ $? = 7 ]] || wrong "inspect sees nothing in the way"
	grep -q vfork "$TEST/inspect" || wrong "inspect: $(<"$TEST/inspect")"
	untouched "${MEMBERS[1]}"
	state_is "$SOURCE" D || wrong "the parent has left vfork(): $(process_state "$SOURCE")"
}

# Not a word about what must come of it: a clone, or a clear refusal. In time.
clone_or_refusal()
{
	local pid=$1 began=$EPOCHSECONDS
	shift
	if clone "$pid" "$@"; then
		terminate "$CLONE"
	else
		[[ $STATUS = [16] ]] || wrong "the exit code is $STATUS: $SAID"
		[[ $SAID =~ $pid|pid\ [0-9]+ ]] || wrong "the sentence names no pid: $SAID"
	fi
	(( EPOCHSECONDS - began < 30 )) || wrong "that took $(( EPOCHSECONDS - began )) s"
}

test_a_tree_that_forks_all_the_time_is_cloned_or_refused()
{
	local forker
	source_start "$HELPER_DIR/forking"
	until_true 20 has_children 3
	forker=$(head -n 1 < <(pgrep -P "$SOURCE"))
	clone_or_refusal "$SOURCE"
	clone_or_refusal "$SOURCE" --max-pause=500ms
	untouched "$forker"
}

test_a_chain_of_forks_is_cloned_or_refused()
{
	local before
	source_start "$HELPER_DIR/forking" chain
	until_true 20 has_children
	clone_or_refusal "$SOURCE" --max-pause=500ms
	before=$(cat "/proc/$SOURCE/task/$SOURCE/children")
	until_true 20 chain_goes_on || wrong "the chain $before does not go on"
}

chain_goes_on() { [[ $(cat "/proc/$SOURCE/task/$SOURCE/children") != "$before" ]]; }

test_a_member_that_is_killed_in_the_middle_harms_nobody()
{
	local round victim survivors pid
	for round in {1..4}; do
		worker_start 4 4 2
		victim=${MEMBERS[1 + RANDOM % 4]}
		( pause "0.$(( RANDOM % 4 ))$(( RANDOM % 10 ))"; kill -KILL "$victim" ) &
		clone_or_refusal "$SOURCE"
		wait "$!"
		survivors=()
		for pid in "${MEMBERS[@]}"; do
			[[ $pid = "$victim" ]] || survivors+=("$pid")
		done
		untouched "${survivors[@]}"
		kill -KILL "$SOURCE"
	done
}

test_a_root_that_is_killed_in_the_middle_leaves_nothing()
{
	local round
	for round in {1..4}; do
		worker_start 2 4 2
		( pause "0.$(( RANDOM % 4 ))$(( RANDOM % 10 ))"; kill -KILL "$SOURCE" ) &
		clone "$SOURCE" && terminate "$CLONE"
		[[ $STATUS = [0136] ]] || wrong "the exit code is $STATUS: $SAID"
		wait "$!"
	done
}

test_a_zombie_is_no_root()
{
	local zombie
	worker_start 0 1 0 1
	zombie=${MEMBERS[1]}
	refused 3 "$zombie.*exited" "$zombie"
	untouched
}

# It is the root itself, which has nothing in /proc but its threads.
test_a_root_whose_first_thread_has_ended_is_cloned()
{
	source_start "$HELPER_DIR/sharing" leaderless
	until_true 20 state_is "$SOURCE" Z || fail 'the first thread does not end'
	ptreectl --direct inspect "$SOURCE" >"$TEST/inspect" 2>&1 || wrong "inspect: $(<"$TEST/inspect")"
	must_clone "$SOURCE"
	until_true 20 state_is "$(shown "$CLONE" RootPID)" Z || wrong "the first thread of the clone's root has not ended"
	terminate "$CLONE"
	[[ -e /proc/$SOURCE ]] || wrong 'the source is gone'
}

test_users_may_not_clone_what_is_not_theirs()
{
	with_systemd
	worker_start 1 2 1
	SAID=$(as_lab ptreectl clone "$SOURCE" 2>&1) && wrong 'lab has cloned a process of root'
	as_lab ptreectl --bus clone "$SOURCE" 2>"$TEST/said"
	[[ $? = 4 ]] || wrong "over the bus: not exit code 4: $(<"$TEST/said")"
	grep -q "$SOURCE" "$TEST/said" || wrong "the sentence has no $SOURCE: $(<"$TEST/said")"
	as_lab ptreectl --direct clone "$SOURCE" 2>"$TEST/said"
	[[ $? = [45] && -s $TEST/said ]] || wrong "direct: $(<"$TEST/said")"
	untouched
}

# The root is lab's, a member below it is not.
test_users_may_not_clone_a_tree_with_a_stranger_in_it()
{
	local stranger name
	with_systemd
	source_start setpriv --reuid=lab --regid=lab --init-groups --inh-caps=-all \
		"$HELPER_DIR/worker" 1 1 1
	until_true 20 has_children
	stranger=$SOURCE
	name=$(as_lab ptreectl --bus --quiet clone "$SOURCE" 2>&1) || fail "lab's own tree: $name"
	as_lab ptreectl --bus terminate "$name" || wrong 'lab cannot end its clone'
	# Now one whose root is root's and gives way to lab's: seen from above, a stranger.
	source_start bash -c "setpriv --reuid=lab --regid=lab --init-groups '$HELPER_DIR/worker' 0 1 1; :"
	until_true 20 has_children
	as_lab ptreectl --bus clone "$SOURCE" 2>"$TEST/said"
	[[ $? = 4 ]] || wrong "not exit code 4: $(<"$TEST/said")"
	untouched "$stranger"
}

test_users_clone_their_own_over_the_bus()
{
	local root name
	with_systemd
	source_start setpriv --reuid=lab --regid=lab --init-groups --inh-caps=-all "$HELPER_DIR/worker" 2 3 1
	until_true 20 has_children
	name=$(as_lab ptreectl --bus --quiet clone "$SOURCE" 2>"$TEST/said") || fail "lab's own: $(<"$TEST/said")"
	root=$(as_lab ptreectl --bus show --value --property=RootPID "$name")
	[[ $(stat -c %U "/proc/$root") = lab ]] || wrong "the clone belongs to $(stat -c %U "/proc/$root")"
	[[ $(inner_pid "$root") = "$SOURCE" ]] || wrong "the clone's root is $(inner_pid "$root") in its namespace"
	as_lab ptreectl --bus terminate "$name" || wrong 'lab cannot end its clone'
	gone "$root" || wrong 'the clone lives on'
	untouched "$SOURCE"
}

test_without_the_module_nothing_is_done()
{
	local way
	worker_start 1 2 1
	# The kernel would load it by itself as soon as somebody asks for it.
	mkdir -p /run/modprobe.d
	echo 'install ptree /bin/false' >/run/modprobe.d/lab.conf
	trap 'rm -f /run/modprobe.d/lab.conf' EXIT
	until_true 20 rmmod ptree || fail "the module cannot be removed: $(rmmod ptree 2>&1)"
	for way in --direct --bus; do
		WAY=$way
		[[ $way = --direct || -d /run/systemd/system ]] || continue
		refused 5 'module' "$SOURCE"
	done
	untouched
	ptreectl --direct check >"$TEST/check"
	grep -q 'missing.*module' "$TEST/check" || wrong "check does not say so: $(<"$TEST/check")"
	rm /run/modprobe.d/lab.conf
	modprobe ptree || fail 'the module cannot be loaded again'
	WAY=--direct
	clone_works
}

test_without_cgroup_v2_nothing_is_done()
{
	worker_start 1 2 1
	STATUS=0
	unshare --mount bash -c "umount -l '$CGROUP_ROOT' && exec ptreectl --direct clone $SOURCE" >"$TEST/said" 2>&1 ||
		STATUS=$?
	[[ $STATUS = 5 ]] || wrong "the exit code is $STATUS: $(<"$TEST/said")"
	grep -qi 'cgroup' "$TEST/said" || wrong "the sentence has no cgroup: $(<"$TEST/said")"
	untouched
}

test_a_pause_that_is_too_short_is_a_timeout()
{
	worker_start 5 5 4
	refused 6 'freeze|duplicate|pause|deadline' "$SOURCE" --max-pause=1us
	untouched
	clone_works
}

test_a_name_is_taken_once()
{
	worker_start 0 1 0
	must_clone "$SOURCE" --name=lab-twice
	refused 1 'lab-twice' "$SOURCE" --name=lab-twice
	terminate lab-twice
	refused 2 'name' "$SOURCE" --name='not good'
	refused 2 'name' "$SOURCE" --name=123
	must_clone "$SOURCE" --name=lab-twice
	terminate lab-twice
	untouched
}

test_a_limit_on_processes_is_said()
{
	local cgroup=$CGROUP_ROOT/lab-pids
	worker_start 4 1 0
	grep -q pids "$CGROUP_ROOT/cgroup.subtree_control" || echo +pids >"$CGROUP_ROOT/cgroup.subtree_control"
	mkdir "$cgroup" || fail 'no cgroup'
	echo 3 >"$cgroup/pids.max"
	refused 1 'pids.max' "$SOURCE" --cgroup=/lab-pids
	untouched
	until_true 10 rmdir "$cgroup" 2>/dev/null || wrong 'somebody is left in the cgroup'
}

test_a_tree_in_several_cgroups_stays_in_them()
{
	local one=$CGROUP_ROOT/lab-one two=$CGROUP_ROOT/lab-two pid root
	worker_start 2 2 1
	mkdir -p "$one" "$two"
	echo "${MEMBERS[1]}" >"$one/cgroup.procs"
	echo "${MEMBERS[2]}" >"$two/cgroup.procs"
	must_clone "$SOURCE"
	root=$(shown "$CLONE" RootPID)
	for pid in "$root" $(pgrep -P "$root"); do
		[[ $(cgroup_of "$pid") != /lab-* ]] || wrong "the twin $pid is in the cgroup $(cgroup_of "$pid") of its source"
	done
	terminate "$CLONE"
	[[ $(cgroup_of "${MEMBERS[1]}") = /lab-one ]] || wrong "one is in $(cgroup_of "${MEMBERS[1]}")"
	[[ $(cgroup_of "${MEMBERS[2]}") = /lab-two ]] || wrong "two is in $(cgroup_of "${MEMBERS[2]}")"
	untouched "$SOURCE"
	SOURCE_CGROUP=''
	untouched
	kill -KILL "$SOURCE"
	until_true 10 rmdir "$one" "$two" || wrong 'the cgroups are not empty'
}

test_a_cgroup_that_its_owner_froze_stays_frozen()
{
	local cgroup=$CGROUP_ROOT/lab-frozen
	worker_start 1 2 1
	mkdir "$cgroup"
	printf '%s\n' "${MEMBERS[@]}" | while read -r pid; do echo "$pid" >"$cgroup/cgroup.procs"; done
	echo 1 >"$cgroup/cgroup.freeze"
	until_true 20 grep -q '^frozen 1' "$cgroup/cgroup.events" || fail 'it does not freeze'
	# Cloned or refused: but it is not for us to thaw it.
	clone "$SOURCE" && terminate "$CLONE"
	grep -q '^frozen 1' "$cgroup/cgroup.events" || wrong 'it is thawed'
	echo 0 >"$cgroup/cgroup.freeze"
	SOURCE_CGROUP=/lab-frozen
	untouched
	kill -KILL "${MEMBERS[@]}"
	until_true 10 rmdir "$cgroup" || wrong 'the cgroup is not empty'
}

netlink()
{
	python3 "$HERE/helpers/netlink.py" "$1" "$CGROUP_ROOT$SOURCE_CGROUP" "$SOURCE" >"$TEST/netlink" 2>&1 ||
		wrong "$(tail -n 2 "$TEST/netlink")"
}

test_requests_with_bad_attributes_are_refused_by_the_module() { worker_start 0 1 0; netlink attributes; untouched; }
test_requests_that_are_cut_off_are_refused_by_the_module() { worker_start 0 1 0; netlink truncated; untouched; }
test_senders_without_rights_are_refused_by_the_module() { worker_start 0 1 0; netlink rights; untouched; }
test_members_that_are_not_frozen_are_refused_by_the_module() { worker_start 0 1 0; netlink members; untouched; }
