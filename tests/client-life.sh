#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Domains that end: tests/client/life.c, with the Xen libraries, and xl.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

libraries='-lxenctrl -lxenevtchn -lxenstore'
# shellcheck disable=SC2086
${CC:-cc} -D_GNU_SOURCE -D__XEN_TOOLS__ -Wall -Wextra -O1 -o life \
    "$top_srcdir/tests/client/life.c" $libraries 2>err ||
    { grep -q 'No such file\|cannot find' err && exit 77; fail "life.c"; }

for dom in 1 2; do
    printf 'type = "pvh"\nmemory = 16\n' >life$dom.cfg
done
cat >life.scn <<'END'
guest.cpuid dom=1 vcpu=0 rip=0x1000 leaf=0
guest.write dom=1 vcpu=0 rip=0x1002 gla=0x10000 gpa=0x10000 len=8 value=0x1234
END

# ended WHAT: the client sees it, the trace replays, on the model and served.
ended()
{
    expect 0 run -d life1.cfg -d life2.cfg -p life.scn --at-end destroy \
        -o "$1.xrt" -- ./life "$1"
    expect 0 replay "$1.xrt"
    says out ' 0 differences'
    expect 0 replay "$1.xrt" -- ./life "$1"
    says out '^done$'
    expect 0 show "$1.xrt"
}

ended ends
says out 'client.phase .*phase=shutdown'
grep -A3 'phase=destroy' out | grep -c 'domain.destroy  *dom=[12]  = 0' >nr
[ "$(cat nr)" = 2 ] || fail "destroyed: $(cat nr)"
ended monitored
ended destroys
ended child
says out 'domain.destroy .*dom=1  = 0'

# The same order each time, whatever the threads of libxenstore do.
cp out first
for i in 1 2 3 4 5; do
    expect 0 run -d life1.cfg -d life2.cfg -p life.scn --at-end destroy \
        -f -o ends.xrt -- ./life ends
    expect 0 show ends.xrt
    [ $i = 1 ] && cp out first
    cmp -s out first || fail "run $i differs"
done

# xl keeps what it locks in folders of the host's.
xl=/usr/lib/xen-4.17/bin/xl
[ -x $xl ] || exit $failed
cat >hide <<'END'
mount -t tmpfs none /run && mkdir /run/xen && mount -t tmpfs none /var/lib/xen
exec "$@"
END
unshare -rm sh hide true 2>err || exit $failed
for type in pvh hvm pv; do
    printf 'type = "%s"\nmemory = 16\nname = "guest"\n' $type >one.cfg
    unshare -rm sh hide "$xenreel" run -d one.cfg -f -o destroy.xrt -- \
        $xl destroy guest >out 2>err </dev/null
    got=$?
    status 0 "xl destroy, $type"
    [ ! -s err ] || fail "xl destroy, $type: $(cat err)"
    expect 0 replay destroy.xrt
    expect 0 show destroy.xrt
    says out 'domain.destroy .*dom=1  = 0'
done

exit $failed
