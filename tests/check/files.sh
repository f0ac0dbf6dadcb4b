# SPDX-License-Identifier: GPL-2.0-or-later
# The files of this tree, whether it is a clone of the repository or a copy without git.
# shellcheck shell=bash

# files: the path of each, from the top, ended by a zero byte.
files()
{
	( cd "$TOP" && { git ls-files -z --cached --others --exclude-standard 2>/dev/null ||
		find . -type f -not -path './.git/*' -not -path './build*' -printf '%P\0'; } | sort -zu |
		while IFS= read -rd '' path; do [[ ! -f $path ]] || printf '%s\0' "$path"; done )
}
