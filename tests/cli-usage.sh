#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every command explains itself, and says what is wrong with a command line.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

commands="run record replay show diff info import export recover"

expect 2
expect 2 frobnicate
says err frobnicate
expect 0 --help
expect 0 --version
says out '^xenreel [0-9]'
expect 0 help show
for c in $commands; do
    expect 0 "$c" --help
    says out 'Exit status: 0'
    says out 'Usage: xenreel '"$c"
    expect 0 "$c" --usage
    expect 2 "$c"
    expect 2 "$c" --no-such-option
    says err '--no-such-option'
    says err "xenreel $c"
done
expect 2 show a b
expect 2 diff a
expect 2 diff a b c
expect 2 show --count many a
expect 2 show --from -1 a
for jobs in 0 -1 two 1025 99999999999999999999 1k ''; do
    expect 2 replay --jobs "$jobs" a
    says err "jobs.*'$jobs'"
done
expect 2 import --from pdf a -o b
expect 2 import good.scn
expect 2 export --to pdf a
expect 2 export a
says err 'json, csv or text'
expect 2 record good.scn
expect 2 record --domain win7 -o new.xrt
says err "running domain is named by its id .*'win7'"

expect 2 run --domain a --domain b c
says err 'domain.create'
for c in run record "run --seed 5"; do
    expect 2 $c --
    says err 'the command behind -- is missing'
done
for v in 4.5 4.23 4.6.1 4.x 5 ''; do
    expect 2 run --xen-version "$v" -- true
    says err "'$v' is not 4.6, the first with vm_event, to 4.22"
done

# --help says everything that the manual page says.
for c in $commands; do
    "$xenreel" "$c" --help >out
    page=$top_srcdir/docs/man/xenreel-$c.1
    sed -n 's/.*Fl .-\([a-z-]*\).*/\1/p' "$page" | sort -u >options
    while read -r option; do
        says out "--$option\>"
    done <options
done

# What cannot be printed is no success.
expect 0 import good.scn -o good.xrt
for c in --help "show --help" "show good.xrt" "info good.xrt" \
         "export --to csv good.xrt" "export --to json good.xrt" \
         "run good.scn" "replay good.xrt" "record -o full.xrt good.scn"; do
    rm -f full.xrt
    "$xenreel" $c >/dev/full 2>err
    got=$?
    status 4 "xenreel $c >/dev/full"
    says err 'standard output: No space left'
    lines=$(wc -l <err)
    [ "$lines" = 1 ] || fail "$c: complains $lines times"
done

exit $failed
