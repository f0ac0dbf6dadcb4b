# SPDX-License-Identifier: GPL-2.0-or-later
# Results: lines `ok NAME`, `FAIL NAME: why` and `skip NAME: why` of many programs, counted and passed on.
# shellcheck shell=bash disable=SC2034 # STATUS and CLAIMED are for the caller

PASSED=0 FAILED=0 SKIPPED=0 FAILURES=()

# result WHERE LINE: counts it; false if it is no result.
result()
{
	local where=$1 line=$2
	case $line in
	'ok '*)
		(( ++PASSED ))
		printf '  ok    %s %s\n' "$where" "${line#ok }"
		;;
	'FAIL '*)
		(( ++FAILED ))
		FAILURES+=("$where ${line#FAIL }")
		printf '  %sFAIL  %s %s%s\n' "$BOLD" "$where" "${line#FAIL }" "$PLAIN"
		;;
	'skip '*)
		(( ++SKIPPED ))
		printf '  skip  %s %s\n' "$where" "${line#skip }"
		;;
	*)
		return 1
		;;
	esac
}

# results WHERE COMMAND…: all results of COMMAND; what else it prints is shown, moved to the right. Its status is
# $STATUS then, and the counts that it ended with, if it did, are $CLAIMED.
results()
{
	local where=$1 line
	shift
	STATUS=0 CLAIMED=''
	while IFS= read -r line || [[ -n $line ]]; do
		line=${line%$'\r'}
		result "$where" "$line" && continue
		if [[ $line =~ ^[0-9]+\ passed,\ [0-9]+\ failed,\ [0-9]+\ skipped$ ]]; then
			CLAIMED=$line
		else
			printf '        %s\n' "$line"
		fi
	done < <("$@" 2>&1 </dev/null)
	wait $! || STATUS=$?
}

# The end of the whole program: what failed once more, and one line.
results_end()
{
	local line
	if (( ${#FAILURES[@]} > 0 )); then
		heading "What failed"
		for line in "${FAILURES[@]}"; do say "$line"; done
	fi
	printf '\n%d passed, %d failed, %d skipped\n' "$PASSED" "$FAILED" "$SKIPPED"
	(( FAILED == 0 ))
}
