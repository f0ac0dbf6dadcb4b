# SPDX-License-Identifier: GPL-2.0-or-later
# Verdicts, waiting, and what /proc tells. A test goes on after a wrong() and stops at a fail(). Nothing here starts a
# program where bash itself will do: on an emulated machine each costs a twentieth of a second.
# shellcheck shell=bash disable=SC2034 # the variables are for the tests

wrong() { echo "$*" >>"$TEST/why"; echo "wrong: $*"; }
fail() { wrong "$*"; exit 1; }
skip() { echo "$*" >"$TEST/why"; exit 77; }

now_usec() { NOW=${EPOCHREALTIME//[.,]/}; }

# What never says anything, to wait without a program.
exec {SILENCE}<> <(:)
pause() { read -r -t "$1" -u "$SILENCE" _ || true; }

# until_true SECONDS COMMAND…: looks again and again; false when the time is over.
until_true()
{
	local until
	now_usec
	until=$(( NOW + $1 * 1000000 ))
	shift
	until "$@"; do
		now_usec
		(( NOW < until )) || return 1
		pause 0.03
	done
}

# expect WHAT COMMAND…
expect()
{
	local what=$1
	shift
	"$@" || wrong "$what"
}

# stat_read PID: the fields of /proc/PID/stat from the state on, in $STAT; its name may hold anything.
stat_read()
{
	local text=''
	STAT=()
	read -r -d '' text 2>/dev/null <"/proc/$1/stat" || true
	[[ -n $text ]] || return 1
	read -r -a STAT <<<"${text##*) }"
}

gone() { ! stat_read "$1" || [[ ${STAT[0]} = [ZX] ]]; }
process_state() { ! stat_read "$1" || echo "${STAT[0]}"; }
cgroup_of() { sed -n 's/^0:://p' "/proc/$1/cgroup" 2>/dev/null; }
# Number of a process in its own pid namespace.
inner_pid() { awk '/^NSpid:/ { print $NF }' "/proc/$1/status" 2>/dev/null; }
