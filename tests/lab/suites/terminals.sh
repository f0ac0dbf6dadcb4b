# SPDX-License-Identifier: GPL-2.0-or-later
# Programs in front of somebody's terminal, cloned; and the copy's own terminal, sat in front of with ptreectl attach.
# shellcheck shell=bash disable=SC2034,SC2016 # the runner reads LIMIT; what is typed is for another shell

LIMIT=120

need() { command -v "$1" >/dev/null || skip "there is no $1"; }

# window NAME COMMAND…: a terminal, and COMMAND in it; $WINDOW is its pid.
window()
{
	local name=$1
	shift
	TERM=xterm python3 "$HERE/helpers/terminal.py" "$TEST/$name" "$@" &
	until_true 30 test -s "$TEST/$name/pid" || fail "the terminal $name does not come up"
	WINDOW=$(<"$TEST/$name/pid")
}

# types NAME TEXT: with the escapes of printf.
types() { printf '%b' "$2" >"$TEST/$1/keys"; }

# shows NAME WORDS: a regular expression; what is typed is shown too, so ask for what only an answer has.
shows() { until_true 30 has_shown "$@" || wrong "the terminal $1 does not show '$2': $(tail -c 300 "$TEST/$1/screen" | cat -v)"; }
has_shown() { tr -d '\r' <"$TEST/$1/screen" | grep -qE -- "$2"; }
never_shows() { ! has_shown "$@" || wrong "the terminal $1 shows '$2'"; }

# ends NAME STATUS
ends()
{
	until_true 30 test -s "$TEST/$1/status" || { wrong "the program in the terminal $1 does not end"; return; }
	[[ $(<"$TEST/$1/status") = "$2" ]] || wrong "the program in the terminal $1 ends with $(<"$TEST/$1/status") and not $2"
}

attach() { window "$1" "${AS[@]}" ptreectl "${WAY:---direct}" attach "$CLONE"; shows "$1" 'attached to clone'; }
AS=()

# A shell in the terminal `one`, with a variable, in $SOURCE.
shell_start()
{
	window one "${AS[@]}" env -i PATH="$PATH" PS1='> ' bash --norc --noprofile -i
	SOURCE=$WINDOW
	types one 'x=before; echo ready-$((1+1))\n'
	shows one 'ready-2'
}

# The terminal of a shell is its job's: what is typed goes there.
has_job_in_front()
{
	local job
	job=$(pgrep -P "$1") || return 1
	stat_read "$1" && [[ ${STAT[5]} = "$job" ]]
}

has_no_job() { ! pgrep -P "$1" >/dev/null; }

test_a_shell_goes_on_in_a_terminal_of_its_own()
{
	shell_start
	must_clone "$SOURCE"
	attach two
	types two 'echo copy-$x-$((40+2))\n'
	shows two 'copy-before-42'
	types one 'echo source-$x-$((50+5))\n'
	shows one 'source-before-55'
	never_shows one 'copy-'
	never_shows two 'source-'
	types two 'tty; echo tty-$?\n'
	shows two 'tty-0'
	types one 'exit 7\n'
	ends one 7
	types two 'exit 3\n'
	ends two 3
}

test_job_control_reaches_the_copy_alone()
{
	local root
	shell_start
	must_clone "$SOURCE"
	root=$(shown "$CLONE" RootPID)
	types one 'sleep 1000\n'
	until_true 20 has_job_in_front "$SOURCE" || wrong 'the source starts no job'
	attach two
	types two 'sleep 1000\n'
	until_true 20 has_job_in_front "$root" || wrong 'the copy starts no job'
	types two '\032'
	shows two 'Stopped'
	types two 'fg\n'
	until_true 20 has_job_in_front "$root" || wrong 'the copy does not go on with its job'
	types two '\003'
	until_true 20 has_no_job "$root" || wrong '^C does not end the job'
	types two 'echo status-$((1+$?))\n'
	shows two 'status-131'
	never_shows one 'Stopped'
	# The source's own job runs on, in front of its terminal.
	has_job_in_front "$SOURCE" || wrong "the source's job is stopped or ended from the copy's terminal"
	terminate "$CLONE"
}

test_one_can_leave_and_come_back()
{
	shell_start
	must_clone "$SOURCE"
	attach two
	types two 'y=set; echo y-is-$y\n'
	shows two 'y-is-set'
	types two '\035'
	shows two 'detached from clone'
	ends two 0
	[[ $(shown "$CLONE" State) = running ]] || wrong "the clone is $(shown "$CLONE" State)"
	attach three
	types three 'echo still-$y; exit 5\n'
	shows three 'still-set'
	shows three 'has ended'
	ends three 5
	types one 'echo on-$((1+1))\n'
	shows one 'on-2'
}

