#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the README shows is what happens: its tour is done as it is written,
# in a fresh folder, and what it says of the demo's last lines is compared.
# In the tour an indented block is a file, named in the text before it, or
# commands behind "$" with their output; lines may be folded.
set -u
readme=$(realpath "${top_srcdir:-$(dirname "$0")/..}/README.md")
PATH=$(dirname "$(realpath "${XENREEL:-./xenreel}")"):$PATH
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 99
ln -s "$(dirname "$readme")/traces" traces
bad=0

# One file a command, N.sh, and beside it what it is to print, N.expected.
awk '
/^## / { tour = /A short tour/ }
!tour { next }
/^    \$ / {
    name = sprintf("%02d", ++n)
    print substr($0, 7) >(name ".sh")
    printf "" >(name ".expected")
    quotes = gsub(/\047/, "")
    file = ""
    next
}
/^    / && file { print substr($0, 5) >file; next }
/^    / && n {
    print substr($0, 5) >(name (quotes % 2 ? ".sh" : ".expected"))
    quotes += gsub(/\047/, "")
    next
}
{
    while (match($0, /`[a-z]+\.(scn|cfg)`/)) {
        file = substr($0, RSTART + 1, RLENGTH - 2)
        $0 = substr($0, RSTART + RLENGTH)
    }
}
' "$readme"

words()
{
    tr -s ' \n' ' ' <"$1"
}

for script in [0-9]*.sh; do
    name=${script%.sh}
    command -v "$(sed 's/ .*//;q' "$script")" >/dev/null || continue
    # A client of Xen's that is run on the model has to be installed, too.
    client=$(sed -n 's/.* -- \([^ ]*\).*/\1/p' "$script")
    [ -z "$client" ] || command -v "$client" >/dev/null || continue
    if ! sh "./$script" >"$name.out" 2>&1; then
        echo "check-readme: fails: $(cat "$script")" >&2
        cat "$name.out" >&2
        bad=1
    elif [ -s "$name.expected" ] &&
         [ "$(words "$name.out")" != "$(words "$name.expected")" ]; then
        echo "check-readme: not what is shown: $(cat "$script")" >&2
        diff "$name.expected" "$name.out" >&2
        bad=1
    fi
done

xenreel replay traces/samples/*.xrt >demo.out || bad=1
sed -n 's/^    \(traces\/samples.*\|replayed .*\)/\1/p' "$readme" >demo
tail -n "$(wc -l <demo)" demo.out | diff demo - >&2 || {
    echo "check-readme: the demo ends otherwise" >&2
    bad=1
}
[ $bad = 0 ] && echo "check-readme: $(ls [0-9]*.sh | wc -l) commands"
exit $bad
