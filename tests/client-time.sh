#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The client's clock, and waiting for xenstore alone: tests/client/time.c.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

${CC:-cc} -D_GNU_SOURCE -D__XEN_TOOLS__ -Wall -Wextra -O2 -o client \
    "$top_srcdir/tests/client/time.c" \
    -lxenctrl -lxenevtchn -lxenstore -lpthread 2>err || exit 77

# client WHAT OPTION...
client()
{
    what=$1
    shift
    timeout 60 "$xenreel" run "$@" -- ./client "$what" >out 2>err </dev/null
    got=$?
    status 0 "$what $*"
}

client reads
client real-waits
client ports
for what in poll select epoll; do
    client $what --at-end shutdown
done

# What a client measures is the same in each run, and so is its trace: a
# hundred waits of 100 ms.
for i in 1 2; do
    client idles -o $i.xrt
    says out '^100 laps, until 16708'
    cp out $i.out
    expect 0 show $i.xrt
    cp out $i.txt
done
cmp -s 1.out 2.out || fail "another time of day"
cmp -s 1.txt 2.txt || fail "another trace"
expect 0 replay 1.xrt -- ./client idles
says out '^100 laps, until 16708'

# The machine's clock is later than Xen 4.17.
client today
says out '^1670803200$'
client today --real-time
[ "$(cat out)" -gt 1700000000 ] || fail "not the machine's clock"
expect 2 run --real-time good.scn

exit $failed
