#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The lab's random scenarios (tests/lab/differ.c), without a Xen: the same seed
# makes the same block, blocks are scenarios that run, and in one domain after
# another nothing of a block is left for the next one.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"
differ=$top_builddir/tests/lab/differ

for n in 1 2; do
    "$differ" make intel 7 2 150 >made$n.scn 2>err || fail "differ make"
done
cmp -s made1.scn made2.scn || fail "another block of the same seed"
expect 0 run made1.scn

for vendor in intel amd; do
    expect 0 run -- "$differ" run $vendor - 1 80 150
    [ "$(grep -c '^block [0-9]* [0-9]* [0-9]* 0$' out)" = 80 ] ||
        fail "80 blocks, $vendor"
done

exit $failed
