#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The logs of a real Xen (docs/HOWTO-TEST.md) in whose place samples of our own
# recorder have come: they still replay, and each of those has all of its log's
# calls, with the same results.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"
logs=$top_srcdir/tests/corpus/logs

expect 0 replay "$logs"/*.xrt
says out ' 0 differences'

# calls FILE: operations and results, without what a recorder adds and what an
# event is.
calls()
{
    "$xenreel" show "$1" | sed -E 's/^#[0-9]+ +//' |
        awk '$1 != "client.wait" && $1 != "event" && $1 != "respond" {
            print $1, $NF }'
}

for log in "$logs"/*.xrt; do
    sample=$top_srcdir/traces/samples/${log##*/}
    # Of Linux's boot there is another one, vmx-linux-live.
    [ -f "$sample" ] || continue
    calls "$log" >want
    calls "$sample" >out
    cmp -s want out || fail "${log##*/}: other calls"
    expect 0 info "$sample"
    says out '^backend +xen$'
done
exit $failed
