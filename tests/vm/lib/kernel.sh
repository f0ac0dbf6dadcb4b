# SPDX-License-Identifier: GPL-2.0-or-later
# The kernels to try: Debian's own packages, taken apart into boot image, headers, a disk of modules, an initramfs.
# shellcheck shell=bash disable=SC2034 # the parts of the lab use each other's variables

# Where Debian has each of them.
declare -rA KERNEL_SUITE=(
	[6.1]=bookworm
	[6.12]=trixie
	[7.2]=trixie-backports
)

# Drivers no guest has the hardware for: nine tenths of the size.
readonly KERNEL_PRUNED='
	drivers/gpu drivers/media drivers/net/wireless drivers/net/ethernet drivers/infiniband
	drivers/iio drivers/isdn drivers/usb drivers/scsi drivers/staging drivers/hwmon drivers/mtd
	drivers/bluetooth drivers/accel drivers/comedi drivers/nfc drivers/leds drivers/mfd
	drivers/regulator drivers/power drivers/pinctrl drivers/platform drivers/edac drivers/mmc
	sound net/bluetooth net/mac80211 net/wireless
'
# What it takes to find the disks and to talk to the host.
readonly KERNEL_BOOT_MODULES='virtio_pci virtio_blk ext4 virtio_console'

kernel_dir()
{
	echo "$CACHE/kernel-$1-$(hash_of "$KERNEL_PRUNED" "${KERNEL_SUITE[$1]}" \
		"$(declare -f kernel_make kernel_apt kernel_sources kernel_modules_image)")"
}

# Debian's site is the one the root came from, whatever told us that.
kernel_sources()
{
	local suite=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg site security
	site=$(awk -v suite="$ROOT_SUITE" '$1 == "deb" && $(NF - 1) == suite { print $(NF - 2); exit }' \
		"$(root_dir)/tree/etc/apt/sources.list")
	security=$(awk '$1 == "deb" && /-security / { print $(NF - 2); exit }' \
		"$(root_dir)/tree/etc/apt/sources.list")
	echo "deb [signed-by=$keyring] $site $suite main"
	[[ -z $security || $suite = *-backports ]] ||
		echo "deb [signed-by=$keyring] $security $suite-security main"
}

# apt that knows one suite only, and nothing of this machine's packages.
kernel_apt()
{
	local dir=$1 tool=$2
	shift 2
	"$tool" -q -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::State="$dir" -o Dir::State::status="$dir/status" -o Dir::Cache="$dir/cache" \
		-o APT::Sandbox::User=root -o APT::Architecture=amd64 "$@"
}

kernel_make()
{
	local version=$1 dir=$2 apt=$2/apt image release deb part
	mkdir -p "$apt"/{lists/partial,cache/archives/partial} "$dir"/{files,modules/usr/lib/modules}
	: >"$apt/status"
	kernel_sources "${KERNEL_SUITE[$version]}" >"$apt/sources.list"
	kernel_apt "$apt" apt-get update
	image=$(kernel_apt "$apt" apt-cache pkgnames linux-image- |
		grep -E "^linux-image-${version//./\\.}\\.[0-9][-+.0-9a-z]*-amd64\$" |
		grep -vE -- '-(cloud|rt)-' | sort -V | tail -n 1)
	[[ -n $image ]] || { echo "no linux-image-$version.*-amd64 in ${KERNEL_SUITE[$version]}"; return 1; }
	release=${image#linux-image-}
	echo "$release" >"$dir/release"

	# Newer packages are split: take with each what it needs of the same source.
	# shellcheck disable=SC2046
	( cd "$apt" && kernel_apt "$apt" apt-get download $(
		kernel_apt "$apt" apt-cache depends --important "$image" "linux-headers-$release" |
			grep -oE 'linux-(image|headers|base|binary|modules|kbuild)-[0-9].*' | sort -u) )
	for deb in "$apt"/*.deb; do dpkg-deb -x "$deb" "$dir/files"; done
	rm -rf "$apt"

	# Each release of Debian has its own places.
	for part in "$dir"/files/{usr/,}lib/modules/"$release"; do
		[[ ! -d $part ]] || cp -a "$part" "$dir/modules/usr/lib/modules/"
		rm -rf "$part"
	done
	for part in vmlinuz System.map; do
		mv "$dir/files/boot/$part-$release" "$dir/$part" 2>/dev/null ||
			mv "$dir/modules/usr/lib/modules/$release/$part" "$dir/$part"
	done
	ln -sfn usr/lib "$dir/modules/lib"
	( cd "$dir/modules/lib/modules/$release/kernel" && xargs rm -rf <<<"$KERNEL_PRUNED" )
	rm -f "$dir/modules/lib/modules/$release/"{build,source}
	BINDS="$dir/modules:/mnt" in_root depmod -b /mnt "$release"
	kernel_modules_image "$dir/modules/lib/modules/$release" "$dir/modules.ext4"
}

kernel_modules_image()
{
	mke2fs -q -t ext4 -O ^has_journal -m 0 -L lab-modules -d "$1" "$2" \
		"$(( $(du -sm "$1" | cut -f1) + 100 ))M"
}

kernel_build()
{
	local version=$1 dir
	dir=$(kernel_dir "$version")
	[[ ! -e $dir/modules.ext4 ]] || return 0
	rm -rf "$dir.new"
	mkdir -p "$dir.new"
	quietly "fetching Linux $version" kernel_make "$version" "$dir.new"
	mv "$dir.new" "$dir"
	say "Linux $version is $(<"$dir/release")"
	forget 2 "$CACHE/kernel-$version"-[0-9a-f]*
}

kernel_need()
{
	[[ -n ${KERNEL_SUITE[$1]:-} ]] || die "no kernel $1: there are ${!KERNEL_SUITE[*]}"
	root_need
	[[ -e $(kernel_dir "$1")/modules.ext4 ]] || with_lock "kernel-$1" kernel_build "$1"
}

# Names the parts of the kernel that this run is to have.
kernel_debian()
{
	local dir
	kernel_need "$KERNEL"
	dir=$(kernel_dir "$KERNEL")
	RELEASE=$(<"$dir/release")
	VMLINUZ=$dir/vmlinuz
	MODULES=$dir/modules
	MODULES_IMAGE=$dir/modules.ext4
	KERNEL_BUILD=/usr/src/linux-headers-$RELEASE
	KERNEL_BINDS="$dir/files/usr/src:/usr/src $(kernel_kbuild_bind "$dir")"
}

# The tools of the headers lie in /usr/lib/linux-kbuild-….
kernel_kbuild_bind()
{
	local path
	for path in "$1"/files/usr/lib/linux-kbuild-*; do
		echo "$path:/usr/lib/${path##*/}"
	done
}

