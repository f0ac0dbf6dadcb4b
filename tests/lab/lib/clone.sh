# SPDX-License-Identifier: GPL-2.0-or-later
# Cloning: by ptreectl, in one of the two ways ($WAY), and what became of it.
# shellcheck shell=bash disable=SC2034 # the variables are for the tests

# clone PID [OPTION…]: $CLONE is its name, $STATUS the exit code, $SAID the words on stderr. False if it failed.
clone()
{
	local pid=$1
	shift
	STATUS=0
	CLONE=$(ptreectl "${WAY:---direct}" --quiet clone "$pid" "$@" 2>"$TEST/said") || STATUS=$?
	SAID=$(<"$TEST/said")
	echo "clone $pid $*: status $STATUS, name '$CLONE', said '$SAID'"
	(( STATUS == 0 ))
}

must_clone() { clone "$@" || fail "clone of $1: status $STATUS: $SAID"; }

# refused STATUS WORDS PID [OPTION…]: the clone is refused so, and the words, a regular expression, are in its sentence.
refused()
{
	local status=$1 words=$2
	shift 2
	if clone "$@"; then
		wrong "pid $1 was cloned, which should be refused"
		return
	fi
	(( STATUS == status )) || wrong "the exit code is $STATUS and not $status: $SAID"
	[[ $SAID =~ $words ]] || wrong "the sentence has no '$words': $SAID"
	(( $(wc -l <<<"$SAID") == 1 )) || wrong "that is not one sentence: $SAID"
	[[ -z $CLONE ]] || wrong "a refusal prints '$CLONE' on stdout"
}

# shown CLONE PROPERTY
shown() { ptreectl "${WAY:---direct}" show --value --property="$2" "$1"; }

terminate() { ptreectl "${WAY:---direct}" terminate "$@" || wrong "cannot terminate $*"; }

# as_lab COMMAND…: as the unprivileged user.
as_lab() { setpriv --reuid=lab --regid=lab --init-groups --reset-env "$@"; }

ptreed_pid() { systemctl show --property=MainPID --value ptreed.service; }

with_systemd() { [[ -d /run/systemd/system ]] || skip 'needs systemd'; }

# clone_works [OPTION…]: the usual source can be cloned, whatever was before.
clone_works()
{
	local root
	clone "$SOURCE" "$@" || { wrong "a clone afterwards: status $STATUS: $SAID"; return; }
	root=$(shown "$CLONE" RootPID)
	[[ $(inner_pid "$root") = "$SOURCE" ]] || wrong "the root of the clone afterwards is $(inner_pid "$root")"
	terminate "$CLONE"
}
