#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Jobs go through a pipe: the first half numbers them, the second works them off. usage: pipeline.sh DIRECTORY
# Each half leaves its count in DIRECTORY/{written,read}.PID. PID is its number on the host, which /proc tells and which
# differs between a process and its clone.
cd "$1" || exit

while :; do
	(( ++written ))
	echo "job $written"
	read -r me _ </proc/self/stat
	echo "$written" >"written.$me"
	sleep 0.1
done | while read -r _; do
	(( ++taken ))
	read -r me _ </proc/self/stat
	echo "$taken" >"read.$me"
done
