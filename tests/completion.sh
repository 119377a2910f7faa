#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Bash completion: what a Tab offers, from the words that bash would give.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"
. "$top_srcdir/docs/completion/xenreel.bash"

# offers LINE WORD...: behind LINE (its last word perhaps empty, and "=" a
# word of its own, as in bash) exactly these are offered.
offers()
{
    local line=$1
    shift
    read -ra COMP_WORDS <<<"${line//=/ = }"
    case $line in
    *' ' | *=) COMP_WORDS+=('') ;;
    esac
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _xenreel
    printf '%s\n' "${COMPREPLY[@]}" | sort -u | sed '/^$/d' >out
    printf '%s\n' "$@" | sort -u | sed '/^$/d' >err
    cmp -s out err || fail "'$line': offered (out) for expected (err)"
}

mkdir files
cd files || exit 99
touch a.xrt b.xrt c.xrt.partial d.scn e.cfg f.txt g.log h.csv
mkdir folder
commands=$("$xenreel" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
offers 'xenreel ' $commands help --help --version
offers 'xenreel re' record replay recover
offers 'xenreel help sh' show
for c in $commands; do
    offers "xenreel $c -" $("$xenreel" "$c" --help |
                            sed -n 's/^ .* \(--[a-z][a-z-]*\).*/\1/p')
done
offers 'xenreel show ' a.xrt b.xrt c.xrt.partial folder
offers 'xenreel show a' a.xrt
offers 'xenreel replay a.xrt b' b.xrt
offers 'xenreel run ' d.scn folder
offers 'xenreel run -d ' e.cfg folder
offers 'xenreel run --domain=' e.cfg folder
offers 'xenreel run --domain=e' e.cfg
offers 'xenreel run --seed '
offers 'xenreel replay --quirk=mmio-o' mmio-offset
offers 'xenreel run --program ' d.scn folder
offers 'xenreel run --at-end=' signal shutdown destroy wait
offers 'xenreel run -- unalia' unalias
offers 'xenreel run --seed 1 -- cat a' a.xrt
offers 'xenreel record -o x.xrt -- unalia' unalias
offers 'xenreel replay a.xrt -- unalia' unalias
offers 'xenreel import ' d.scn f.txt g.log folder
offers 'xenreel import --from ' text oracle
offers 'xenreel import --from=o' oracle
offers 'xenreel export --to ' json csv text
offers 'xenreel export --to=c' csv
offers 'xenreel export -o h' h.csv
offers 'xenreel import -o ' a.xrt b.xrt folder
complete -p xenreel >/dev/null || fail "xenreel has no completion"

exit $failed