test_a_held_copy_reads_what_was_typed_before_it_ran()
{
	shell_start
	must_clone "$SOURCE" --hold
	attach two
	types two 'echo held-$x\n'
	ptreectl --direct thaw "$CLONE" || wrong 'it cannot be thawed'
	shows two 'held-before'
	never_shows one 'held'
}

test_scripts_end_with_the_copy()
{
	local status=0 output
	shell_start
	must_clone "$SOURCE"
	# shellcheck disable=SC2016
	output=$(printf 'echo piped-$x; exit 4\n' | ptreectl --direct attach "$CLONE") || status=$?
	(( status == 4 )) || wrong "attach ends with $status and not with the status of the clone"
	[[ $output = *piped-before* ]] || wrong "it says: $output"
	clone "$SOURCE" || fail 'it cannot be cloned again'
	terminate "$CLONE"
}

test_a_job_of_a_shell_outside()
{
	local python
	need python3
	shell_start
	types one 'python3 -q\n'
	shows one '>>> '
	python=$(pgrep -P "$SOURCE")
	types one 'z = 41\r'
	types one 'print("set", z + 1)\r'
	shows one '^set 42'
	must_clone "$python"
	attach two
	types two 'z += 1\r'
	types two 'print("copy", z)\r'
	shows two '^copy 42'
	types two 'import time; print("sleeps", z); time.sleep(1000)\r'
	shows two '^sleeps 42'
	types two '\003'
	shows two 'KeyboardInterrupt'
	types one 'print("source", z)\r'
	shows one '^source 41'
	never_shows one 'KeyboardInterrupt'
	types two 'raise SystemExit(6)\r'
	ends two 6
}

test_an_editor_draws_itself_anew()
{
	need vim.tiny
	window one vim.tiny -u NONE -n
	SOURCE=$WINDOW
	types one 'ifirst line'
	shows one 'first line'
	types one '\033'
	must_clone "$SOURCE"
	attach two
	shows two 'first line'
	types two "ocopy line\\033:w $TEST/copy\\r"
	types one "osource line\\033:w $TEST/source\\r"
	until_true 30 test -s "$TEST/copy" || wrong 'the copy writes nothing'
	until_true 30 test -s "$TEST/source" || wrong 'the source writes nothing'
	[[ $(<"$TEST/copy") = $'first line\ncopy line' ]] || wrong "the copy writes: $(<"$TEST/copy")"
	[[ $(<"$TEST/source") = $'first line\nsource line' ]] || wrong "the source writes: $(<"$TEST/source")"
	types two ':q!\r'
	ends two 0
}

# Everybody's own clones, by way of D-Bus.
test_attach_over_the_bus()
{
	local status=0
	with_systemd
	WAY=--bus AS=(setpriv --reuid=lab --regid=lab --init-groups)
	chmod 777 "$TEST"
	shell_start
	CLONE=$("${AS[@]}" ptreectl --bus --quiet clone "$SOURCE") || fail 'lab cannot clone its own shell'
	attach two
	types two 'echo bus-$x-$((40+2)); tty >/dev/null && : >$(tty); exit 9\n'
	shows two 'bus-before-42'
	ends two 9
	AS=()
	clone "$SOURCE" || fail 'root cannot clone it'
	setpriv --reuid=lab --regid=lab --init-groups ptreectl --bus attach "$CLONE" </dev/null >"$TEST/other" 2>&1 || status=$?
	(( status == 4 )) || wrong "lab may attach to a clone of root's: $status, $(<"$TEST/other")"
	ptreectl --bus terminate "$CLONE"
}

# asked_for WHAT: the copy of a program in the terminal `one`, in $ROOT, has no controlling terminal, and none to attach to.
asked_for()
{
	window one sleep 1000
	SOURCE=$WINDOW
	clone "$SOURCE" "--tty=$1" || { [[ $SAID != *'not there yet'* ]] || skip "$SAID"; fail "--tty=$1: $SAID"; }
	ROOT=$(shown "$CLONE" RootPID)
	stat_read "$ROOT"
	[[ ${STAT[4]} = 0 ]] || wrong "it has the controlling terminal ${STAT[4]}"
	! ptreectl --direct attach "$CLONE" </dev/null >"$TEST/attach" 2>&1 || wrong 'one can attach to it'
	grep -q 'no terminal of its own' "$TEST/attach" || wrong "attach says: $(<"$TEST/attach")"
}

# has_open FILE: as its standard input.
has_open() { [[ $(readlink "/proc/$ROOT/fd/0") = "$1" ]] || wrong "it has $(readlink "/proc/$ROOT/fd/0") and not $1"; }

test_no_terminal_where_none_is_wanted()
{
	asked_for null
	has_open /dev/null
}

test_the_same_terminal_where_it_is_wanted()
{
	asked_for keep
	has_open "$(readlink "/proc/$SOURCE/fd/0")"
	terminate "$CLONE"
	! gone "$SOURCE" || wrong 'the source is gone'
}
