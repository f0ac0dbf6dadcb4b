# SPDX-License-Identifier: GPL-2.0-or-later
# What no test may leave behind: clones, their inits, cgroups, journals, frozen processes.
# shellcheck shell=bash

leftovers_scan()
{
	local file pid text
	while IFS= read -r file; do
		case $file in
		*/ptree.freeze-* | */ptree-*.scope | */ptree-clone@*) echo "the cgroup $file is left" ;;
		*/cgroup.freeze)
			text=''
			read -r text 2>/dev/null <"$file"
			[[ $text != 1 ]] || echo "${file%/*} is frozen"
			;;
		esac
	done < <(find "$CGROUP_ROOT" -name ptree.freeze-\* -o -path '*/ptree.slice/ptree-*' -type d -o -name cgroup.freeze)
	for file in /run/ptree/ops/*; do
		[[ ! -f $file ]] || echo "the journal $file is left"
	done
	for pid in /proc/[1-9]*; do
		text=''
		read -r text 2>/dev/null <"$pid/comm"
		[[ $text != ptree-init ]] || echo "ptree-init ${pid#/proc/} is left"
	done
}

# leftovers: prints what is left; false if there is something. What is on its way out has some seconds.
leftovers()
{
	local found n pid
	for (( n = 0; n < 30; n++ )); do
		found=$(leftovers_scan)
		[[ -n $found ]] || return 0
		sleep 0.2
	done
	head -n 4 <<<"$found" | tr '\n' ';'
	# The next test is not to suffer from it.
	while read -r pid; do kill -KILL "$pid"; done < <(pgrep -x ptree-init)
	[[ ! -e $TEST_CGROUP ]] || find "$TEST_CGROUP" -depth -type d -exec rmdir {} +
	return 1
}

# Ends what a test has started and made, however it ended. A clone that has ended leaves its entry for a while.
leftovers_end()
{
	local pid entry n
	for entry in /run/ptree/clones/*; do
		[[ -f $entry && $entry != *.status ]] || continue
		pid=$(sed -n 's/^INIT_PID=//p' "$entry")
		[[ -n $pid && -e /proc/$pid ]] || continue
		timeout 20 ptreectl --direct terminate "${entry##*/}" || true
	done
	# All at once: one that forks cannot be caught one by one.
	[[ -e $TEST_CGROUP ]] || return 0
	echo 1 >"$TEST_CGROUP/cgroup.kill"
	for (( n = 0; n < 100; n++ )); do
		! grep -q '^populated 0' "$TEST_CGROUP/cgroup.events" || break
		sleep 0.05
	done
	rmdir "$TEST_CGROUP"
}

# The calling process and all it will start are in a cgroup of the test's.
in_a_cgroup()
{
	mkdir -p "$TEST_CGROUP"
	echo "$BASHPID" >"$TEST_CGROUP/cgroup.procs"
}

CGROUP_ROOT=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
TEST_CGROUP=$CGROUP_ROOT/lab-test
