#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# "xenreel record --domain ID": a running domain, here the model's behind the
# front end, which the recorder takes for Xen.  What was recorded replays
# without a difference, whichever way the recording ended.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

printf '%s\n' 'type = "pvh"' 'memory = 16' 'vcpus = 2' 'shadow_memory = 32' \
    'altp2m = "external"' >two.cfg
for vcpu in 0 1; do
    for i in 0 1 2; do
        rip=$((4096 * (vcpu + 1) + i * 32))
        echo "guest.write dom=1 vcpu=$vcpu rip=$rip gla=0x1000$i" \
            "gpa=0x1000$i len=1 value=1"
        echo "guest.cpuid dom=1 vcpu=$vcpu rip=$((rip + 8)) leaf=1"
        echo "guest.request dom=1 vcpu=$vcpu rip=$((rip + 16))"
    done
done >guest.scn

# live OPTION... -- ARGUMENT...: of "run", and of "record --domain".
live()
{
    options=
    while [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    shift
    # shellcheck disable=SC2086
    timeout 60 "$xenreel" run -d two.cfg -p guest.scn $options -- \
        "$xenreel" record --domain "$@" >out 2>err </dev/null
    got=$?
}

# same FILE: it replays.
same()
{
    expect 0 replay "$1"
    says out ': 0 differences'
}

# Every answer, with vCPUs that run in any order.
for seed in 0 3; do
    for answer in once step fast emulate; do
        live -s $seed -l 20 -- 1 -f -o a.xrt --policy "write:0x10=$answer" \
            --policy cpuid --policy request
        status 0 "$answer, seed $seed"
        says out '^a.xrt: [0-9]+ records, [0-9]{3} events: ended as told'
        [ ! -s err ] || fail "$answer: says something"
        same a.xrt
    done
done
expect 0 info a.xrt
says out 'xen'

# Limits; the trace of a running domain may have its memory, too.
live -l 50 -- 1 -o b.xrt --policy cpuid --events 10 --memory special
status 0 "--events"
says out '1[0-9] events: as many as wanted'
same b.xrt
live -e wait -- 1 -o c.xrt --policy cpuid --time 1 --memory all
status 0 "--time"
says out 'ended as told'
same c.xrt

# On a terminal, how far it is; not in a file.
if script -q -e -c true /dev/null >/dev/null 2>&1 </dev/null; then
    script -q -e -c "$xenreel run -d two.cfg -p guest.scn -e wait -- \
        $xenreel record -d 1 -o t.xrt --policy cpuid --time 1" /dev/null \
        >out 2>err </dev/null
    got=$?
    status 0 "on a terminal"
    says out '[0-9]+ events, [0-9]+ s, [0-9]+ events/s, [0-9.]+ MiB'
    same t.xrt
fi

# What cannot be: nothing is left behind.
for wrong in nonsense write:5-1 write=nothing cr3=step msr cpuid:1; do
    expect 2 record --domain 1 -o d.xrt --policy $wrong
    says err "policy $wrong: "
done
expect 2 record --domain 1 --policy cpuid
expect 2 record --domain 1 -o d.xrt good.scn
expect 2 record --domain 1 -o d.xrt --seed 1
expect 2 record --domain 0 -o d.xrt
expect 2 record --policy cpuid -o d.xrt good.scn
expect 4 record --domain 1 -o d.xrt --policy cpuid
live -- 7 -o d.xrt --policy cpuid
status 4 'no such domain'
says err 'domain 7: there is none'
live -- 1 -o d.xrt --policy cpuid --policy write:0x10 --policy cpuid
status 4 'a rule twice'
says err 'domain 1: cpuid: .*twice'
printf 'type = "pvh"\nmemory = 16\n' >one.cfg
grep vcpu=0 guest.scn >one.scn
timeout 60 "$xenreel" run -d one.cfg -p one.scn -- "$xenreel" record \
    -d 1 -o d.xrt --policy write:0x10=step >out 2>err
got=$?
status 4 'no altp2m'
says err 'altp2m="external"'
absent d.xrt d.xrt.partial
echo '/tmp is no number' >1
expect 3 record --domain ./1 -o d.xrt good.scn

# A domain that nobody left anything in is released all the same.
live -- 1 --release
status 0 "--release"
live -- 7 --release
status 4 "--release of none"

# recorder SIGNAL: of a guest that goes on for long, after a while.
recorder()
{
    rm -f pid e.xrt*
    # shellcheck disable=SC2016
    timeout 60 "$xenreel" run -d two.cfg -p guest.scn -l 100000 -e wait -- \
        sh -c 'echo $$ >pid; exec "$@"' sh "$xenreel" record --domain 1 \
        -o e.xrt --policy write:0x10=step --policy cpuid >out 2>err &
    runner=$!
    within 20 committed || fail "$1: no record is committed"
    sleep "$2"
    kill -"$1" "$(cat pid)"
    wait $runner
    got=$?
}

committed()
{
    [ "$("$xenreel" show --count 100 e.xrt.partial 2>/dev/null | wc -l)" = 100 ]
}

# Told to end, it detaches and seals.
recorder TERM 0.1
status 0 "SIGTERM"
says out 'e.xrt: .* ended as told'
same e.xrt
expect 0 show --where "op = 'monitor.disable'" e.xrt
lines 1

# Killed, the trace is there up to its last commit, which may be between
# events that came together.
for delay in 0 0.3 0.55; do
    recorder KILL $delay
    status 137 "SIGKILL"
    absent e.xrt
    expect 0 recover e.xrt
    "$xenreel" replay e.xrt >out 2>err ||
        says out 'an event that the trace lacks'
done
exit $failed
