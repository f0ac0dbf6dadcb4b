# SPDX-License-Identifier: GPL-2.0-or-later
# The project built with the guest's own compiler, libraries and headers, as two tars: user space, and module.
# shellcheck shell=bash disable=SC2034 # the parts of the lab use each other's variables

# One line per source file: hash, mode, path. It names the tree's contents, and tells what changed.
project_manifest()
{
	cd "$TOP" || return
	{ git ls-files -z --cached --others --exclude-standard 2>/dev/null ||
		find . -type f -not -path './.git/*' -not -path './build*' -printf '%P\0'; } |
		sort -zu | perl -0 -ne 'chomp; print "$_\0" if -f' >"$RUN/files"
	paste -d' ' <(xargs -0r sha256sum <"$RUN/files" | cut -d' ' -f1) <(xargs -0r stat -c '%a %n' <"$RUN/files")
}

# project_copy DIR: makes DIR/src the manifest's tree; files that did not change keep their time stamps.
project_copy()
{
	local dir=$1 hash path
	mkdir -p "$dir/src"
	touch "$dir/manifest"
	mv "$dir/manifest" "$dir/before"
	comm -13 "$RUN/manifest" "$dir/before" | while read -r _ _ path; do
		rm -f "$dir/src/$path"
	done
	comm -23 "$RUN/manifest" "$dir/before" | while read -r hash _ path; do
		mkdir -p "$(dirname "$dir/src/$path")"
		cp --preserve=mode "$TOP/$path" "$dir/src/$path"
		if [[ $(sha256sum <"$dir/src/$path") != "$hash "* ]]; then
			echo "$path is being edited just now: try again"
			return 1
		fi
	done
	cp "$RUN/manifest" "$dir/manifest"
}

project_user()
{
	local dir=$1 tar=$2 options=() unit
	project_copy "$dir"
	! grep -qs "'lab-tests'" "$TOP"/meson{.options,_options.txt} || options+=(-Dlab-tests=true)
	rm -rf "$dir/stage"
	mkdir -p "$dir"/{build,stage}
	# shellcheck disable=SC2016
	BINDS="$dir:/usr/src/ptree" in_root bash -euc '
		cd /usr/src/ptree
		if [ -e build/build.ninja ]; then
			meson configure build "$@"
		else
			meson setup build src --prefix=/usr --sysconfdir=/etc --localstatedir=/var \
				--buildtype=debugoptimized "$@"
		fi
		ninja -C build
		DESTDIR=/usr/src/ptree/stage meson install -C build --no-rebuild --quiet
		for unit in stage/usr/lib/systemd/system/*.*; do
			case $unit in
			*@.*) continue ;;
			esac
			! grep -qs "^\[Install\]" "$unit" ||
				systemctl --root=/usr/src/ptree/stage enable "${unit##*/}"
		done
	' project "${options[@]}"
	tar -cf "$tar" --owner=0 --group=0 -C "$dir/stage" .
}

project_module()
{
	local dir=$1 tar=$2 stage=$1/stage log=$1/make.log status=0
	local updates=$stage/usr/lib/modules/$RELEASE/updates
	project_copy "$dir"
	BINDS="$KERNEL_BINDS $dir:/usr/src/ptree" in_root \
		make -C "$KERNEL_BUILD" M=/usr/src/ptree/src/kmod CC=gcc W=1 -j"$(nproc)" modules >"$log" 2>&1 || status=$?
	cat "$log"
	# Those of Kbuild itself (another compiler, another pahole) and of the kernel's headers are not ours.
	if (( status == 0 )) && grep -E 'warning:|WARNING:' "$log" | grep -vE '^(warning: |/usr/src/linux)'; then
		echo 'The module must compile without warnings (W=1).'
		status=1
	fi
	if (( status != 0 )); then
		# Next time the same files must be compiled, and warn, again.
		find "$dir/src/kmod" -name '*.o' -delete
		return "$status"
	fi
	rm -rf "$stage"
	mkdir -p "$stage/usr/lib/modules"
	cp -al "$MODULES/lib/modules/$RELEASE" "$stage/usr/lib/modules/"
	ln -s usr/lib "$stage/lib"
	mkdir -p "$updates"
	find "$dir/src/kmod" -name '*.ko' -exec cp {} "$updates" \;
	BINDS="$stage:/mnt" in_root depmod -b /mnt "$RELEASE"
	( cd "$stage" && find usr/lib/modules/"$RELEASE" -maxdepth 1 -type f -name 'modules.*' -newer "$log" -print0 |
		tar -cf "$tar" --owner=0 --group=0 --null -T - "usr/lib/modules/$RELEASE/updates" )
	rm -rf "$stage"
}

# Builds what is missing; $PROJECT_USER and $PROJECT_MODULE are the tars then, or empty.
project_need()
{
	local base build
	PROJECT_USER='' PROJECT_MODULE=''
	[[ $INSTALL != none ]] || return 0
	project_manifest | LC_ALL=C sort >"$RUN/manifest"
	base=$(hash_of "$(<"$RUN/manifest")" "$(root_key)" "$(declare -f project_user project_module)")
	build=$CACHE/build-$(hash_of "$TOP" "$(root_key)")
	mkdir -p "$build"
	touch "$build"
	forget 4 "$CACHE"/build-????????????
	if [[ $INSTALL = module ]]; then
		say "installing the module only, as asked"
	elif [[ -e $TOP/meson.build ]]; then
		PROJECT_USER=$CACHE/project-$base-user.tar
		with_lock "${build##*/}" project_once "$PROJECT_USER" "compiling the project" project_user "$build/user"
		forget 6 "$CACHE"/project-*-user.tar
	else
		say "there is no meson.build yet: nothing of user space is installed"
	fi
	if [[ $INSTALL = user ]]; then
		say "installing user space only, as asked"
	elif [[ -e $TOP/kmod/Kbuild ]]; then
		PROJECT_MODULE=$CACHE/project-$base-$(hash_of "$KERNEL_BUILD" "$MODULES").tar
		with_lock "${build##*/}" project_once "$PROJECT_MODULE" "compiling the module for $RELEASE" \
			project_module "$build/$RELEASE"
		forget 12 "$CACHE"/project-*.tar
	else
		say "there is no kmod/Kbuild yet: no module is installed"
	fi
}

project_once()
{
	local tar=$1 what=$2 step=$3 dir=$4
	if [[ -e $tar ]]; then
		touch "$tar"
		return 0
	fi
	mkdir -p "$dir"
	quietly "$what" "$step" "$dir" "$tar.new"
	mv "$tar.new" "$tar"
}

# Puts what was built into a guest that runs.
project_install()
{
	local tar
	guest_exec 60 bash -c '
		if [ -d /run/systemd/system ]; then systemctl stop ptreed.service 2>/dev/null; fi
		! lsmod | grep -q "^ptree " || rmmod ptree
	' || die "cannot take the old one out: something still uses it"
	for tar in "$PROJECT_USER" "$PROJECT_MODULE"; do
		[[ -z $tar ]] || guest_put "$tar" / || die "cannot copy the project to the guest"
	done
	guest_exec 60 bash -c '
		! modinfo ptree >/dev/null 2>&1 || modprobe ptree || exit
		[ -d /run/systemd/system ] || exit 0
		systemd-sysusers
		systemd-tmpfiles --create 2>/dev/null
		systemctl daemon-reload
		busctl call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig
		! systemctl cat ptreed.service >/dev/null 2>&1 || systemctl restart ptreed.service
	' || die "the new one does not start; see: lab exec -- journalctl -b"
	say "installed in $SECONDS s"
}
