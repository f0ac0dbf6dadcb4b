# SPDX-License-Identifier: GPL-2.0-or-later
# One virtual machine: started, waited for, stopped. Its files lie in $RUN.
# shellcheck shell=bash disable=SC2034 # the parts of the lab use each other's variables

# Whether KVM really runs a guest here; asked once per boot and QEMU.
guest_accel()
{
	local answer
	answer=$CACHE/accel-$(hash_of "$(</proc/sys/kernel/random/boot_id)" "$(qemu-system-x86_64 --version)")
	if [[ ! -e $answer ]]; then
		rm -f "$CACHE"/accel-*
		if [[ -w /dev/kvm ]] && timeout 20 qemu-system-x86_64 -M q35 -accel kvm -cpu host -m 512 -nodefaults \
			-display none -no-reboot -kernel "$VMLINUZ" -initrd "$RUN/initramfs" -serial stdio \
			-append 'console=ttyS0 panic=-1 lab.init=probe' 2>/dev/null </dev/null |
			grep -q '^lab: alive'; then
			echo kvm >"$answer"
		else
			echo tcg >"$answer"
			say "KVM runs no guest here: the processor is emulated, about ten times slower"
		fi
	fi
	cat "$answer"
}

# guest_start MODE: agent or shell; in a shell the terminal is the guest's second serial line.
guest_start()
{
	local mode=$1 accel port args=() append disk size unit
	initramfs_make "$MODULES" "$RELEASE" "$RUN/initramfs"
	accel=${PTREE_LAB_ACCEL:-$(guest_accel)}
	append="console=ttyS0 loglevel=5 printk.devkmsg=on oops=panic panic=-1 unknown_nmi_panic=1 nmi_watchdog=0"
	append+=" systemd.show_status=error systemd.ssh_auto=no"
	for unit in serial-getty@ttyS0.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount \
		modprobe@{drm,efi_pstore}.service systemd-journal-catalog-update.service systemd-update-done.service; do
		append+=" systemd.mask=$unit"
	done
	append+=" lab.init=$INIT lab.mode=$mode"
	case $accel in
	kvm) args+=(-accel kvm -cpu host) ;;
	*) args+=(-accel 'tcg,thread=multi' -cpu 'max,la57=off') ;;
	esac
	for disk in "root:$ROOT_IMAGE" "modules:$MODULES_IMAGE" "project:$PROJECT_USER" "module:$PROJECT_MODULE"; do
		[[ -n ${disk#*:} ]] || continue
		args+=(-drive "if=none,id=${disk%%:*},file=${disk#*:},format=raw,snapshot=on,cache=unsafe"
			-device "virtio-blk-pci,drive=${disk%%:*},serial=lab-${disk%%:*}")
	done
	args+=(-serial "file:$RUN/console.log")
	if [[ $mode = shell ]]; then
		size=$(stty size 2>/dev/null) || size='24 80'
		append+=" lab.term=${TERM:-vt100} lab.rows=${size% *} lab.columns=${size#* }"
		args+=(-chardev 'stdio,id=terminal,signal=off' -serial chardev:terminal)
	else
		args+=(-device virtio-serial-pci)
		for port in ctl data out err; do
			mkfifo "$RUN/$port.in" "$RUN/$port.out"
			args+=(-chardev "pipe,id=$port,path=$RUN/$port" -device "virtserialport,chardev=$port,name=$port")
		done
		mkfifo "$RUN/monitor.in" "$RUN/monitor.out"
		args+=(-chardev "pipe,id=monitor,path=$RUN/monitor" -mon chardev=monitor)
	fi
	# shellcheck disable=SC2054
	args=(qemu-system-x86_64 -name "lab-$NAME" -M q35,usb=off,sata=off,smbus=off,i8042=off
		-smp "$CPUS" -m "$MEM" -nodefaults -no-user-config -display none -no-reboot
		-kernel "$VMLINUZ" -initrd "$RUN/initramfs" -append "$append $APPEND"
		"${args[@]}")
	export TMPDIR=$RUN
	SECONDS=0
	if [[ $mode = shell ]]; then
		"${args[@]}"
		return
	fi
	setsid "${args[@]}" </dev/null >"$RUN/qemu.log" 2>&1 &
	echo $! >"$RUN/pid"
	disown
	guest_open
}

guest_ready()
{
	local status=0
	guest_answer ready "$1" || status=$?
	if (( status != 0 )); then
		GUEST_LOST=$status
		return 1
	fi
	say "Linux $RELEASE with $INIT is up after $SECONDS s"
}

# What a guest that hangs is doing: its agent is asked to stop the command and to tell; when that cannot answer
# either, the machine is made to panic, which shows where its processor is.
guest_explain()
{
	guest_alive || return 0
	echo "stop $GUEST_ID" >&"$ASK"
	if guest_answer "stopped $GUEST_ID" $(( SECONDS + 15 )); then
		base64 -d <<<"$REPLY" >&2
		return 0
	fi
	say "the guest's agent does not answer either"
	echo nmi >"$RUN/monitor.in"
	sleep 2
	return 1
}

guest_stop()
{
	local n
	[[ -e $RUN/pid ]] || return 0
	PID=$(<"$RUN/pid")
	if guest_alive && [[ ${1:-} = gently ]]; then
		echo off >&"$ASK"
		for (( n = 0; n < 100; n++ )); do
			guest_alive || break
			sleep 0.1
		done
	fi
	! guest_alive || kill -KILL "$PID" 2>/dev/null || true
	for (( n = 0; n < 50; n++ )); do
		guest_alive || break
		sleep 0.1
	done
	rm -f "$RUN/pid"
}
