# SPDX-License-Identifier: GPL-2.0-or-later
# Loading and unloading, after all that the other suites did.
# shellcheck shell=bash disable=SC2034 # the runner reads LIMIT

LIMIT=90

loaded() { [[ -d /sys/module/ptree ]]; }

test_it_can_be_removed_and_loaded_again()
{
	local n
	worker_start 2 3 1
	for n in 1 2; do
		clone_works
		until_true 20 rmmod ptree || fail "round $n: it cannot be removed"
		! loaded || fail "round $n: it is still there"
		modprobe ptree || fail "round $n: it cannot be loaded"
	done
	clone_works
	untouched
}

test_clones_live_on_without_it()
{
	local root
	worker_start 2 3 1
	must_clone "$SOURCE"
	root=$(shown "$CLONE" RootPID)
	until_true 20 rmmod ptree || fail 'it cannot be removed while a clone lives'
	switches "$root"
	until_true 10 runs_on "$root" "$SWITCHES" || wrong 'the clone does not run on'
	untouched
	terminate "$CLONE"
	gone "$root" || wrong 'the clone cannot be ended without it'
	modprobe ptree
}

# It goes between two ops or not at all.
test_it_can_be_removed_while_clones_are_made()
{
	local round
	worker_start 4 4 1
	for round in {1..4}; do
		ptreectl --direct --quiet clone "$SOURCE" --name="removed-$round" >/dev/null 2>"$TEST/said" &
		pause "0.$(( RANDOM % 4 ))$(( RANDOM % 10 ))"
		rmmod ptree 2>/dev/null && echo "round $round: removed"
		wait "$!"
		echo "round $round: status $?, $(<"$TEST/said")"
		untouched
		ptreectl --direct terminate "removed-$round" 2>/dev/null
		loaded || modprobe ptree || fail 'it cannot be loaded again'
	done
	clone_works
}

test_it_does_not_load_twice_and_says_what_it_is()
{
	insmod "$(modinfo -n ptree)" 2>/dev/null && wrong 'it loads twice'
	modinfo -F license ptree | grep -q GPL || wrong 'it does not name its licence'
	[[ $(stat -c %a /sys/module/ptree/parameters/fault) = 600 ]] || wrong 'its fault parameter is not for root only'
}
