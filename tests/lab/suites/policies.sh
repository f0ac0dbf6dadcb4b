# SPDX-License-Identifier: GPL-2.0-or-later
# What a clone shares: inspect says it beforehand, options change it, the clone tells it. And standard input and output
# that are given for the clone.
# shellcheck shell=bash disable=SC2034 # the runner reads LIMIT, clone() WAY

LIMIT=90

# inspect PID [OPTION…]: the report as JSON in $REPORT, $STATUS, $SAID.
inspect()
{
	local pid=$1
	shift
	STATUS=0
	REPORT=$(ptreectl "${WAY:---direct}" --json=short inspect "$pid" "$@" 2>"$TEST/said") || STATUS=$?
	SAID=$(<"$TEST/said")
	echo "inspect $pid $*: status $STATUS, said '$SAID': $REPORT"
	(( STATUS == 0 ))
}

# policy_of PID FD: what the report says of a descriptor: "private regular file".
policy_of()
{
	python3 -c '
import json, sys
for o in json.loads(sys.argv[1])["Objects"]:
    if {"PID": int(sys.argv[2]), "FD": int(sys.argv[3])} in o["Users"]:
        print(o["Policy"], o["Kind"])
' "$REPORT" "$1" "$2"
}

# A shell with a file that it writes to, one that it reads, and a pipe to its child.
shell_start()
{
	echo one >"$TEST/read"
	# shellcheck disable=SC2016 # that is for the other shell
	source_start bash -c 'exec 5>>"$1/written" 6<"$1/read" 7> >(exec sleep 1000); while :; do echo tick; echo line >&5; read -r -t 0.05 -u 8 _; done 8<> <(:)' \
		shell "$TEST" >"$TEST/out" 2>"$TEST/err"
	until_true 20 test -s "$TEST/out" || fail 'the shell does not start'
	members_read
}

grows()
{
	local before
	before=$(stat -c %s "$1")
	until_true 20 is_larger "$1" "$before"
}

is_larger() { (( $(stat -c %s "$1") > $2 )); }

test_inspect_tells_of_every_descriptor_and_touches_nothing()
{
	local fd
	shell_start
	inspect "$SOURCE" || wrong "status $STATUS: $SAID"
	for fd in "/proc/$SOURCE/fd/"*; do
		[[ -n $(policy_of "$SOURCE" "${fd##*/}") ]] || wrong "nothing is said of descriptor ${fd##*/}"
	done
	[[ $(policy_of "$SOURCE" 5) = 'share writable file' ]] || wrong "descriptor 5: $(policy_of "$SOURCE" 5)"
	[[ $(policy_of "$SOURCE" 6) = private* ]] || wrong "descriptor 6: $(policy_of "$SOURCE" 6)"
	inspect "$SOURCE" --share=files || wrong "status $STATUS: $SAID"
	[[ $(policy_of "$SOURCE" 6) = share* ]] || wrong "with --share=files: $(policy_of "$SOURCE" 6)"
	grows "$TEST/out" || wrong 'the source does not go on'
	[[ $(cgroup_of "$SOURCE") != *ptree* ]] || wrong "the source is in $(cgroup_of "$SOURCE")"
}

test_inspect_names_what_clone_refuses()
{
	source_start "$HELPER_DIR/traced"
	until_true 20 has_children || fail 'there is no child'
	until_true 20 grep -qs '^TracerPid:.[1-9]' "/proc/${MEMBERS[1]}/status" || fail 'the child is not traced'
	inspect "$SOURCE" && wrong 'it cannot be cloned, but inspect sees nothing'
	(( STATUS == 7 )) || wrong "status $STATUS: $SAID"
	[[ $REPORT == *'"Policy":"refuse"'*"pid ${MEMBERS[1]} "*traced* ]] || wrong "no word of ${MEMBERS[1]}: $REPORT"
	refused 1 "${MEMBERS[1]}.*traced" "$SOURCE"
	untouched
}

test_inspect_sees_nothing_in_the_way_of_what_can_be_cloned()
{
	worker_start 2 3 1
	inspect "$SOURCE" || wrong "status $STATUS: $REPORT"
	kill -STOP "${MEMBERS[1]}"
	until_true 20 state_is "${MEMBERS[1]}" T || fail 'the child does not stop'
	inspect "$SOURCE" || wrong "with a stopped child: status $STATUS: $REPORT"
	must_clone "$SOURCE"
	terminate "$CLONE"
	kill -CONT "${MEMBERS[1]}"
	untouched
}

