#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The units are well-formed for systemd, and the XML files for their readers, as far as the tools for it are here.
# usage: ptreed-units.sh BUILD/units SOURCE
set -u
built=$1 source=$2 failed=0 ran=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

if command -v systemd-analyze >/dev/null; then
	for unit in ptreed.service ptree-clone@.service ptree.slice; do
		from=$built/$unit
		[ -e "$from" ] || from=$source/units/$unit
		# What is not installed yet cannot be executed, and its manual not be found.
		sed -E 's,^(Exec[A-Z][a-z]+=-?)[^ ]+,\1/bin/true,; /^Documentation=/d' "$from" >"$tmp/$unit"
	done
	mv "$tmp/ptree-clone@.service" "$tmp/ptree-clone@1234.service"
	for unit in "$tmp"/*; do
		ran=$((ran + 1))
		# Only what is said of this unit counts: the host's own units may have troubles of their own.
		systemd-analyze verify --man=no --recursive-errors=no "$unit" >"$tmp.log" 2>&1
		if grep -F "${unit##*/}" "$tmp.log" | grep -v 'Failed to .*dbus'; then
			echo "not ok: ${unit##*/}"
			failed=1
		fi
		rm -f "$tmp.log"
	done
fi

if command -v xmllint >/dev/null; then
	for file in "$source"/ptreed/org.ptree1.{xml,conf,policy}; do
		ran=$((ran + 1))
		xmllint --nonet --noout "$file" || failed=1
	done
	if [ -e /usr/share/polkit-1/policyconfig-1.dtd ]; then
		xmllint --nonet --noout --dtdvalid /usr/share/polkit-1/policyconfig-1.dtd \
			"$source/ptreed/org.ptree1.policy" || failed=1
	fi
fi

echo "$ran files looked at"
[ "$ran" -gt 0 ] || exit 77
exit "$failed"
