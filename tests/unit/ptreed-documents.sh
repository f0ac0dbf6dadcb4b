#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual pages know every verb, option, exit code and limit that the programs know; man reads them without warnings.
# usage: ptreed-documents.sh PTREECTL PTREED SOURCE/ptreed
set -u
ctl=$1 daemon=$2 source=$3 failed=0

plain() { sed 's/\\-/-/g; s/\\f[A-Z]//g; s/\\(bu//g' "$1"; }
complain() { echo "not ok: $*"; failed=1; }

words=$(mktemp)
trap 'rm -f "$words"' EXIT
page=$(plain "$source/man/ptreectl.1")
completion=$(cat "$source/completion/ptreectl")
help=$("$ctl" --help)
grep -oE -- '--[a-z-]+' <<<"$help" | sort -u >"$words"
while read -r option; do
	grep -qF -- "$option" <<<"$page" || complain "ptreectl(1) lacks $option"
	grep -qF -- "$option" <<<"$completion" || complain "the completion lacks $option"
done <"$words"
sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$help" >"$words"
while read -r verb; do
	grep -qE "^\.?(B|BR|BI|SH|TP|IP)?.*\b$verb\b" <<<"$page" || complain "ptreectl(1) lacks $verb"
	grep -qE "\b$verb\b" <<<"$completion" || complain "the completion lacks $verb"
done <"$words"
while read -r code meaning; do
	grep -qxF -- "$meaning" <<<"$page" || complain "ptreectl(1) lacks exit code $code: $meaning"
done < <(sed -n '/^Exit codes:/,/^With/s/^  \([0-9]\)  \(.*\)/\1 \2/p' <<<"$help")

page=$(plain "$source/man/ptreed.8")
help=$("$daemon" --help)
{ grep -oE -- '--[a-z-]+' <<<"$help"; sed -n '/^Limits:/,$s/^  \([a-z-]*\) .*/\1/p' <<<"$help"; } >"$words"
while read -r word; do
	grep -qF -- "$word" <<<"$page" || complain "ptreed(8) lacks $word"
done <"$words"

# Each limit once more, as ptreed.conf(5) spells it, and the keys that all of the programs read.
page=$(plain "$source/man/ptreed.conf.5")
{
	sed -n '/^Limits:/,$s/^  \([a-z-]*\) .*/\1/p' <<<"$help" | sed -E 's/(^|-)([a-z])/\U\2/g; s/Uid$/UID/; s/$/=/'
	sed -nE 's/.*\{ "([A-Z][A-Za-z]+)", .*_set \},/\1=/p' "$source/../libptree/config-file.c"
	echo MaxPauseSec=
} >"$words"
[ "$(wc -l <"$words")" -ge 11 ] || complain "only $(wc -l <"$words") keys of ptreed.conf are found"
while read -r key; do
	grep -qw -- "$key" <<<"$page" || complain "ptreed.conf(5) lacks $key"
done <"$words"

# Each member of the bus API.
page=$(plain "$source/man/org.ptree1.5")
grep -oE '<(method|property|signal) name="[A-Za-z]+"' "$source/org.ptree1.xml" | cut -d'"' -f2 >"$words"
while read -r member; do
	grep -qw -- "$member" <<<"$page" || complain "org.ptree1(5) lacks $member"
done <"$words"

if command -v man >/dev/null; then
	for file in "$source"/man/*; do
		said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$file" 2>&1 >/dev/null)
		[ -z "$said" ] || complain "${file##*/}: $said"
	done
fi
exit "$failed"
