#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ptreectl → bus backend → a real bus → ptreed with the fake engine: output, exit codes, rights, restarts.
# usage: ptreed-ctl.sh PTREED-FAKE PTREECTL
set -u
fake=$1 ctl=$2 failed=0 nr=0
command -v dbus-daemon >/dev/null || exit 77
[ "$(id -u)" = 0 ] || exit 77

dir=$(mktemp -d)
chmod 755 "$dir"
export PTREE_RUNTIME_DIR=$dir/run
# shellcheck disable=SC2317 # called by the trap
cleanup()
{
	cat "$dir"/*.pid 2>/dev/null | xargs -r kill 2>/dev/null
	for entry in "$dir"/run/clones/*; do
		[ -e "$entry" ] && sed -n 's/^INIT_PID=//p' "$entry" | xargs -r kill -9 2>/dev/null
	done
	jobs -p | xargs -r kill 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT

# Where everybody can read it, whoever may enter the build directory.
mkdir "$dir/bin"
cp "$ctl" "$(ldd "$ctl" | awk '$1 ~ /^libptree/ { print $3 }')" "$dir/bin"
ctl=$dir/bin/${ctl##*/}
export LD_LIBRARY_PATH=$dir/bin

# Until a command succeeds; a test that hangs tells nothing.
until_ok()
{
	for _ in $(seq 250); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.02
	done
	echo "not ok: waited 5 s in vain for: $*"
	exit 1
}

cat >"$dir/bus.conf" <<XML
<busconfig>
	<type>session</type>
	<listen>unix:path=$dir/bus</listen>
	<auth>EXTERNAL</auth>
	<policy context="default">
		<allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_destination="*"/>
		<allow eavesdrop="false"/><allow receive_sender="*"/>
	</policy>
</busconfig>
XML
dbus-daemon --config-file="$dir/bus.conf" --nofork --print-address=3 3>"$dir/address" &
echo $! >"$dir/bus.pid"
until_ok test -s "$dir/address"
chmod 777 "$dir/bus"
export PTREE_BUS_ADDRESS=unix:path=$dir/bus

start_ptreed()
{
	"$fake" --bus-address="$PTREE_BUS_ADDRESS" "$@" 2>>"$dir/log" &
	echo $! >"$dir/ptreed.pid"
	until_ok "$ctl" --bus list
}

# expect STATUS PATTERN COMMAND…: the status, and a pattern that standard output and error match.
expect()
{
	local want=$1 pattern=$2 out status
	shift 2
	nr=$((nr + 1))
	out=$(timeout 30 "$@" 2>&1)
	status=$?
	# shellcheck disable=SC2053
	if [ "$status" != "$want" ] || ! [[ $out == $pattern ]]; then
		printf 'not ok: %s\n  status %s, expected %s; expected pattern: %s\n%s\n' \
			"$*" "$status" "$want" "$pattern" "$out"
		failed=1
	fi
}

sleep 1000 &
source=$!
expect 5 'ptreectl: list: *ptreed does not run*' "$ctl" --bus list
start_ptreed --limit=clones-per-uid=2 --limit=operations-per-uid=3

expect 0 'ID*NAME*CGROUP*0 clones.' "$ctl" --bus list
expect 0 '' "$ctl" --bus --quiet --no-legend list
expect 0 '[[][]]' "$ctl" --bus --json=short list
expect 0 '*Clone: one (id 1), running*Root: *, twin of '"$source"'*Processes: 1, threads 3*Pause: 1.23 ms of 5.67 ms*' \
	"$ctl" --bus clone "$source" --name=one
expect 0 'two' "$ctl" --bus -q clone "$source" --name=two --max-pause=500ms --hold
expect 0 '{"Id":"3",*"Pids":[[]{"Source":'"$source"',*' "$ctl" --bus clone "$source" --json=short
expect 0 '*1 *one*2 *two*3 *fake-3*3 clones.' "$ctl" --bus list
expect 0 '*one*two*fake-3*' "$ctl" --bus status
expect 0 'Name=one' "$ctl" --bus show one -p name
expect 0 "one" "$ctl" --bus show 1 --property=Name --value
expect 0 "*SourcePID=$source*PauseUSec=1234*StepsUSec=*freeze:99*Pids=$source:*:3*" "$ctl" --bus show one
expect 0 '*SOURCE*HOST*TREE*fake-init*' "$ctl" --bus tree one
expect 0 "*HOST*TREE*$source*S*sleep" "$ctl" --bus tree "$source"

