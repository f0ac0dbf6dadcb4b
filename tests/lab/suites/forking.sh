# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that clone themselves with ptree_fork(): as root without ptreed, and as an ordinary user by way of D-Bus. And
# clones of clones.
# shellcheck shell=bash disable=SC2034 # the runner reads LIMIT, clone() WAY

LIMIT=120
readonly FORKING_DIR=${WITNESS_DIR%/*}/forking

tests()
{
	local program
	[[ -d $FORKING_DIR ]] || { echo no_programs_are_installed; return; }
	for program in "$FORKING_DIR"/*; do
		echo "${program##*/}"
		echo "${program##*/}-over_the_bus"
	done
	sed -n 's/^test_\([a-z0-9_]*\)().*/\1/p' "$HERE/suites/forking.sh"
}

one_test()
{
	local name=${1%-over_the_bus} dir=$TEST/state side as=()
	[[ -x $FORKING_DIR/$name ]] || fail "there is no program $FORKING_DIR/$name"
	if [[ $1 != "$name" ]]; then
		with_systemd
		as=(setpriv --reuid=lab --regid=lab --init-groups --inh-caps=-all env PTREE_BACKEND=bus)
	fi
	mkdir -m 777 "$dir"
	# Not by "source_start": it has cloned itself before one could look.
	setsid "${as[@]}" "$FORKING_DIR/$name" "$dir" </dev/null &
	SOURCE=$!
	until_true 100 has_ended "$dir" || true
	[[ ! -e $dir/skip ]] || skip "$(<"$dir/skip")"
	[[ ! -e $dir/broken ]] || fail "$(<"$dir/broken")"
	for side in source clone; do
		if [[ ! -e $dir/$side ]]; then
			wrong "the $side gives no verdict: $(cat "$dir/$side.why" 2>/dev/null)"
		elif [[ $(<"$dir/$side") != ok ]]; then
			wrong "the $side: $(head -n 4 "$dir/$side.why")"
		fi
	done
	[[ -e $TEST/why ]] || wait "$SOURCE" || wrong "the source exits with $?"
}

has_ended() { [[ -e $1/source && -e $1/clone || -e $1/skip || -e $1/broken ]]; }

# Three times from outside: the clone, the clone's clone, and that one's; each lives when those before it are gone.
clone_of_a_clone()
{
	local root=$SOURCE clones=() level name
	for level in 1 2 3; do
		must_clone "$root"
		clones+=("$CLONE")
		root=$(shown "$CLONE" RootPID)
		[[ $(inner_pid "$root") = "$SOURCE" ]] || wrong "on level $level the root sees itself as $(inner_pid "$root")"
		[[ $(shown "$CLONE" NProcesses) = "${#MEMBERS[@]}" ]] ||
			wrong "on level $level there are $(shown "$CLONE" NProcesses) processes"
	done
	for name in "${clones[@]}"; do
		switches "$root"
		until_true 10 runs_on "$root" "$SWITCHES" || wrong "the last clone does not run on before $name ends"
		terminate "$name"
	done
	gone "$root" || wrong 'the last clone lives on'
	untouched
}

test_a_clone_of_a_clone_is_a_clone()
{
	WAY=--direct
	worker_start 2 3 1 1
	clone_of_a_clone
}

test_a_clone_of_a_clone_is_a_clone_over_the_bus()
{
	with_systemd
	WAY=--bus
	worker_start 2 3 1 1
	clone_of_a_clone
}

# says STATUS WORDS COMMAND…: the example ends so, and says so. Into one pipe, whose end is the end of both sides.
says()
{
	local status=0 wanted=$1 words=$2
	shift 2
	"$@" 2>&1 | cat >"$TEST/said" || status=$?
	(( status == wanted )) || wrong "$*: status $status, not $wanted: $(<"$TEST/said")"
	[[ $(<"$TEST/said") =~ $words ]] || wrong "$*: it does not say '$words': $(<"$TEST/said")"
}

example() { EXAMPLE=${WITNESS_DIR%/*}/tests/$1; [[ -x $EXAMPLE ]] || fail "there is no $EXAMPLE"; }

test_the_example_of_a_fork_works()
{
	example fork-example
	says 0 'in the clone.*random.*' "$EXAMPLE"
	says 0 'clone [0-9]+ is made' "$EXAMPLE"
	with_systemd
	says 0 'clone [0-9]+ is made' as_lab "$EXAMPLE"
}

test_refused_forks_say_why()
{
	example fork-example
	says 1 'UNIX.*leave unix out' "$EXAMPLE" --share=unix
	says 1 'child subreaper.*BUS' env PTREE_BACKEND=direct "$EXAMPLE" --subreaper
	says 1 'cannot run ptree-fork at /nonexistent' env PTREE_BACKEND=direct PTREE_FORK=/nonexistent "$EXAMPLE"
	with_systemd
	says 1 'ptreed does not run|cannot connect' env PTREE_BACKEND=bus PTREE_BUS_ADDRESS=unix:path=/nonexistent "$EXAMPLE"
	says 1 'UNIX.*leave unix out' as_lab "$EXAMPLE" --share=unix
	says 0 'clone [0-9]+ is made' env PTREE_BACKEND=bus "$EXAMPLE" --subreaper
}
