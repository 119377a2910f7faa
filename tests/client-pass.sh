#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# "xenreel record -- COMMAND", with the model's devices in the place of a real
# Xen's: one front end that serves them, and in front of it, in the same
# process, another one that passes on and records.  The client is not to
# notice, and its trace is to replay, on the model and served.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

# Two kinds of "record" with one name.
expect 0 record --help
says out '-- COMMAND'
expect 2 record -- true
says err 'no trace to make'
expect 2 record -o x.xrt file.scn -- true
expect 2 record --domain x.cfg -o x.xrt -- true
if [ ! -e /dev/xen/privcmd ]; then
    expect 4 record -o x.xrt -- true
    says err 'a client is recorded in a dom0, by root'
    absent x.xrt x.xrt.partial
fi

# passed TRACE [OPTION...] -- COMMAND...: want.* is what the client says alone,
# out and err what it says when it is recorded.
passed()
{
    trace=$1
    shift
    options=
    while [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    shift
    # shellcheck disable=SC2086
    "$xenreel" run $options -- "$@" >want.out 2>want.err </dev/null
    want=$?
    # shellcheck disable=SC2086
    "$xenreel" run $options -- "$xenreel" record --force -o "$trace" -- "$@" \
        >out 2>err </dev/null
    got=$?
    status $want "$* recorded"
    cmp -s out want.out || fail "$*: another output"
    cmp -s err want.err || fail "$*: another error output"
    absent "$trace.partial"
    expect 0 replay "$trace"
    says out ' 0 differences'
    expect 0 replay "$trace" -- "$@"
    says out "^$trace: [0-9]+ records, [0-9]+ events: ok"
    grep -v "^$trace" out | cmp -s - want.out ||
        fail "$*: another output when served"
}

tools=/usr/lib/xen-4.17/bin
access=$tools/xen-access
[ -x $access ] || exit 77
for mode in write exec breakpoint debug cpuid desc_access write_ctrlreg_cr4; do
    passed $mode.xrt -- $access 1 $mode
done
passed hvmctx.xrt -- /usr/sbin/xen-hvmctx 1
passed context.xrt -- $tools/xenctx -a 1
passed ports.xrt -- $tools/lsevtchn 1
passed list.xrt -- xl list

# It begins with the domains as they were found, and has what passed: not what
# the model in front of the client had done before.
expect 0 show write.xrt
says out '^#1  domain.create +dom=1 vcpus=1 ram=0x1000 max_gpfn=0xfefff '
says out 'client.domain +dom=1 "guest1"'
says out 'vm_event.op .*out=3'
says out 'guest.run '
says out 'client.phase +phase=signal'
expect 0 info write.xrt
says out '^backend +xen$'

# Two vCPUs in any order, and guests that run between the client's calls; two
# domains, of which the second is watched.
printf 'type = "pvh"\nmemory = 16\nvcpus = 2\nshadow_memory = 32\n' >two.cfg
for dom in 1 2; do
    for page in 1 2 3; do
        for vcpu in 0 1; do
            at="0x$page${vcpu}100"
            echo "guest.write dom=$dom vcpu=$vcpu rip=0x1000 gla=$at" \
                "gpa=$at len=8 value=1"
            echo "guest.cpuid dom=$dom vcpu=$vcpu rip=0x2000 leaf=1"
        done
    done >$dom.scn
done
for seed in 0 1 2; do
    passed two.xrt -d two.cfg -p 1.scn -s $seed -- $access -m 1 write
    passed two.xrt -d two.cfg -d two.cfg -p 2.scn -s $seed -- $access 2 cpuid
done

# A guest that goes on while the client makes calls: what it did stands in
# front of the call by which it had done it, its event where the client got it.
cat >busy.c <<'END'
#include <poll.h>
#include "tests/client/monitor.h"

int main(void)
{
    struct monitor m;
    xen_pfn_t max;

    monitor_open(&m);
    for (;;) {
        struct pollfd p = { .fd = m.fd, .events = POLLIN };

        for (int i = 0; i < 20; i++)
            WANT(!xc_domain_maximum_gpfn(m.xc, 1, &max));
        if (poll(&p, 1, 100) != 1)
            break;
        WANT((int)xenevtchn_pending(m.xe) == (int)m.port);
        monitor_answer(&m);
    }
    monitor_close(&m);
    return 0;
}
END
if ${CC:-cc} -I"$top_srcdir" -o busy busy.c -lxenctrl -lxenevtchn 2>/dev/null
then
    early=0
    for seed in 1 2 3 4 5 6; do
        passed busy.xrt -d two.cfg -p 1.scn -s $seed -l 2 -e wait -- ./busy
        expect 0 show busy.xrt
        awk '/guest.run/ { ran = 1; next }
             ran && !/ (event|guest)/ { early = 1 }
             { ran = 0 }
             END { exit !early }' out && early=1
    done
    [ $early = 1 ] || fail "no event between two calls"
fi

# What another monitor has left: no ring's page.
echo 'memory.decrease dom=1 gfn=0xfeff9 = 0' | cat - 1.scn >left.scn
passed left.xrt -d two.cfg -p left.scn -- $access 1 cpuid
expect 0 show left.xrt
says out 'memory.decrease +dom=1 gfn=0xfeff9 .*= 0'

# A client that is ended from outside: the trace is whole.
"$xenreel" run --at-end wait -- "$xenreel" record -o term.xrt -- \
    sh -c "exec $access 1 cpuid" >/dev/null 2>&1 &
pid=$!
within 20 monitors term.xrt || fail "no client is recorded"
kill -TERM $pid
wait $pid
absent term.xrt.partial
expect 0 replay term.xrt
expect 0 replay term.xrt -- $access 1 cpuid

# No device, no trace.
"$xenreel" run -- "$xenreel" record -o none.xrt -- true >out 2>err </dev/null
got=$?
status 3 "a command that opens no device"
says err 'opened no Xen device'
absent none.xrt none.xrt.partial

exit $failed