state_is() { [[ $(process_state "$1") = "$2" ]]; }

test_the_clone_tells_what_it_shares()
{
	shell_start
	ptreectl --direct clone "$SOURCE" --name=telling >/dev/null 2>"$TEST/said" || fail "$(<"$TEST/said")"
	grep -q 'shared: .*writable file.*; see ptreectl status telling' "$TEST/said" || wrong "it said: $(<"$TEST/said")"
	ptreectl --direct status telling | grep -q "Shared: .*$TEST/written" ||
		ptreectl --direct status telling | grep -q "$TEST/written" || wrong "status: $(ptreectl --direct status telling)"
	terminate telling
	[[ $(ptreectl --direct --quiet clone "$SOURCE" 2>&1 | wc -l) = 1 ]] || wrong 'a quiet clone says more than its name'
	terminate "$(ptreectl --direct --no-legend --quiet list | awk '{ print $2 }')"
}

test_standard_output_of_the_clone_is_what_was_given()
{
	local root before
	for WAY in --direct --bus; do
		[[ $WAY = --direct || -d /run/systemd/system ]] || continue
		shell_start
		must_clone "$SOURCE" --stdin=/dev/zero --stdout="$TEST/clone-out" --stderr="$TEST/clone-out" --hold
		root=$(shown "$CLONE" RootPID)
		[[ $(readlink "/proc/$root/fd/0") = /dev/zero ]] || wrong "stdin is $(readlink "/proc/$root/fd/0")"
		[[ $(readlink "/proc/$root/fd/1") = "$TEST/clone-out" ]] || wrong "stdout is $(readlink "/proc/$root/fd/1")"
		[[ $(readlink "/proc/$root/fd/2") = "$TEST/clone-out" ]] || wrong "stderr is $(readlink "/proc/$root/fd/2")"
		[[ $(readlink "/proc/$SOURCE/fd/1") = "$TEST/out" ]] || wrong 'the stdout of the source has changed'
		[[ ! -s $TEST/clone-out ]] || wrong 'the clone has run'
		ptreectl "$WAY" thaw "$CLONE"
		grows "$TEST/clone-out" || wrong 'the clone does not write where it was told to'
		grows "$TEST/out" || wrong 'the source does not write any more'
		terminate "$CLONE"
		rm -f "$TEST/clone-out"
		kill -KILL "${MEMBERS[@]}"
	done
}

# 0, 1 and 2 are one open file, as on a terminal, and 9 too.
test_one_file_under_three_numbers_is_replaced_by_number()
{
	local root fd
	# shellcheck disable=SC2016 # that is for the other shell
	source_start bash -c 'exec 0<>"$1" 1>&0 2>&0 9>&0; while :; do echo tick; read -r -t 0.05 -u 8 _; done 8<> <(:)' \
		shell "$TEST/all"
	until_true 20 test -s "$TEST/all" || fail 'the shell does not start'
	must_clone "$SOURCE" --stdout="$TEST/clone-out"
	root=$(shown "$CLONE" RootPID)
	[[ $(readlink "/proc/$root/fd/1") = "$TEST/clone-out" ]] || wrong "stdout is $(readlink "/proc/$root/fd/1")"
	for fd in 0 2 9; do
		[[ $(readlink "/proc/$root/fd/$fd") = "$TEST/all" ]] || wrong "$fd is $(readlink "/proc/$root/fd/$fd")"
	done
	grows "$TEST/clone-out" || wrong 'the clone does not write where it was told to'
	grows "$TEST/all" || wrong 'the source does not write any more'
	terminate "$CLONE"
}

test_a_descriptor_that_is_not_there_cannot_be_replaced()
{
	source_start bash -c 'exec <&-; while :; do read -r -t 0.05 -u 8 _; done 8<> <(:)' shell
	until_true 20 is_closed "/proc/$SOURCE/fd/0" || fail 'the shell does not close it'
	refused 2 "$SOURCE.*no stdin" "$SOURCE" --stdin=/dev/null
	must_clone "$SOURCE" --stdout=/dev/null
	terminate "$CLONE"
}

is_closed() { [[ ! -e $1 ]]; }

