#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# --xen: run, record and replay with the implementation for a real Xen, which
# the front end shows the model to; and what is said where there is no Xen.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

# on_xen STATUS COMMAND ARGUMENT...: with --xen, under the front end.
on_xen()
{
    want=$1
    command=$2
    shift 2
    "$xenreel" run --at-end wait -- "$xenreel" "$command" --xen \
        --timeout 20 --settle 0 "$@" >out 2>err </dev/null
    got=$?
    status "$want" "xenreel $command --xen $*"
}

# A scenario's domain is made; what it expects is compared.
on_xen 0 run good.scn
says out '^good.scn: 7 records, 0 events: ok'
on_xen 1 run other.scn
says out 'DIFFERENCE at record #4'

# What is recorded is what the model's recording has.  There the answers are
# learned first, so that the scenario may expect anything.
for scn in events ring-full step-views; do
    cp "$top_srcdir/tests/$scn.scn" .
    expect 0 record -o sim-$scn.xrt $scn.scn
    on_xen 0 record -o xen-$scn.xrt $scn.scn
    expect 0 diff sim-$scn.xrt xen-$scn.xrt
    expect 0 info xen-$scn.xrt
    says out 'xen$'
    says out '^Xen +4\.[0-9]+$'
    on_xen 0 replay sim-$scn.xrt
done
on_xen 0 record -o other.xrt other.scn
expect 0 show other.xrt
says out 'access=rwx  = 0'
on_xen 0 replay sim-events.xrt sim-step-views.xrt
says out '^replayed 2 traces, [0-9]+ records: 0 differences'

# A domain that runs is attached to under another number.
sed '$d; s/dom=1/dom=4/' good.scn >four.scn
sed -i '1i domain.create dom=4 = 0' four.scn
on_xen 0 run --attach 4=1 four.scn
on_xen 4 run --attach 4=9 four.scn
says err 'no such domain'

# Another Xen than the libraries are of, and other events.
for other in "--xen-version 4.13" "--vm-event-abi 5"; do
    # shellcheck disable=SC2086
    expect 4 run --at-end wait $other -- "$xenreel" run --xen good.scn
    says err 'another release'
done

for wrong in "--attach 1" "--attach 0=1" "--attach 1=0" "--attach 1=2x" \
    "--attach 40000=1" "--attach 1=2 --attach 1=3" "--timeout x" \
    "--settle 9999999" "--seed 3"; do
    # shellcheck disable=SC2086
    expect 2 run --xen $wrong good.scn
done
expect 2 run --attach 1=1 good.scn
says err 'only with --xen'
expect 2 replay --puppet k sim-events.xrt
expect 2 run --puppet-pv k good.scn
says err '--puppet-pv: only with --xen'

if [ ! -e /dev/xen ] && [ ! -e /proc/xen/privcmd ]; then
    expect 4 run --xen good.scn
    says err 'there is no Xen here'
    expect 4 record --xen -o no.xrt good.scn
    absent no.xrt no.xrt.partial
    expect 4 replay --xen sim-events.xrt
    says out '^replayed 0 traces'
fi

exit $failed
