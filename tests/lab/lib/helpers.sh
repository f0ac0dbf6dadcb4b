# SPDX-License-Identifier: GPL-2.0-or-later
# The C programs of the suites: as installed, else compiled here from what lies beside this folder.
# shellcheck shell=bash

# helpers_need: $WITNESS_DIR and $HELPER_DIR have the programs.
helpers_need()
{
	local libexec=/usr/libexec/ptree source name
	WITNESS_DIR=${WITNESS_DIR:-$libexec/witness}
	HELPER_DIR=${HELPER_DIR:-$libexec/lab}
	export WITNESS_DIR HELPER_DIR
	if [[ ! -d $HELPER_DIR ]]; then
		HELPER_DIR=$LAB_WORK/bin
		mkdir -p "$HELPER_DIR"
		for source in "$HERE"/helpers/*.c; do
			name=${source##*/}
			cc -std=gnu17 -D_GNU_SOURCE -O1 -o "$HELPER_DIR/${name%.c}" "$source" -pthread || exit 2
		done
	fi
	if [[ ! -d $WITNESS_DIR && -e $HERE/../witness/witness.c ]]; then
		WITNESS_DIR=$LAB_WORK/witness
		mkdir -p "$WITNESS_DIR"
		for source in "$HERE"/../witness/*.c; do
			name=${source##*/}
			[[ $name != witness.c ]] || continue
			cc -std=gnu17 -D_GNU_SOURCE -O1 -o "$WITNESS_DIR/${name%.c}" "$source" \
				"$HERE/../witness/witness.c" -pthread || exit 2
		done
	fi
}
