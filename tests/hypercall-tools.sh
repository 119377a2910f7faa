#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Xen's own tools, unmodified, on the model: what they need is there, so that
# none complains, and they show what the model has.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

# The files are there without any of them.
XENREEL_XEN_VERSION=4.14 "$xenreel" run -- cat /sys/hypervisor/version/major \
    /sys/hypervisor/version/minor /sys/hypervisor/version/extra >out 2>err
[ "$(tr '\n' ' ' <out)" = '4 14 .0 ' ] || fail 'the files of 4.14'
XENREEL_XEN_VERSION=4.99 "$xenreel" run -- cat /sys/hypervisor/version/minor \
    >out 2>err
says err '4\.99: not a known version'
says out '^17$'

bin=/usr/lib/xen-4.17/bin
for tool in "$bin/xen-hvmctx" "$bin/xenctx" "$bin/lsevtchn" "$bin/xl"; do
    [ -x "$tool" ] || { echo "no $tool"; [ $failed = 0 ] || exit 1; exit 77; }
done

# tool STATUS COMMAND...: run it; the model has all that it asks for.
tool()
{
    want=$1
    shift
    "$xenreel" run -- "$@" >out 2>err </dev/null
    got=$?
    status "$want" "$*"
    ! grep -q 'not modelled' err || fail "$*: something is not modelled"
}

tool 0 "$bin/xen-hvmctx" 1
says out 'gtsc_khz 2000000'
says out 'cr0 0x0*11 '
says out 'cs   0000 \(.* 0xffffffff / *0x0c9b\)'
says out 'PAT 0x7040600070406|pat 0x0*7040600070406'

# A setup's registers stay: only what it leaves out is the builder's.
echo 'vcpu.set_registers dom=1 vcpu=0 cr0=0x80050033 cr3=0x2000 = 0' >paged.scn
expect 0 run --program paged.scn -- "$bin/xen-hvmctx" 1
says out 'cr0 0x0*80050033 '
says out 'cr3 0x0*2000 '

tool 0 "$bin/xenctx" -a 1
says out 'cr0: 0*11'
tool 0 "$bin/lsevtchn" 1
says out '1: VCPU 0: Interdomain'
tool 0 "$bin/xl" info
says out 'xen_version *: 4\.17\.7'
says out 'xen_scheduler *: credit2'
tool 0 "$bin/xl" info -n
tool 0 "$bin/xl" list
says out '^guest1 *1 *16 *1 '
tool 0 "$bin/xl" vcpu-list
says out '^guest1 *1 *0 *0 .*all / all'
# The one for another release is refused (EACCES), as Xen does.
XENREEL_XEN_VERSION=4.16 "$xenreel" run -- "$bin/xenctx" 1 >out 2>err
says err 'Permission denied'
exit $failed
