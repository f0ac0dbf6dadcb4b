#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Jobs go through a pipe: the first half numbers them, the second works them off. usage: pipeline.sh DIRECTORY
# Each half leaves its count in DIRECTORY/{written,read}.PID.NAMESPACE: the pid is the same in a process and its clone, the
# pid namespace another.
cd "$1" || exit

while :; do
	(( ++written ))
	echo "job $written"
	namespace=$(readlink /proc/self/ns/pid)
	echo "$written" >"written.$BASHPID.${namespace//[^0-9]/}"
	sleep 0.1
done | while read -r _; do
	(( ++taken ))
	namespace=$(readlink /proc/self/ns/pid)
	echo "$taken" >"read.$BASHPID.${namespace//[^0-9]/}"
done