test_what_cannot_be_asked_for_is_refused_by_name()
{
	worker_start 0 1 0
	refused 2 'files=move: there is no such word; files takes share, copy' "$SOURCE" --files=move
	refused 2 'files=copy needs a mount namespace.*share=mnt' "$SOURCE" --files=copy --share=mnt
	refused 2 'copy=/no/such/place.*no such directory' "$SOURCE" --copy=/no/such/place
	refused 2 'copy=tmp: it takes a directory, as an absolute path' "$SOURCE" --copy=tmp
	refused 2 'share=pips: there is no such word' "$SOURCE" --share=pips
	untouched
	[[ -z $(ls -A /var/lib/ptree/copies 2>/dev/null) ]] || wrong "copies are left: $(ls -A /var/lib/ptree/copies)"
}

test_copies_are_gone_with_the_clone()
{
	local root
	for WAY in --direct --bus; do
		[[ $WAY = --direct || -d /run/systemd/system ]] || continue
		shell_start
		must_clone "$SOURCE" --files=copy --hold
		root=$(shown "$CLONE" RootPID)
		# The source writes on.
		cmp -n "$(stat -c %s "/proc/$root/root$TEST/written")" "$TEST/written" "/proc/$root/root$TEST/written" ||
			wrong 'the copy is not what the original was'
		ptreectl "$WAY" thaw "$CLONE"
		grows "/proc/$root/root$TEST/written" || wrong 'the clone writes nothing'
		grows "$TEST/written" || wrong 'the source does not write any more'
		[[ -n $(ls -A /var/lib/ptree/copies) ]] || wrong 'the copies are not where they should be'
		terminate "$CLONE"
		until_true 20 has_no_copies || wrong "copies are left: $(ls -A /var/lib/ptree/copies)"
		kill -KILL "${MEMBERS[@]}"
	done
}

test_output_that_is_given_is_not_copied()
{
	shell_start
	must_clone "$SOURCE" --files=copy --stdout="$TEST/clone-out"
	grows "$TEST/clone-out" || wrong 'the clone does not write where it was told to'
	grows "$TEST/out" || wrong 'the source does not write any more'
	grows "/proc/$(shown "$CLONE" RootPID)/root$TEST/written" || wrong 'the clone does not write to its copy'
	terminate "$CLONE"
}

has_no_copies() { ptreectl --direct list >/dev/null; [[ -z $(ls -A /var/lib/ptree/copies 2>/dev/null) ]]; }

test_a_directory_that_is_named_is_the_clone_s_own_as_a_whole()
{
	local root
	mkdir -p "$TEST/named/below"
	echo 'then' >"$TEST/named/below/file"
	worker_start 0 1 0
	must_clone "$SOURCE" --copy="$TEST/named"
	root=/proc/$(shown "$CLONE" RootPID)/root
	echo now >"$TEST/named/below/file"
	echo new >"$TEST/named/new"
	[[ $(<"$root$TEST/named/below/file") = 'then' ]] || wrong "the clone sees '$(<"$root$TEST/named/below/file")'"
	[[ ! -e $root$TEST/named/new ]] || wrong 'the clone sees a file that was made later'
	echo mine >"$root$TEST/named/below/mine"
	[[ ! -e $TEST/named/below/mine ]] || wrong 'what is made in the clone is in the source'
	terminate "$CLONE"
	until_true 20 has_no_copies || wrong "copies are left: $(ls -A /var/lib/ptree/copies)"
}

test_where_there_is_no_room_for_copies_nothing_is_left()
{
	mkdir -p /var/lib/ptree "$TEST/data"
	mount -t tmpfs -o size=1m none /var/lib/ptree
	trap 'umount /var/lib/ptree' EXIT
	# shellcheck disable=SC2016 # that is for the other shell
	source_start bash -c 'exec 5>>"$1"; head -c 4M /dev/zero >&5; while :; do echo line >&5; read -r -t 0.05 -u 8 _; done 8<> <(:)' \
		shell "$TEST/data/large"
	until_true 20 is_larger "$TEST/data/large" 4194304 || fail 'the shell does not start'
	refused 1 'capture: cannot copy.*data/large: No space left.*--files=share' "$SOURCE" --files=copy
	[[ -z $(ls -A /var/lib/ptree/copies) ]] || wrong "copies are left: $(ls -A /var/lib/ptree/copies)"
	grows "$TEST/data/large" || wrong 'the source does not go on'
	umount /var/lib/ptree
	trap - EXIT
	must_clone "$SOURCE" --files=copy
	terminate "$CLONE"
}

