#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A client that is recorded, and one that is served a trace: xen-access in all
# of its modes, deviations, and what the model lacks.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"
access=/usr/lib/xen-4.17/bin/xen-access
[ -x $access ] || exit 77

# altp2m modes set a million frames, one call each: one of them is enough.
for mode in write exec breakpoint debug cpuid desc_access write_ctrlreg_cr4; do
    expect 0 run -o $mode.xrt -- $access 1 $mode
    cp out $mode.out
    absent $mode.xrt.partial
    expect 0 replay $mode.xrt
    says out ' 0 differences'
    expect 0 replay $mode.xrt -- $access 1 $mode
    says out "^$mode.xrt: [0-9]+ records, [1-9][0-9]* events: ok"
    grep -v "^$mode.xrt" out | cmp -s - $mode.out ||
        fail "$mode: other output when served"
done
"$xenreel" run -o altp2m.xrt -- $access 1 altp2m_write >/dev/null 2>&1
expect 0 replay altp2m.xrt
expect 0 replay altp2m.xrt -- $access 1 altp2m_write

# From the domain's creation on, the guest's program included.
expect 0 show write.xrt
grep -q '^#1  domain.create' out || fail "not from the start"
says out 'guest.write  '
says out 'vm_event.op .*out=3'
says out 'respond mem_access'
says out 'client.phase .*phase=signal'

# One seed, one trace, byte for byte, but for the moment it was made at, and
# the number of commits in SQLite's header, more of them where a run is slow.
export SOURCE_DATE_EPOCH=1670803200
for i in 1 2 3 4 5 6 7 8 9 10; do
    expect 0 run --seed 7 --force -o seed.xrt -- $access 1 cpuid
    [ -e first.xrt ] || cp seed.xrt first.xrt
    cmp -s -i 100 seed.xrt first.xrt || fail "run $i differs"
done
unset SOURCE_DATE_EPOCH
expect 4 run -o write.xrt -- $access 1 write
says err 'it exists'

# With a seed the guests run between the client's hypercalls, too, and that is
# in the trace.
expect 0 run -s 1 -o slices.xrt -- $access 1 write
expect 0 show --where "op = 'client.wait'" slices.xrt
says out ' limit=[0-9]+ events='
expect 0 replay slices.xrt
expect 0 replay slices.xrt -- $access 1 write

# Deviations: another mode, another domain, too long, too short, and an edited
# trace: a call, a response.
expect 1 replay write.xrt -- $access 1 exec
says out 'DIFFERENCE at record #19 \(mem_access.set\)'
says out 'the client gave another access'
says out '^  ! access +rx +rw'
expect 1 replay write.xrt -- $access 2 write
says out '^  ! dom +1 +2'
expect 0 show write.xrt
grep -v 'evtchn.unbind' out >cut
head -40 out >short
sed '/^[^ ]* *respond/s/flags=paused/flags=paused|deny/' out >edited
for t in cut short edited; do
    expect 0 import --from text -o $t.xrt $t
    expect 1 replay $t.xrt -- $access 1 write
done
says out '^  ! flags +paused.deny +paused'
expect 1 replay short.xrt -- $access 1 write
says out "went on after the trace's end"
expect 0 show write.xrt
(cat out; echo 'domain.pause dom=1 = 0') >long
expect 0 import --from text -o long.xrt long
expect 1 replay long.xrt -- $access 1 write
says out 'the client ended, and the trace goes on'
says out '^  > .*domain.pause'
expect 1 replay write.xrt -- /usr/sbin/xen-hvmctx 1
says out 'DIFFERENCE'

# A signal from outside ends it, and the trace is whole.
"$xenreel" run --at-end wait -o term.xrt -- $access 1 cpuid >/dev/null 2>&1 &
pid=$!
within 20 monitors term.xrt || fail "no client is recorded"
kill -TERM $pid
wait $pid
absent term.xrt.partial
expect 0 replay term.xrt