expect 0 '*SourcePID*Objects=share regular file: fd 5 of pid 12 (a\\x09b), /x' "$ctl" --bus show one
expect 0 '*Clone: one *    Shared: regular file: fd 5 of pid 12 *, open for writing (--files=copy)' "$ctl" --bus status one

# What a clone would share, and does. The fake engine finds one thing of each policy.
expect 7 'Process '"$source"' cannot be cloned as it is. In the way is:*a thing: pipes default, max-pause 2000000, stdin kept; allowed by --share=pipes*PROCESS*FD*POLICY*'"$source"' sleep*5*refuse*3*share*1*exact*' \
	"$ctl" --bus inspect "$source"
expect 7 '*pipes sever, max-pause 2000000, stdin given;*' \
	"$ctl" --bus inspect "$source" --sever=pipes --sever=unix,tcp --stdin=/dev/null --stdout="$dir/out" --stderr="$dir/out"
expect 0 '' cat "$dir/out"
expect 7 '{"PID":'"$source"',"Clonable":false,"Objects":[[]{"Policy":"refuse",*"Users":[[]{"PID":'"$source"',"FD":5}]}*' \
	"$ctl" --bus inspect "$source" --json=short
expect 0 '*Clone: *shared: 1 regular file; see ptreectl status four' "$ctl" --bus clone "$source" --name=four
expect 0 '' "$ctl" --bus terminate four
expect 2 'ptreectl: inspect: prepare: share=pips: there is no such word; share takes files, *' \
	"$ctl" --bus inspect "$source" --share=pips
expect 2 'ptreectl: clone: --stdin=/nowhere: No such file or directory' "$ctl" --bus clone "$source" --stdin=/nowhere
expect 2 'ptreectl: inspect: a PID is missing' "$ctl" --bus inspect
expect 3 'ptreectl: inspect: walk: *no process 4194303*' "$ctl" --bus inspect 4194303

# Failures: a sentence, and the exit code of the table.
expect 2 "ptreectl: clone: 'x' is not a pid" "$ctl" --bus clone x
expect 2 "ptreectl: clone: '-1' is not a pid" "$ctl" --bus clone -- -1
expect 2 "ptreectl: clone: a PID is missing" "$ctl" --bus clone
expect 2 "ptreectl: clone: bad option '--hald'*" "$ctl" --bus clone --hald 1
expect 2 "ptreectl: clone: bad option '-z'*" "$ctl" --bus clone -z 1
expect 2 "ptreectl: unknown verb 'cloen'*" "$ctl" cloen
expect 2 "ptreectl: no verb given*" "$ctl"
expect 2 "*--direct and --bus exclude each other" "$ctl" --bus --direct list
expect 2 "*--max-pause=5 is no time*" "$ctl" --bus clone 1 --max-pause=5
expect 2 "*a clone has no property 'nmae'" "$ctl" --bus show one -p nmae
expect 2 "*'BLA' is no signal" "$ctl" --bus kill -s BLA one
expect 2 "*\"a/b\" is no name*" "$ctl" --bus clone "$source" --name=a/b
expect 3 'ptreectl: clone: walk: *no process 4194303*' "$ctl" --bus clone 4194303
expect 3 "ptreectl: status: *no clone 'nobody'*" "$ctl" --bus status nobody
expect 1 "ptreectl: clone: freeze: pid $source still in D state after 200000 µs" \
	"$ctl" --bus clone "$source" --name=fail
expect 1 "ptreectl: clone: freeze: pid $source: the worker was killed by SIGKILL; *" \
	"$ctl" --bus clone "$source" --name=die
expect 1 'ptreectl: freeze: freeze: pid * is of wood' "$ctl" --bus freeze one
expect 0 '' "$ctl" --bus thaw one two
expect 3 "*'nobody'*" "$ctl" --bus thaw nobody one

# The end of a clone, and its status.
("$ctl" --bus -q clone "$source" --name=waited --wait >"$dir/waited"; echo $? >"$dir/status") &
until_ok test -s "$dir/waited"
expect 0 '' "$ctl" --bus kill waited
wait $!
expect 0 7 cat "$dir/status"
expect 0 '' "$ctl" --bus terminate one two 3
expect 0 '' "$ctl" --bus -q --no-legend list

