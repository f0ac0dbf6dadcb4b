# SPDX-License-Identifier: GPL-2.0-or-later
# The guest's Debian 13: a tree, in which the project is built too, and the disk image made of it.
# shellcheck shell=bash disable=SC2034 # the parts of the lab use each other's variables

readonly ROOT_SUITE=trixie
readonly ROOT_PACKAGES='
	systemd systemd-sysv dbus dbus-user-session libpam-systemd polkitd udev kmod util-linux
	bash procps psmisc lsof iproute2 iputils-ping strace gdb-minimal jq socat netcat-openbsd
	bubblewrap cgroup-tools criu tmux vim-tiny less stress-ng xz-utils zstd file acl attr
	libcap2-bin fuse3 openssh-client openssh-server busybox-static
	python3 redis-server redis-tools nginx sqlite3
	nodejs openjdk-21-jre-headless erlang-base golang-go postgresql mariadb-server memcached
	build-essential meson ninja-build pkg-config bc pahole libelf1t64 libdw1t64
	libcgroup-dev libsystemd-dev libnl-3-dev libnl-genl-3-dev libcmocka-dev libfuse3-dev
	libcap-dev libseccomp-dev libjson-c-dev
'
# Daemons that tests start themselves, and chores that only slow the boot down.
readonly ROOT_DISABLED='
	redis-server.service nginx.service ssh.service postgresql.service mariadb.service memcached.service epmd.socket
	apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer
	e2scrub_reap.service getty@tty1.service remote-fs.target
'
readonly ROOT_MASKED='
	systemd-networkd.service systemd-networkd.socket systemd-resolved.service
	systemd-timesyncd.service systemd-firstboot.service systemd-hwdb-update.service
	systemd-pcrphase.service systemd-tpm2-setup.service systemd-tpm2-setup-early.service
	systemd-rfkill.socket sys-kernel-config.mount
'

root_key()
{
	hash_of "$ROOT_SUITE $ROOT_PACKAGES $ROOT_DISABLED $ROOT_MASKED" "$(declare -f root_sources root_make)"
}

root_dir()
{
	echo "$CACHE/root-$(root_key)"
}

# The lines of a sources.list; none when this machine does not tell, and then mmdebstrap knows where.
root_sources()
{
	local site security
	site=$(debian_site Debian)
	security=$(debian_site Debian-Security)
	[[ -z $site ]] || echo "deb $site $ROOT_SUITE main"
	[[ -z $site || -z $security ]] || echo "deb $security $ROOT_SUITE-security main"
}

root_make()
{
	local dir=$1 sources packages unit proxy
	sources=$(root_sources)
	packages=$(xargs <<<"$ROOT_PACKAGES" | tr ' ' ,)
	proxy=$(apt-config --format '%v' dump Acquire::http::Proxy)
	# shellcheck disable=SC2016
	mmdebstrap --variant=minbase --mode=root --include="$packages" \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--essential-hook='printf "#!/bin/sh\nexit 101\n" >"$1/usr/sbin/policy-rc.d"' \
		--essential-hook='chmod 755 "$1/usr/sbin/policy-rc.d"' \
		--essential-hook='mkdir -p "$1/usr/share/man/man1"' \
		${proxy:+--aptopt="Acquire::http::Proxy \"$proxy\""} "$ROOT_SUITE" "$dir/tree" ${sources:+-} <<<"$sources"

	for unit in $ROOT_DISABLED; do
		chroot "$dir/tree" systemctl disable "$unit" 2>/dev/null || true
	done
	for unit in $ROOT_MASKED; do
		chroot "$dir/tree" systemctl mask "$unit"
	done
	chroot "$dir/tree" useradd -m -s /bin/bash lab
	chroot "$dir/tree" passwd -d root
	chroot "$dir/tree" ldconfig
	echo ptree-lab >"$dir/tree/etc/hostname"
	printf '127.0.0.1\tlocalhost ptree-lab\n::1\tlocalhost\n' >"$dir/tree/etc/hosts"
	echo '/dev/root / ext4 defaults 0 0' >"$dir/tree/etc/fstab"
	echo 3d4b2c0a5e6f47889a0b1c2d3e4f5061 >"$dir/tree/etc/machine-id"
	mkdir -p "$dir/tree/etc/systemd/journald.conf.d" "$dir/tree"/mnt/{share,out} "$dir/tree/usr/lib/lab"
	printf '[Journal]\nStorage=volatile\nForwardToConsole=no\n' >"$dir/tree/etc/systemd/journald.conf.d/lab.conf"
	rm -rf "$dir/tree"/var/cache/apt/* "$dir/tree"/var/lib/apt/lists/* "$dir/tree/var/log/journal"
	touch "$dir/tree"/{etc,var}/.updated

	mke2fs -q -t ext4 -E lazy_itable_init=1 -m 0 -L lab-root -d "$dir/tree" "$dir/root.ext4" 6G
}

root_build()
{
	local dir
	dir=$(root_dir)
	[[ ! -e $dir/root.ext4 ]] || return 0
	rm -rf "$dir.new"
	mkdir -p "$dir.new"
	quietly "making Debian ${ROOT_SUITE^} for the guest (a few minutes, once)" root_make "$dir.new"
	mv "$dir.new" "$dir"
	forget 2 "$CACHE"/root-*
}

root_need()
{
	[[ -e $(root_dir)/root.ext4 ]] || with_lock root root_build
}

# in_root COMMAND…: runs it in the tree, where nothing mounted outlives it. Every FROM:TO in $BINDS is visible.
in_root()
{
	local tree
	tree=$(root_dir)/tree
	# shellcheck disable=SC2016
	BINDS=${BINDS:-} unshare --mount --propagation private bash -euc '
		tree=$1
		shift
		mount --bind "$tree" "$tree"
		mount -t proc proc "$tree/proc"
		mount --rbind /dev "$tree/dev"
		mount -t tmpfs tmpfs "$tree/tmp"
		for bind in $BINDS; do
			mkdir -p "$tree${bind#*:}"
			mount --bind "${bind%%:*}" "$tree${bind#*:}"
		done
		exec chroot "$tree" /usr/bin/env -i PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C.UTF-8 "$@"
	' in_root "$tree" "$@"
}