# A kernel built by hand: its build folder, where the module is compiled, is the link its modules came with.
kernel_own()
{
	local build
	[[ -n $KERNEL_IMAGE && -n $KERNEL_MODULES ]] ||
		die "a kernel of your own needs both --kernel-image and --kernel-modules"
	set -- "$KERNEL_MODULES"/lib/modules/*/
	RELEASE=$(basename "$1")
	[[ $# = 1 && -e $KERNEL_MODULES/lib/modules/$RELEASE/modules.dep ]] ||
		die "$KERNEL_MODULES must hold lib/modules/RELEASE of one kernel, as make modules_install leaves it"
	build=$(realpath -e "$KERNEL_MODULES/lib/modules/$RELEASE/build") ||
		die "$KERNEL_MODULES/lib/modules/$RELEASE/build must lead to where the kernel was built"
	VMLINUZ=$KERNEL_IMAGE
	MODULES=$KERNEL_MODULES
	MODULES_IMAGE=$RUN/modules.ext4
	KERNEL_BUILD=$build
	KERNEL_BINDS=$build:$build
	kernel_modules_image "$MODULES/lib/modules/$RELEASE" "$MODULES_IMAGE" >/dev/null
}

# initramfs_make MODULES RELEASE FILE: MODULES is a root with lib/modules/RELEASE in it. It finds the disks, unpacks
# the project, and brings the guest's side of the lab along, so that the images need not change with it.
initramfs_make()
{
	local modules=$1 release=$2 file=$3 work
	work=$(mktemp -d "$RUN/initramfs.XXXXXX")
	mkdir -p "$work"/{bin,dev,proc,sys,root,modules,lab}
	cp "$(root_dir)/tree/usr/bin/busybox" "$work/bin/"
	cp "$HERE/guest/initramfs" "$work/init"
	cp "$HERE"/guest/{init,agent,*.service,*.conf} "$work/lab/"
	chmod 755 "$work/init" "$work/lab"/{init,agent}
	# Unpacked here, where it is quick.
	# shellcheck disable=SC2016,SC2086
	BINDS="$modules:/mnt $work/modules:/srv" in_root bash -euc '
		modprobe -d /mnt -S "$1" --show-depends -a "${@:2}" |
			awk "\$1 == \"insmod\" && !seen[\$2]++ { print \$2 }" | while read -r path; do
			name=${path##*/}
			name=${name%%.ko*}.ko
			case $path in
			*.xz) xz -dc "$path" ;;
			*.zst) zstd -qdc "$path" ;;
			*) cat "$path" ;;
			esac >"/srv/$name"
			echo "$name" >>/srv/order
		done
	' boot_modules "$release" $KERNEL_BOOT_MODULES
	( cd "$work" && find . | cpio -o -H newc --quiet ) >"$file"
	rm -rf "$work"
}
