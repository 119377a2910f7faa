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
# named FILE DOCUMENT: a word in backquotes there is FILE, or a pattern for it.
named()
{
    grep -o '`[^` ]*`' "docs/$2" | tr -d '`' | while read -r word; do
        # shellcheck disable=SC2254
        case $1 in $word) echo yes ;; esac
    done | grep -q yes || complain "$2 does not name $1"
}
for file in sim/*.c real/*.c preload/*.c; do
    named "$(basename "$file")" ARCHITECTURE.md
done
for file in tests/test-*.c tests/fuzz-*.c tests/*.sh; do
    case $file in
    */functions.sh | */run-scenario.sh | */fuzz-main.c) ;;
    *) named "$(basename "$file" .c)" HOWTO-TEST.md ;;
    esac
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
