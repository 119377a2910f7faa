#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A trace, printed, edited and imported again: replay finds the edit, names the
# record and exits with 1.  One edit of each kind, in traces of a real Xen;
# all kinds and fields are tested in C (test-mutate.c, test-mutate-flow.c).
# shellcheck source=tests/functions.sh
. "${top_srcdir:-.}/tests/functions.sh"

# take TRACE: work on its text.
take()
{
    "$xenreel" show "$top_srcdir/traces/samples/$1.xrt" >before || exit 99
}

# number PATTERN [AFTER]: of the first record like this, behind record AFTER.
number()
{
    sed -n "s/^#\([0-9]*\) .*/\1 &/p" before |
        awk -v pattern="$1" -v after="${2:-0}" \
            '$1 > after && $0 ~ pattern { print $1; exit }'
}

# edit WHAT RECORD SED: the text with that record changed; replay exits with
# WANT, and when that is 1 it names record AT and says why.
edit()
{
    sed "/^#$2 /$3" before >after
    if [ "$want" = 1 ] && cmp -s before after; then
        fail "$1: '$3' changes nothing in #$2"
    fi
    "$xenreel" import -f after -o t.xrt >out 2>&1 || fail "$1: import"
    "$xenreel" replay t.xrt >out 2>&1
    got=$?
    [ "$got" = "$want" ] || fail "$1: replay exits with $got, not $want"
}

# named WHAT RECORD CAUSE: what the last edit's replay has to say.
named()
{
    grep -q "DIFFERENCE at record #$2 " out || fail "$1: #$2 is not named"
    grep -Eq "^  cause: $3" out || fail "$1: the cause is not '$3'"
}

take vmx-external-conf
want=0
edit "nothing" 1 's/x/x/'
want=1

n=$(number 'mem_access.set .* = 0$')
edit "a result" "$n" 's/= 0$/= -EBUSY/'
named "a result" "$n" 'the result differs'

n=$(number 'mem_access.get .* = -ESRCH')
edit "an errno" "$n" 's/-ESRCH/-EINVAL/'
named "an errno" "$n" 'the result differs'

n=$(number 'mem_access.get .* = 0$')
edit "a result's field" "$n" 's/ access=[a-z0-9]*/ access=wx/'
named "a result's field" "$n" "field 'access' differs"

take vmx-external-emul
n=$(number 'event mem_access')
edit "an event's field" "$n" 's/ gfn=0x1/ gfn=0x2/'
named "an event's field" "$n" "field 'gfn' differs"
edit "an event's flag" "$n" 's/ flags=paused / flags=- /'
named "an event's flag" "$n" "field 'flags' differs"
edit "an event's register" "$n" 's/ rip=0x1/ rip=0x2/'
named "an event's register" "$n" "field 'rip' differs"
edit "a ring index" "$n" 's/ rsp_prod=/&1/'
named "a ring index" "$n" "field 'rsp_prod' differs"
edit "an event left out" "$n" d
named "an event left out" "$(number 'event' "$n" | awk '{ print $1 - 1 }')" \
    '.* differs'

n=$(number 'respond mem_access .*flags=paused[|]emulate .*access=')
edit "a response's bit" "$n" 's/ flags=paused[|]emulate/ flags=paused/'
named "a response's bit" "$(number 'event' "$n")" '.* differs'
edit "a response's other bit" "$n" 's/ flags=paused[|]/ flags=/'
named "a response's other bit" "$(number 'event' "$n")" 'the trace has an event'

exit $failed
