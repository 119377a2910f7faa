#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints the ten longest functions and files.  Fails on a function of more
# than 80 lines, a file of more than 500, a line of more than 80 columns.
# A .def file, and a .c file without a function, is a table and may be long.
set -eu
export LC_ALL=C
cd "${top_srcdir:-$(dirname "$0")/..}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

files=$(find harness sim traces real preload tests -name '*.[ch]' \
        -type f 2>/dev/null | sort)
scripts=$(find bootstrap .ci build-aux/update-sources tests -type f \
          \( -name '*.sh' -o -path 'b*' -o -path '.ci/*' \) 2>/dev/null)

# A function is what stands between a "{" and a "}" in the first column; it
# starts behind the last blank line, brace or directive before it.
# shellcheck disable=SC2086
awk '
FNR == 1 { start = 1; open = 0 }
/^\{/ { open = start; next }
/^\}/ {
    if (open)
        printf "%d %s:%d\n", FNR - open + 1, FILENAME, open
    open = 0
    start = FNR + 1
    next
}
!open && (/^$/ || /^#/ || /\*\/$/ || /;$/) { start = FNR + 1 }
' $files /dev/null | sort -rn >"$tmp/functions"

# shellcheck disable=SC2046
wc -l $(grep -l '^{' $files) $(echo "$files" | grep '\.h$') |
    awk '$2 != "total"' | sort -u | sort -rn >"$tmp/files"

awk '
{
    gsub(/[\200-\277]/, "")
    gsub(/\t/, "        ")
    if (length($0) > 80)
        printf "%s:%d: %d columns\n", FILENAME, FNR, length($0)
}' $files $scripts /dev/null >"$tmp/columns"

echo "functions (lines, place):"
head -n 10 "$tmp/functions"
echo "files (lines, name):"
head -n 10 "$tmp/files"
awk '
$1 > limit { printf "%s: %d lines, more than %d\n", $2, $1, limit }
' limit=80 "$tmp/functions" limit=500 "$tmp/files" >"$tmp/bad"
cat "$tmp/columns" >>"$tmp/bad"
if [ -s "$tmp/bad" ]; then
    echo "check-sizes: too large:" >&2
    cat "$tmp/bad" >&2
    exit 1
fi
