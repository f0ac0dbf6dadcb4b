# SPDX-License-Identifier: GPL-2.0-or-later
# How ./check and ./demo talk: headings, and long steps that show that they go on.
# shellcheck shell=bash disable=SC2034 # for whoever reads this file in

if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then
	BOLD=$'\e[1m' PLAIN=$'\e[0m'
else
	BOLD='' PLAIN=''
fi

heading()
{
	printf '\n%s%s%s\n' "$BOLD" "$*" "$PLAIN"
}

say()
{
	printf '  %s\n' "$*"
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 2
}

# need_root "$@": goes on as root, with the arguments of the whole program.
need_root()
{
	(( EUID != 0 )) || return 0
	type -P sudo >/dev/null || die "this needs root: it installs packages and makes the images of virtual machines"
	printf 'This needs root: it installs packages and makes the images of virtual machines. Asking sudo.\n'
	exec sudo -- "$0" "$@"
}

# The last line of a file, short enough to be shown.
last_line()
{
	tail -c 2000 "$1" | tr '\r' '\n' | tr -cd '[:print:]\n' | grep -v '^ *$' | tail -n 1 | cut -c1-100
}

# tick LOG: says every 20 s how far the work is that writes to LOG; until it is killed. Its sleep is a read from a
# pipe that nobody writes to: unlike sleep(1), nothing stays behind when it is killed.
tick()
{
	local start=$SECONDS
	while ! read -rt 20 <> <(:); do
		say "   $(( SECONDS - start )) s: $(last_line "$1")"
	done
}

# long WHAT LOG COMMAND…: runs COMMAND with its output in LOG, of which the end is shown if it fails.
long()
{
	local what=$1 log=$2 status=0 start=$SECONDS ticker
	shift 2
	say "$what …"
	tick "$log" &
	ticker=$!
	: >"$log"
	"$@" >"$log" 2>&1 </dev/null || status=$?
	kill "$ticker" 2>/dev/null
	wait "$ticker" 2>/dev/null || true
	if (( status != 0 )); then
		tail -n 60 "$log" | sed 's/^/  | /'
		say "$what: failed with status $status; all of it is in $log"
		return "$status"
	fi
	say "$what: done in $(( SECONDS - start )) s"
}
