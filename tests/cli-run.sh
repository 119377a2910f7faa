#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The model at the command line: run, record, replay.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

expect 0 run good.scn
says out 'good.scn: 7 records, 0 events: ok'
expect 1 run other.scn
says out 'DIFFERENCE at record #4 \(mem_access.get\)'
says out '^  ! access +rx +rwx'
says out 'reproduce: xenreel run .*other.scn'
expect 0 run -o run.xrt good.scn
expect 0 replay run.xrt
says out '^run.xrt: 7 records, 0 events: ok$'
says out '^replayed 1 traces, 7 records: 0 differences$'
expect 4 run -o run.xrt good.scn
expect 0 record -o learnt.xrt other.scn
expect 0 diff run.xrt learnt.xrt
expect 0 show learnt.xrt
cp out learnt.scn
expect 0 run learnt.scn
expect 0 record --force --seed 5 -o learnt.xrt good.scn
expect 0 info learnt.xrt
says out '^seed +5'

# Events: record puts in what comes, leaves out what does not, and run then
# finds it so.
cat >event.scn <<'END'
monitor.enable dom=1 = 0
mem_access.set dom=1 gfn=0x10 nr=1 access=r = 0
domain.unpause dom=1 = -EPERM
guest.write dom=1 vcpu=0 gla=0x10123 gpa=0x10123 len=8 value=0x55
event singlestep dom=1
event mem_access dom=1
END
expect 1 run event.scn
expect 0 record -o event.xrt event.scn
expect 0 show --where "op = 'event'" event.xrt
lines 1
says out 'event mem_access .*gfn=0x10 .*gla=0x10123'
expect 0 replay event.xrt
says out ' 1 events: ok$'
expect 0 show event.xrt
grep -v ' event ' out >fewer.scn
expect 1 run fewer.scn
says out 'cause: the model raised an event that the trace lacks'
"$xenreel" show event.xrt >more.scn
echo 'event mem_access dom=1 vcpu=0' >>more.scn
expect 1 run more.scn
says out 'cause: the trace has an event here, the model raised none'
printf 'respond mem_access dom=1 vcpu=0\n' >noring.scn
expect 1 run noring.scn
says out 'no ring is set up'
expect 3 record -o noring.xrt noring.scn
absent noring.xrt noring.xrt.partial

# Replay: all are replayed, whatever one is; the worst status wins.
expect 0 record -f -o a.xrt good.scn
sed 's/ access=rwx/ access=rx/' learnt.scn >wrong.scn
expect 0 import wrong.scn -o wrong.xrt
expect 1 replay a.xrt wrong.xrt a.xrt
says out '^wrong.xrt: .*DIFFERENCE at record #4 \(mem_access.get\)'
says out "reproduce: xenreel replay $(realpath wrong.xrt)"
says out 'show with: xenreel show --from 1 '
tail -n 1 out >last
grep -q '^replayed 3 traces, .* records: 1 differences$' last ||
    fail "the last line: $(cat last)"
cp out jobs2
expect 1 replay --jobs 1 a.xrt wrong.xrt a.xrt
cmp -s out jobs2 || fail "--jobs changes the output"
expect 3 replay wrong.xrt missing.xrt a.xrt
says out '^replayed 2 traces'

expect 0 replay --jobs 1024 a.xrt a.xrt
says out '^replayed 2 traces'

# A bug that Xen no longer has: in the trace that is recorded with it, or only
# in a replay (commit 38d0780979: the write went to the start of the page).
cat >device.scn <<'END'
mmio.ro_add start=0xfe000010 size=8 = 0
mmio.map dom=1 gfn=0x8000 mfn=0xfe000 nr=1 = 0
domain.unpause dom=1 = 0
guest.write dom=1 vcpu=0 rip=0x1000 gla=0x8000042 gpa=0x8000042 len=1 value=0x5a
client.wait dom=1 = 0
mmio.read mfn=0xfe000 offset=0x42 data=5a = 0
END
expect 0 run device.scn
expect 1 run --quirk mmio-offset device.scn
says out '^  ! data +5a +00'
says out 'reproduce: xenreel run --seed 0 --quirk mmio-offset device.scn'
expect 0 run -o device.xrt --quirk mmio-gla --quirk mmio-length device.scn
expect 0 show device.xrt
says out 'domain.create .* quirks=mmio-length.mmio-gla'
expect 0 replay device.xrt
expect 1 replay --quirk mmio-offset device.xrt
says out 'reproduce: xenreel replay --quirk mmio-offset '
expect 2 run --quirk offset device.scn
says err "there is no 'offset'"
expect 2 run --quirk mmio-gla --xen device.scn
says err 'with the model only'
expect 2 replay --quirk mmio-gla --xen device.xrt
says err 'with the model only'

exit $failed
