# SPDX-License-Identifier: GPL-2.0-or-later
# The host's side of the conversation with a guest's agent (guest/agent has the words): run, copy there, copy back.
# shellcheck shell=bash disable=SC2034 # the parts of the lab use each other's variables

guest_open()
{
	PID=$(<"$RUN/pid")
	exec {ASK}<>"$RUN/ctl.in" {ANSWER}<>"$RUN/ctl.out"
}

guest_alive()
{
	kill -0 "$PID" 2>/dev/null
}

# guest_answer WHAT DEADLINE: the rest of the line that begins with WHAT, in $REPLY. Fails when time is up (status 1)
# or the machine is gone (2).
guest_answer()
{
	local what=$1 deadline=$2
	while :; do
		if read -r -t 1 -u "$ANSWER"; then
			[[ $REPLY != "$what "* ]] || { REPLY=${REPLY#"$what "}; return 0; }
			continue
		fi
		guest_alive || return 2
		(( SECONDS < deadline )) || return 1
	done
}

# guest_exec DEADLINE COMMAND…: its output is ours, its status is ours. $GUEST_LOST is not 0 when there was none.
guest_exec()
{
	local deadline=$1 id=$$.$RANDOM words='' word out err status=0 n
	shift
	GUEST_ID=$id
	for word; do
		words+=" $(printf '%s.' "$word" | base64 -w0)"
	done
	guest_stream "$id" <"$RUN/out.out" &
	out=$!
	guest_stream "$id" <"$RUN/err.out" >&2 &
	err=$!
	echo "exec $id$words" >&"$ASK"
	guest_answer "done $id" "$deadline" || status=$?
	if (( status != 0 )); then
		sleep 0.2
		kill "$out" "$err" 2>/dev/null
		GUEST_LOST=$status
		return "$STATUS_KERNEL"
	fi
	GUEST_ID=''
	wait "$out" "$err"
	# The kernel's log may come later than the answer.
	for (( n = 0; n < 30; n++ )); do
		! grep -aq "lab: end of $id" "$RUN/console.log" || break
		sleep 0.1
	done
	return "$REPLY"
}

# Passes on what stands between the marks of ID as it comes.
guest_stream()
{
	exec perl -e '
		my ($start, $end) = ("\0$ARGV[0]<", "\0$ARGV[0]>");
		my ($in, $buffer) = (0, "");
		$| = 1;
		while (sysread STDIN, $buffer, 65536, length $buffer) {
			if (!$in) {
				my $at = index $buffer, $start;
				next if $at < 0;
				substr $buffer, 0, $at + length $start, "";
				$in = 1;
			}
			my $at = index $buffer, $end;
			if ($at >= 0) {
				print substr $buffer, 0, $at;
				exit;
			}
			# A mark may be cut in two.
			my $cut = rindex $buffer, "\0";
			$cut = length $buffer if $cut < length($buffer) - length $end || $cut < 0;
			print substr $buffer, 0, $cut, "";
		}
	' "$1"
}

# guest_put TAR DIR
guest_put()
{
	echo "put $(stat -Lc %s "$1") $2" >&"$ASK"
	cat "$1" >"$RUN/data.in"
	guest_answer put $(( SECONDS + 120 )) && [[ $REPLY = 0 ]]
}

# guest_get DIR TO
guest_get()
{
	echo "get $1" >&"$ASK"
	guest_answer get $(( SECONDS + 60 )) || return
	mkdir -p "$2"
	head -c "$REPLY" <"$RUN/data.out" | tar -xf - -C "$2" --no-same-owner
}
