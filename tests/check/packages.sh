# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages that this machine needs, and their installation.
# shellcheck shell=bash

# What builds and tests the host part: everything but the kernel module.
packages_host()
{
	printf '%s\n' build-essential meson ninja-build pkg-config libcmocka-dev libsystemd-dev libnl-3-dev \
		libnl-genl-3-dev libcgroup-dev libjson-c-dev procps python3
}

# What only some of the tests want.
packages_tests()
{
	printf '%s\n' dbus systemd libxml2-utils man-db shellcheck
}

packages_lab()
{
	"$TOP/tests/vm/lab" packages
}

packages_missing()
{
	# A package of another architecture is listed as well; one line that says installed is enough.
	# shellcheck disable=SC2016
	comm -23 <(printf '%s\n' "$@" | LC_ALL=C sort -u) <(
		dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
			awk '$2 == "installed" { print $1 }' | LC_ALL=C sort -u)
}

packages_apt()
{
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@"
}

# Twice more when the network has a bad moment.
packages_fetch_and_install()
{
	local n
	for n in 10 30 0; do
		packages_apt update && packages_apt install --no-install-recommends "$@" && return
		(( n == 0 )) || { echo "trying again in $n s"; sleep "$n"; }
	done
	return 1
}

# packages_need LOG PACKAGE…: installs those that are missing.
packages_need()
{
	local log=$1 missing
	shift
	type -P dpkg-query >/dev/null || die "this machine is no Debian; needed are: $*"
	mapfile -t missing < <(packages_missing "$@")
	if (( ${#missing[@]} == 0 )); then
		say "all packages that are needed are installed"
		return 0
	fi
	say "apt-get install ${missing[*]}" | fold -s -w 100 | sed '2,$s/^/    /'
	long "installing ${#missing[@]} packages" "$log" packages_fetch_and_install "${missing[@]}"
}
