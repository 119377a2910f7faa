#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The model is a function of the calls, the programs and the seed: the same
# scenario and seed twice make the same trace, byte for byte as "xenreel show"
# prints it; with two vCPUs another seed makes another order of their events,
# and what each vCPU does is the same in any order.
# shellcheck source=tests/functions.sh
. "${top_srcdir:-.}/tests/functions.sh"

# record NAME SEED SCENARIO: NAME.xrt, and NAME.txt as show prints it.
record()
{
    "$xenreel" record -f --domain two.cfg --seed "$2" -o "$1.xrt" "$3" \
        >out 2>&1 || fail "record $1"
    "$xenreel" show "$1.xrt" >"$1.txt" || fail "show $1"
}

# order FILE.txt: the vCPUs of its events.
order()
{
    sed -n 's/.* event .* vcpu=\([0-9]*\) .*/\1/p' "$1" | tr -d '\n'
}

printf 'type = "pvh"\nmemory = 16\nvcpus = 2\naltp2m = "external"\n' >two.cfg
{
    echo 'monitor.enable dom=1 port=3 = 0'
    echo 'monitor.guest_request dom=1 enable=1 = 0'
    echo 'domain.unpause dom=1 = 0'
    for i in 0 1 2 3; do
        echo "guest.request dom=1 vcpu=0 rip=0x1${i}00"
        echo "guest.request dom=1 vcpu=1 rip=0x2${i}00"
    done
    for i in 0 1 2 3 4 5 6 7; do
        echo "event guest_request dom=1 vcpu=0"
        echo "respond guest_request dom=1 vcpu=0"
        echo "monitor.resume dom=1 = 0"
    done
} >race.scn

seen=
for seed in 0 1 2 3 4 5; do
    record a $seed race.scn
    record b $seed race.scn
    cmp -s a.txt b.txt || fail "seed $seed: two recordings differ"
    [ "$(grep -c ' event ' a.txt)" = 8 ] || fail "seed $seed: not 8 events"
    for vcpu in 0 1; do
        grep " event .* vcpu=$vcpu " a.txt | grep -o 'rip=0x[0-9a-f]*' >rips
        sort rips | cmp -s - rips || fail "seed $seed: vCPU $vcpu's order"
    done
    seen="$seen $(order a.txt)"
done
# shellcheck disable=SC2086
[ "$(printf '%s\n' $seen | sort -u | wc -l)" -gt 1 ] ||
    fail "the seed changes nothing: $seen"

# Seeds make no difference where only one vCPU has something to do.
grep -v 'vcpu=1' race.scn >alone.scn
record a 1 alone.scn
record b 2 alone.scn
cmp -s a.txt b.txt || fail "one vCPU: the seed makes a difference"

exit $failed