# An open file that somebody forgets keeps the file system of the copies.
test_nothing_holds_the_copies_of_a_clone_that_has_ended()
{
	command -v python3 >/dev/null || skip 'there is no python3'
	local before
	mkdir "$TEST/data"
	source_start python3 -c '
import fcntl, mmap, os, sys, time
os.chdir(sys.argv[1])
directory, file = os.open(".", os.O_RDONLY), open("file", "w+b")
file.write(bytes(8192))
file.flush()
memory = mmap.mmap(file.fileno(), 8192)
fcntl.lockf(file, fcntl.LOCK_EX)
open("is-there", "w").close()
while True: time.sleep(0.1)
' "$TEST/data"
	until_true 30 test -e "$TEST/data/is-there" || fail 'it does not start'
	modprobe overlay
	[[ -e /sys/module/overlay/refcnt ]] || skip 'overlayfs is built in'
	before=$(</sys/module/overlay/refcnt)
	must_clone "$SOURCE" --files=copy
	(( $(</sys/module/overlay/refcnt) > before )) || wrong 'there is no overlay'
	terminate "$CLONE"
	until_true 20 overlays_are "$before" || wrong "$(( $(</sys/module/overlay/refcnt) - before )) overlays are left"
}

overlays_are() { (( $(</sys/module/overlay/refcnt) == $1 )); }

test_inspect_knows_databases()
{
	command -v python3 >/dev/null || skip 'there is no python3'
	# shellcheck disable=SC2016
	source_start python3 -c '
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("create table t (x)")
open(sys.argv[2], "w").close()
while True: time.sleep(0.1)
' "$TEST/data.db" "$TEST/is-there"
	until_true 30 test -e "$TEST/is-there" || fail 'there is no database'
	inspect "$SOURCE" || wrong "status $STATUS: $SAID"
	[[ $REPORT == *'an SQLite database'* && $REPORT == *'--files=copy'* ]] || wrong "the report: $REPORT"
	inspect "$SOURCE" --files=copy || wrong "status $STATUS: $SAID"
	[[ $REPORT == *'copied: what the clone writes is its own'* ]] || wrong "the report: $REPORT"
}

test_the_configuration_holds_unless_somebody_says_otherwise()
{
	mkdir -p /etc/ptree/ptreed.conf.d
	trap 'rm -rf /etc/ptree' EXIT
	shell_start
	printf '[Clone]\nShare=files\n' >/etc/ptree/ptreed.conf.d/lab.conf
	inspect "$SOURCE" || wrong "status $STATUS: $SAID"
	[[ $(policy_of "$SOURCE" 6) = share* ]] || wrong "with Share=files: $(policy_of "$SOURCE" 6)"
	printf '[Clone]\n\nShare=flies\n' >/etc/ptree/ptreed.conf.d/lab.conf
	refused 1 'lab.conf:3: share=flies' "$SOURCE"
	rm -rf /etc/ptree
	trap - EXIT
}

test_users_may_not_inspect_what_is_not_theirs()
{
	local own
	with_systemd
	worker_start 1 2 1
	as_lab ptreectl --bus inspect "$SOURCE" >"$TEST/report" 2>"$TEST/said"
	[[ $? = 4 ]] || wrong "not exit code 4: $(<"$TEST/said")"
	[[ ! -s $TEST/report ]] || wrong "the report is $(<"$TEST/report")"
	source_start setpriv --reuid=lab --regid=lab --init-groups --inh-caps=-all "$HELPER_DIR/worker" 1 1 1
	until_true 20 has_children
	as_lab ptreectl --bus inspect "$SOURCE" >"$TEST/report" 2>"$TEST/said" || wrong "lab's own: $(<"$TEST/said")"
	# A stranger in the tree.
	source_start bash -c "setpriv --reuid=lab --regid=lab --init-groups '$HELPER_DIR/worker' 0 1 1; :"
	until_true 20 has_children
	as_lab ptreectl --bus inspect "${MEMBERS[1]}" >"$TEST/report" 2>"$TEST/said" || wrong "the child: $(<"$TEST/said")"
	as_lab ptreectl --bus inspect "$SOURCE" >"$TEST/report" 2>"$TEST/said"
	[[ $? = 4 ]] || wrong "the stranger: not exit code 4: $(<"$TEST/said")"
}
