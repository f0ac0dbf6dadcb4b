# SPDX-License-Identifier: GPL-2.0-or-later
# What every part of the lab needs: messages, the cache, locks, and the Debian mirror of this machine.
# shellcheck shell=bash disable=SC2034 # the parts of the lab use each other's variables

say()
{
	printf 'lab: %s\n' "$*" >&2
}

# The lab itself could not do its work: neither COMMAND's failure nor the guest kernel's.
readonly STATUS_LAB=123
# The guest's kernel complained, died or hung, whatever COMMAND said.
readonly STATUS_KERNEL=125

die()
{
	say "$*"
	exit "$STATUS_LAB"
}

readonly CACHE=${PTREE_LAB_CACHE:-/var/cache/ptree-lab}

# What the host needs, as "program package"; perl is part of every Debian.
readonly HOST_TOOLS='
	qemu-system-x86_64	qemu-system-x86
	mmdebstrap		mmdebstrap
	mke2fs			e2fsprogs
	cpio			cpio
	unshare			util-linux
'

host_packages()
{
	awk 'NF { print $2 }' <<<"$HOST_TOOLS"
	echo debian-archive-keyring
}

host_check()
{
	local program package missing=()

	(( EUID == 0 )) || die "the lab needs root to build its images; run it with sudo"
	[[ $(uname -m) = x86_64 ]] || die "the lab runs on x86-64 only"
	while read -r program package; do
		[[ -z $program ]] || type -P "$program" >/dev/null || missing+=("$package")
	done <<<"$HOST_TOOLS"
	[[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] || missing+=(debian-archive-keyring)
	(( ${#missing[@]} == 0 )) || die "missing on this machine; do: apt-get install ${missing[*]}"
	mkdir -p "$CACHE"/{guests,logs}
}

# with_lock NAME COMMAND…: only one lab at a time.
with_lock()
{
	local name=$1 fd status=0
	shift
	exec {fd}>"$CACHE/$name.lock"
	if ! flock -n "$fd"; then
		say "another lab is busy with $name: waiting"
		flock "$fd"
	fi
	"$@" || status=$?
	exec {fd}>&-
	return "$status"
}

# hash_of TEXT…: a short name for whatever is made from exactly this.
hash_of()
{
	printf '%s\0' "$@" | sha256sum | cut -c1-12
}

# Runs a long step with its output in a file, shown only when it fails. The step is a function of the lab, in a
# process of its own: bash ignores `set -e` in all that is called from a condition.
quietly()
{
	local what=$1 log state start=$SECONDS
	shift
	log=$(mktemp "$CACHE/logs/step.XXXXXX")
	say "$what …"
	state=$(declare -p RUN TOP MODULES RELEASE KERNEL_BUILD KERNEL_BINDS 2>/dev/null) || true
	if ! LAB_STEP_STATE=$state "$HERE/lab" step "$@" >"$log" 2>&1; then
		tail -n 60 "$log" >&2
		die "$what failed; all of it is in $log"
	fi
	rm -f "$log"
	say "$what: done in $(( SECONDS - start )) s"
}

# forget KEEP PATH…: removes all of PATH… but the KEEP newest.
forget()
{
	local keep=$1 path
	shift
	(( $# > 0 )) || return 0
	find "$@" -maxdepth 0 -printf '%T@ %p\n' 2>/dev/null | sort -rn | cut -d' ' -f2- |
		tail -n +$(( keep + 1 )) | while IFS= read -r path; do rm -rf "$path"; done
}

# debian_site LABEL: where this machine gets Debian (LABEL Debian) or its updates (Debian-Security) from.
debian_site()
{
	local label=$1 suffix='' codename
	[[ $label != Debian-Security ]] || suffix=-security
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	# Without `apt-get update` the labels are unknown: then Debian's own suite at a site named so.
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(SITE)|$(ORIGIN)|$(LABEL)|$(RELEASE)' 'Created-By: Packages' 2>/dev/null |
		awk -F'|' -v label="$label" -v suite="$codename$suffix" '
			$2 == "Debian" && $3 == label { site = $1; exit }
			$4 == suite && $1 ~ /\/debian(-security)?\/?$/ && !guess { guess = $1 }
			END { print site ? site : guess }'
}
