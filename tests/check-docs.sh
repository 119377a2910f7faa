#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every command, and every option of it, is in its man page and in the bash
# completion, and the page has no other; the pages are well formed, where
# mandoc is there to say so.
set -eu
xenreel=$(realpath "${XENREEL:-./xenreel}")
cd "${top_srcdir:-$(dirname "$0")/..}"
completion=docs/completion/xenreel.bash
bad=0

complain()
{
    echo "check-docs: $*" >&2
    bad=1
}

for file in harness/cli/cmd_*.c; do
    name=$(basename "$file" .c | sed s/cmd_//)
    page=docs/man/xenreel-$name.1
    [ -f "$page" ] || complain "$page is missing"
    grep -q "xenreel-$name 1" docs/man/xenreel.1 ||
        complain "xenreel.1 does not name $name"
    grep -q "commands=.*\<$name\>" "$completion" ||
        complain "$completion does not know $name"
    options=$("$xenreel" "$name" --help |
              sed -n 's/^ .* --\([a-z][a-z-]*\).*/\1/p' |
              grep -v -x -e help -e usage -e version | sort)
    paged=$(sed -n 's/^\.It.*Fl .-\([a-z-]*\).*/\1/p' "$page" | sort)
    [ "$options" = "$paged" ] || [ "$name" = record ] ||
        complain "$page: has" $paged "and the command" $options
done
# The scenario that xenreel-run(1) shows gives what is shown.
page=$PWD/docs/man/xenreel-run.1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n '/^\$ cat get\.scn$/,/^\$ xenreel run/{/^\$/!p;}' "$page" >"$tmp/get.scn"
sed -n '/^\$ xenreel run get\.scn$/{n;p;}' "$page" >"$tmp/expected"
(cd "$tmp" && "$xenreel" run get.scn) >"$tmp/got" || complain "$page: example"
cmp -s "$tmp/expected" "$tmp/got" ||
    complain "$page: shows $(cat "$tmp/expected"), not $(cat "$tmp/got")"

if command -v mandoc >/dev/null 2>&1; then
    mandoc -Tlint -Wwarning docs/man/*.1 || complain "see above"
fi
exit $bad
