# SPDX-License-Identifier: GPL-2.0-or-later
# Each step that can break is broken, and everybody who takes part is killed: the source runs on, nothing is left.
# shellcheck shell=bash disable=SC2034 # the runner reads LIMIT, clone() WAY

LIMIT=120
readonly FAULT=/sys/module/ptree/parameters/fault
readonly POINTS=(resolve vet kinship leader twin thread zombie link stall)

tests()
{
	local point
	for point in "${POINTS[@]}"; do
		echo "a_clone_that_breaks_at_${point}_leaves_nothing"
	done
	sed -n 's/^test_\([a-z0-9_]*\)().*/\1/p' "$HERE/suites/faults.sh"
}

one_test()
{
	local point=${1#a_clone_that_breaks_at_}
	point=${point%_leaves_nothing}
	[[ -w $FAULT ]] || modprobe ptree || fail 'there is no module'
	worker_start 3 3 1 2
	trap 'echo >"$FAULT"' EXIT
	echo "$point" >"$FAULT" || fail "the module knows no point $point"
	if clone "$SOURCE" --max-pause=700ms; then
		wrong 'it was cloned nevertheless'
	elif [[ $point = stall ]]; then
		(( STATUS == 6 )) || wrong "the exit code is $STATUS and not 6: $SAID"
	else
		(( STATUS == 1 )) || wrong "the exit code is $STATUS and not 1: $SAID"
		[[ $SAID = *"fault injected at $point"* ]] || wrong "the module's sentence does not arrive: $SAID"
	fi
	untouched
	echo >"$FAULT"
	clone_works
}

shared_state()
{
	local pid
	for pid in "${MEMBERS[@]}"; do
		cat "/proc/$pid/maps"
		readlink "/proc/$pid/fd/"* "/proc/$pid/cwd" "/proc/$pid/root"
		grep -E '^(Sig|Umask|FDSize|Threads)' "/proc/$pid/status"
	done
}

# Memory, table, directories and handlers of two members are one; a clone that breaks leaves all of it as it was.
test_what_members_share_survives_a_clone_that_breaks()
{
	local point before
	[[ -w $FAULT ]] || modprobe ptree || fail 'there is no module'
	source_start "$HELPER_DIR/sharing" everything
	until_true 20 has_children || fail 'there is no child'
	before=$(shared_state)
	trap 'echo >"$FAULT"' EXIT
	for point in leader sharer twin link; do
		echo "$point" >"$FAULT" || fail "the module knows no point $point"
		clone "$SOURCE" && wrong "it was cloned nevertheless, at $point"
		[[ $SAID = *"fault injected at $point"* ]] || wrong "the module's sentence does not arrive: $SAID"
		untouched
		[[ $(shared_state) = "$before" ]] ||
			wrong "after $point: $(diff <(echo "$before") <(shared_state) | head -n 4)"
	done
	echo >"$FAULT"
	must_clone "$SOURCE"
	terminate "$CLONE"
	[[ $(shared_state) = "$before" ]] || wrong "after a clone: $(diff <(echo "$before") <(shared_state) | head -n 4)"
	untouched
}

# killed_at_random WHAT: kill_WHAT, with the pid of the caller, at some moment of each of some clones.
killed_at_random()
{
	local round what=$1
	worker_start 4 3 1 1
	for round in {1..5}; do
		ptreectl "${WAY:---direct}" --quiet clone "$SOURCE" --name="killed-$round" >"$TEST/name" 2>"$TEST/said" &
		pause "0.$(( RANDOM % 5 ))$(( RANDOM % 10 ))"
		"kill_$what" "$!"
		wait "$!" 2>/dev/null
		echo "round $round: status $?, $(<"$TEST/name") $(<"$TEST/said")"
		until_true 10 op_is_over || wrong "an op is under way 10 s after $what was killed"
		untouched
		ptreectl --direct terminate "killed-$round" 2>/dev/null
	done
	until_true 20 systemctl restart ptreed.service 2>/dev/null || true
	systemctl reset-failed ptreed.service 2>/dev/null || true
	clone_works
}

op_is_over()
{
	local journal
	for journal in /run/ptree/ops/*; do
		[[ ! -f $journal ]] || return 1
	done
}

kill_engine() { kill -KILL "$1"; }
kill_worker() { pkill -KILL -P "$(ptreed_pid)"; }
kill_ptreed() { kill -KILL "$(ptreed_pid)"; systemctl reset-failed ptreed.service; }
kill_everybody() { pkill -KILL -P "$(ptreed_pid)"; kill_ptreed; pkill -KILL -x ptree-init; kill -KILL "$1"; }

test_an_engine_that_is_killed_leaves_nothing() { WAY=--direct; killed_at_random engine; }
test_a_worker_that_is_killed_leaves_nothing() { with_systemd; WAY=--bus; killed_at_random worker; }
test_a_ptreed_that_is_killed_leaves_nothing() { with_systemd; WAY=--bus; killed_at_random ptreed; }
test_everybody_killed_at_once_leaves_nothing() { with_systemd; WAY=--bus; killed_at_random everybody; }

test_a_caller_that_is_killed_leaves_a_clone_or_nothing()
{
	with_systemd
	WAY=--bus
	killed_at_random engine
}

# The init of a clone dies before the clone is whole: the op fails or the clone is gone, and no twin runs about.
test_an_init_that_is_killed_leaves_nothing()
{
	local round
	worker_start 4 3 1
	for round in {1..5}; do
		ptreectl --direct --quiet clone "$SOURCE" --name="headless-$round" >/dev/null 2>"$TEST/said" &
		until_true 5 pkill -KILL -x ptree-init
		wait "$!" 2>/dev/null
		untouched
	done
	clone_works
}

# The source itself dies, all of it or its root alone, at some moment of its clone: the op ends, well or with a refusal.
test_a_source_that_is_killed_leaves_a_clone_or_nothing()
{
	local round caller
	for round in {1..6}; do
		worker_start 6 3 1 1
		ptreectl --direct --quiet clone "$SOURCE" --name="orphaned-$round" >/dev/null 2>"$TEST/said" &
		caller=$!
		pause "0.$(( RANDOM % 5 ))$(( RANDOM % 10 ))"
		if (( round % 2 )); then
			kill -KILL "${MEMBERS[@]}" 2>/dev/null
		else
			kill -KILL "$SOURCE"
		fi
		wait "$caller"
		STATUS=$?
		echo "round $round: status $STATUS, $(<"$TEST/said")"
		(( STATUS < 128 )) || wrong "the caller was ended by signal $(( STATUS - 128 ))"
		until_true 10 op_is_over || wrong 'an op is under way 10 s after its source was killed'
		ptreectl --direct terminate "orphaned-$round" 2>/dev/null
		kill -KILL "${MEMBERS[@]}" 2>/dev/null
		wait "$SOURCE" 2>/dev/null
	done
	worker_start 6 3 1 1
	clone_works
}

# Two trees in one: both ops end, one after the other.
test_two_clones_of_one_tree_at_once_are_both_made()
{
	local one two
	worker_start 3 2 1
	ptreectl --direct --quiet clone "$SOURCE" --name=at-once-1 >/dev/null 2>"$TEST/one" &
	one=$!
	ptreectl --direct --quiet clone "$SOURCE" --name=at-once-2 >/dev/null 2>"$TEST/two" &
	two=$!
	wait "$one" || wrong "the first: $(<"$TEST/one")"
	wait "$two" || wrong "the second: $(<"$TEST/two")"
	untouched
	terminate at-once-1 at-once-2
}