# Also before there is a client to pass it on to (a second one would end the
# recorder at once, and timeout sends two unless it is in the foreground).
timeout --foreground 20 "$xenreel" run --at-end wait -o early.xrt -- \
    $access 1 cpuid >out 2>err &
pid=$!
until [ -e early.xrt.partial ]; do :; done
kill -TERM $pid
wait $pid
got=$?
[ $got != 124 ] || fail "it goes on behind an early signal"
[ ! -e early.xrt.partial ] || expect 0 recover early.xrt

# What its caller has ignored, it ignores: nohup.
trap '' HUP
expect 0 run -- sh -c 'kill -HUP $$ $PPID && echo on'
trap - HUP
says out '^on$'

# No more room: what is there, and what to do with it.
expect 4 run -o full.xrt -- sh -c \
    "prlimit --pid \$PPID --fsize=30000; exec $access 1 cpuid"
says err '^xenreel: full.xrt.partial: cannot '
says err 'kept; "xenreel recover full.xrt" completes it'
expect 0 recover full.xrt

# What xen-access was answered by a real Xen (docs/HOWTO-TEST.md): every event
# is a line again.
for sample in "$top_srcdir"/traces/samples/vmx-xen-access-*.xrt; do
    mode=${sample##*/vmx-xen-access-}
    mode=${mode%.xrt}
    expect 0 show --where "kind = 'event'" "$sample"
    events=$(wc -l <out)
    expect 0 show --where "op = 'domain.create'" "$sample"
    dom=$(sed -n 's/.* dom=\([0-9]*\) .*/\1/p' out)
    expect 0 replay "$sample" -- $access "$dom" "$mode"
    says out ': [0-9]+ records, [1-9][0-9]* events: ok$'
    [ "$(grep -c 'vcpu 0' out)" = "$events" ] || fail "not $events lines"
done

# No client at all, a client that is killed, one that asks for what there is
# not.
expect 3 replay write.xrt -- true
says err 'no Xen device'
expect 3 run -o none.xrt -- sh -c 'exit 7'
says err 'none.xrt: the command, which ended with status 7, has opened no Xen'
absent none.xrt none.xrt.partial
cat >ask.c <<'END'
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/sys/privcmd.h>

int main(int argc, char **argv)
{
    struct privcmd_hypercall call = { .op = atoi(argv[1]) };
    int fd = open("/dev/xen/privcmd", O_RDWR), answer = 0;

    for (int i = 0; i < 3; i++)
        answer = ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call);
    if (argc > 2)
        kill(getpid(), SIGKILL);
    return answer < 0 ? 0 : answer & 0xff;
}
END
if ${CC:-cc} -o ask ask.c 2>/dev/null; then
    expect 0 run -o ask.xrt -- ./ask 27
    expect 0 info ask.xrt
    says out 'what the client asked for and the model lacks'
    says out '^ +3  hypercall 27$'
    expect 0 replay ask.xrt
    expect 0 replay ask.xrt -- ./ask 27
    expect 1 replay ask.xrt -- ./ask 28
    says out '^  ! number +27 +28'
    # What the client saw, through the text form, too: XENVER_version.
    expect 16 run -x 4.16 -v 5 -o seen.xrt -- ./ask 17
    expect 0 show seen.xrt
    says out '^#[0-9]+  client.version +minor=16 vm_event=5 '
    cp out seen.txt
    expect 0 import --from text --force -o seen.xrt seen.txt
    expect 0 info seen.xrt
    says out '^its client saw +Xen 4.16, vm_event ABI 5$'
    expect 0 replay seen.xrt
    cat >seen <<'END'
#!/bin/sh
"$@"
echo "minor $?" >&2
END
    chmod +x seen
    expect 0 replay seen.xrt -- ./seen ./ask 17
    says err '^minor 16$'
    expect 0 info ask.xrt
    ! grep -q 'client saw' out || fail "seen without --xen-version"
    expect 137 run -o killed.xrt -- ./ask 27 now
    absent killed.xrt.partial
    expect 0 diff ask.xrt killed.xrt
fi
exit $failed
