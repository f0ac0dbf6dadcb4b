#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One test of one suite, in this process: `one.sh SUITE TEST`. Status 0: passed; 77: skipped; else failed, and the file
# `why` in $TEST says why. `one.sh SUITE --tests` lists the tests of a suite that generates them.
set -uo pipefail
TEST=$LAB_WORK/test
# shellcheck source=verdict.sh
. "$HERE/lib/verdict.sh"
# shellcheck source=source.sh
. "$HERE/lib/source.sh"
# shellcheck source=clone.sh
. "$HERE/lib/clone.sh"
# shellcheck disable=SC1090
. "$HERE/suites/$1.sh"

if [[ $2 = --tests ]]; then
	tests
	exit
fi
cd "$TEST" || exit
if declare -F "test_$2" >/dev/null; then
	"test_$2"
else
	one_test "$2"
fi
[[ ! -e $TEST/why ]]