# Its terminal: there and back; what is no terminal is passed on as it is, and the end of it ends nothing.
expect 0 'plain' "$ctl" --bus -q clone "$source" --name=plain
expect 1 'ptreectl: attach: attach: clone * has no terminal of its own*' "$ctl" --bus attach plain
expect 0 '' "$ctl" --bus terminate plain
expect 3 "*'nobody'*" "$ctl" --bus attach nobody
expect 0 'tty1' "$ctl" --bus -q clone "$source" --name=tty1
printf 'there\035\n' | "$ctl" --bus attach tty1 >"$dir/said" 2>"$dir/attach" &
until_ok grep -q there "$dir/said"
expect 0 'ID*tty1*' "$ctl" --bus list
expect 0 '' "$ctl" --bus kill tty1
wait $!
expect 0 "7there^[]]*" echo "$?$(tr -d '\r' <"$dir/said")$(<"$dir/attach")"
# In front of a terminal ^] leaves it, and the terminal is as it was.
expect 0 'tty2' "$ctl" --bus -q clone "$source" --name=tty2
mkfifo "$dir/keys"
script -qec "stty rows 30; $ctl --bus attach tty2; stty -a" /dev/null <"$dir/keys" >"$dir/window" 2>&1 &
exec 7>"$dir/keys"
until_ok grep -q 'attached to clone tty2' "$dir/window"
printf here >&7
until_ok grep -q here "$dir/window"
printf '\035' >&7
exec 7>&-
wait $!
expect 0 '*detached from clone tty2, which runs on]*rows 30;* icanon * echo *' cat "$dir/window"
expect 0 '' "$ctl" --bus terminate tty2

# Somebody else.
as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
expect 4 'ptreectl: clone: authorize: uid 65534 may not clone pid *' "${as_nobody[@]}" "$ctl" clone "$source"
"${as_nobody[@]}" sleep 1000 &
own=$!
until_ok grep -q "^Uid:.65534.65534" "/proc/$own/status"
expect 0 'mine' "${as_nobody[@]}" "$ctl" -q clone "$own" --name=mine
expect 4 'ptreectl: inspect: authorize: uid 65534 may not inspect pid *' "${as_nobody[@]}" "$ctl" inspect "$source"
expect 7 '*' "${as_nobody[@]}" "$ctl" inspect "$own"
expect 4 '*option cgroup is for root only*' "${as_nobody[@]}" "$ctl" clone "$own" --cgroup=/x
expect 0 '' "${as_nobody[@]}" "$ctl" thaw mine
expect 0 'roots' "$ctl" --bus -q clone "$source" --name=roots
expect 4 '*uid 65534 may not thaw clone *' "${as_nobody[@]}" "$ctl" thaw roots
expect 0 '*' "${as_nobody[@]}" "$ctl" clone "$own"
expect 1 '*uid 65534 has 2 clones*' "${as_nobody[@]}" "$ctl" clone "$own"

# SIGKILL to ptreed with an operation under way: clones live on, and are there after a restart.
"$ctl" --bus clone "$source" --name=hang 2>"$dir/hang" &
hanging=$!
until_ok pgrep -P "$(cat "$dir/ptreed.pid")"
worker=$(pgrep -P "$(cat "$dir/ptreed.pid")")
kill -9 "$(cat "$dir/ptreed.pid")"
wait "$hanging"
expect 0 '1*ptreed went away*' echo "$?" "$(cat "$dir/hang")"
until_ok eval "! kill -0 $worker"
start_ptreed
expect 0 '*mine*roots*3 clones.' "$ctl" --bus list
expect 0 '' "$ctl" --bus terminate mine roots

# A caller that leaves: what waits is dropped, what runs is ended.
"$ctl" --bus clone "$source" --name=slow-1 >/dev/null 2>&1 &
stayer=$!
until_ok pgrep -P "$(cat "$dir/ptreed.pid")"
"$ctl" --bus clone "$source" --name=slow-2 >/dev/null 2>&1 &
leaver=$!
sleep 0.15
kill "$leaver"
wait "$leaver" "$stayer" 2>/dev/null
expect 0 '*slow-1*' "$ctl" --bus list
nr=$((nr + 1))
if "$ctl" --bus show slow-2 >/dev/null 2>&1; then
	echo "not ok: the operation of a caller that left was carried out"
	failed=1
fi

echo "$nr expectations"
exit "$failed"
