#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# pv-log.sh: the notes of the scenarios made of the logs of PV page tables are
# those logs from the guest's first L4 on, and the importer makes of them what
# the scenarios have: all 185 hypercalls with their results.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"
for name in pv-oracle pv-oracle-debug; do
    scn=$top_srcdir/tests/$name.scn
    sed -n 's/^note "\(.*\)"$/\1/p' "$scn" >$name.log
    [ "$(grep -c '^OP ' $name.log)" = 185 ] || fail "$name: not 185 calls"
    expect 0 import $name.log -o log.xrt --force
    expect 0 import "$scn" -o scn.xrt --force
    expect 0 diff log.xrt scn.xrt
done
exit "$failed"
