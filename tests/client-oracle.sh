#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a real Xen did, served to Debian's xen-access.  What it printed on that
# Xen (tests/client/*.log), between the calls that it makes in that order
# (tools/misc/xen-access.c of 4.17; seen on a host by tracing), is a trace that
# it gets to the end of.  The samples are another client's: it gets to the
# first call that it does not share with that one.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"
access=/usr/lib/xen-4.17/bin/xen-access
[ -x $access ] || exit 77

# begin, end: what all modes do.
begin()
{
    echo domain.create dom=1 vcpus=1 ram=0x1000 max_gpfn=0xfefff \
        max_pages=0x1100 pool=490 altp2m=external views=10 = 0
    cat <<'END'
client.phase phase=start = 0
monitor.enable dom=1 port=3 = 0
evtchn.bind_interdomain dom=1 port=3 local=18 = 0
domain.max_gpfn dom=1 max_gpfn=0xfefff = 0
domain.access_required dom=1 = 0
END
}

# A signal, in its wait: CALL... switches off, all may be accessed, one more
# lap.
end()
{
    cat <<'END'
client.wait dom=1 events=0 = 0
client.phase phase=signal = 0
evtchn.notify dom=1 port=3 = 0
END
    [ $# = 0 ] || printf '%s\n' "$@"
    cat <<'END'
mem_access.set dom=1 access=rwx gfn=0xffffffffffffffff = 0
mem_access.set dom=1 access=rwx nr=1044479 = 0
client.wait dom=1 events=0 = 0
evtchn.notify dom=1 port=3 = 0
monitor.disable dom=1 = 0
evtchn.unbind dom=1 port=3 = 0
END
}

# PAGE ACCESS: rw- for GFN 118 (offset 000fc8) gla 0000000000118fc8 (valid: ...
writes()
{
    begin
    echo 'mem_access.set dom=1 access=rx gfn=0xffffffffffffffff = 0'
    echo 'mem_access.set dom=1 access=rx nr=1044479 = 0'
    awk '/^PAGE ACCESS: rw- .* gpt: n; .* with gla: y\) \(vcpu 0 \[p\], / {
        sub(/\)/, "", $8)
        print $6, $8, $10
    }' "$1" | while read -r gfn off gla; do
        fault="gfn=0x$gfn off=0x$off gla=0x$gla"
        fault="$fault access=r|w|gla_valid|with_gla"
        echo "event mem_access dom=1 vcpu=0 flags=paused view=0 $fault"
        echo "mem_access.get dom=1 gfn=0x$gfn access=rx = 0"
        echo "mem_access.set dom=1 gfn=0x$gfn nr=1 access=rwx = 0"
        echo "respond mem_access dom=1 vcpu=0 flags=paused $fault"
        echo 'evtchn.notify dom=1 port=3 = 0'
    done
    end
}

# Breakpoint: rip=0000000000103e18, gfn=103 (vcpu 0)
breakpoints()
{
    begin
    echo 'monitor.software_breakpoint dom=1 enable=1 = 0'
    awk -F'[=, ]+' '/^Breakpoint: .* \(vcpu 0\)$/ { print $3, $5 }' \
        "$1" | while read -r rip gfn; do
        echo "event software_breakpoint dom=1 vcpu=0 flags=paused view=0" \
            "gfn=0x$gfn insn_len=1 type=6 {rip=0x$rip}"
        echo 'hvm.inject_trap dom=1 vcpu=0 vector=3 type=6' \
            'error=0xffffffff insn_len=1 = 0'
        echo 'respond software_breakpoint dom=1 vcpu=0 flags=paused'
        echo 'evtchn.notify dom=1 port=3 = 0'
    done
    end 'monitor.software_breakpoint dom=1 = 0'
}

# serve MODE: the trace in "text" to the end, and the log's lines come out.
serve()
{
    log=$top_srcdir/tests/client/xen-access-$1.log
    expect 0 import --from text --force -o served.xrt text
    expect 0 replay served.xrt -- $access 1 "$1"
    says out "^served.xrt: [0-9]+ records, $(wc -l <"$log") events: ok$"
    grep -v '^served.xrt' out | cmp -s - "$log" ||
        fail "$1: other lines than on Xen"
}

writes "$top_srcdir/tests/client/xen-access-write.log" >text
serve write
# Another answer to the fourth event, and another call.
sed '/^respond.*gfn=0x11b/s/flags=paused/flags=paused|emulate/' text >other
expect 0 import --from text --force -o other.xrt other
expect 1 replay other.xrt -- $access 1 write
says out '^other.xrt: .*DIFFERENCE at record #27 \(respond\)$'
says out '^  ! flags +paused.emulate +paused$'
expect 1 replay served.xrt -- $access 1 exec
says out '^served.xrt: .*DIFFERENCE at record #7 \(mem_access.set\)$'
says out '^  ! access +rx +rw$'
breakpoints "$top_srcdir/tests/client/xen-access-breakpoint.log" >text
serve breakpoint

# sample NAME DOMAIN RECORD EXPECTED ACTUAL: it differs there.
sample()
{
    trace=$top_srcdir/traces/samples/$1.xrt
    [ -f "$trace" ] || trace=$top_srcdir/tests/corpus/logs/$1.xrt
    expect 1 replay "$trace" -- $access "$2" write
    says out "/$1.xrt: .*DIFFERENCE at record #$3 \($4\)$"
    says out "^  ! operation +$4 +$5$"
}

for s in disabled-conf:11 external-altp2m:4 external-conf:8 external-emul:2 \
         external-mon:6 external-p2m:1 mixed-conf:9 mixed-ve:7; do
    sample vmx-${s%:*} ${s#*:} 6 monitor.guest_request domain.max_gpfn
done
for s in w-READ:12 wx-EXEC:14; do
    sample vmx-external-misconf-${s%:*} ${s#*:} 4 monitor.guest_request \
        domain.max_gpfn
done
sample vmx-linux-boot 1 6 hvm.param_get domain.max_gpfn
# It has no ring at all.
sample vmx-external-noring 16 3 monitor.get_capabilities domain.pause

exit $failed
