#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The command line: every command's exit status, what it says when it is used
# wrongly, and that it leaves nothing behind when it fails.
set -u
xenreel=${XENREEL:-./xenreel}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 99
failed=0
commands="run record replay show diff info import export recover"

# fail WHAT: with the last command's output.
fail()
{
    echo "FAIL: $*"
    sed 's/^/    out: /' out
    sed 's/^/    err: /' err
    failed=1
}

# expect STATUS ARGUMENT...: run xenreel.
expect()
{
    want=$1
    shift
    "$xenreel" "$@" >out 2>err </dev/null
    got=$?
    [ $got = "$want" ] || fail "xenreel $*: status $got, not $want"
    if [ "$want" -gt 1 ] && ! grep -q '^xenreel' err; then
        fail "xenreel $*: says nothing on stderr"
    fi
}

# says FILE PATTERN: the last command's out or err has it.
says()
{
    grep -Eq -- "$2" "$1" || fail "no '$2' on std$1"
}

# absent FILE...
absent()
{
    for f; do
        [ ! -e "$f" ] || fail "$f was left behind"
    done
}

cat >good.scn <<'END'
; mem_access wants a ring; a new domain's frames may be used in any way
note "default access"
monitor.enable dom=1 port=3 = 0
mem_access.get dom=1 gfn=0x10 access=rwx = 0
mem_access.set dom=1 gfn=0x10 nr=1 access=r = 0
mem_access.get dom=1 gfn=0x10 access=r = 0
mem_access.get dom=7 gfn=0x10 = -ESRCH
END
sed 's/access=rwx/access=rx/' good.scn >other.scn
echo 'mem_access.get dom=1 gfn=0x10 colour=red = 0' >field.scn
echo 'no.such_operation dom=1 = 0' >bad.scn
head -c 4096 /dev/zero >zero.xrt
echo 'SQLite format 3, or so it says' >magic.xrt
: >empty.xrt
mkdir folder

# Usage
expect 2
expect 2 frobnicate
says err frobnicate
expect 0 --help
expect 0 --version
says out '^xenreel [0-9]'
expect 0 help show
for c in $commands; do
    expect 0 "$c" --help
    says out 'Exit status: 0'
    says out 'Usage: xenreel '"$c"
    expect 0 "$c" --usage
    expect 2 "$c"
    expect 2 "$c" --no-such-option
    says err "xenreel $c"
done
expect 2 show a b
expect 2 diff a
expect 2 diff a b c
expect 2 show --count many a
expect 2 show --from -1 a
expect 2 replay --jobs 0 a
expect 2 import --from pdf a -o b
expect 2 import good.scn
expect 2 export --to pdf a
expect 2 export magic.xrt
expect 2 record good.scn

# Inputs that are missing or something else
for c in run replay show info recover "record -o new.xrt" "export --to csv" \
         "import -o new.xrt"; do
    expect 3 $c missing.xrt
    says err missing
    expect 3 $c folder
done
for f in zero.xrt magic.xrt empty.xrt; do
    for c in replay show info recover "export --to json"; do
        expect 3 $c $f
        says err $f
    done
    expect 3 diff $f $f
done
for f in bad.scn field.scn; do
    expect 3 run $f
    says err "$f:.*1"
    expect 3 record -o new.xrt $f
    expect 3 import $f -o new.xrt
done
expect 3 import --from oracle zero.xrt -o new.xrt
expect 3 run zero.xrt
absent new.xrt new.xrt.partial

# Text to trace and back
expect 0 import good.scn -o good.xrt
absent good.xrt.partial
expect 4 import good.scn -o good.xrt
says err force
expect 0 import --force good.scn -o good.xrt
expect 4 import good.scn -o no/such/folder.xrt
expect 0 show good.xrt
says out '#1 .*note .*default access'
says out '#6 .*mem_access.get .*= -ESRCH'
[ "$(wc -l <out)" = 6 ] || fail "not 6 records"
cp out shown.txt
expect 0 import shown.txt -o again.xrt
expect 0 diff good.xrt again.xrt
[ ! -s out ] || fail "diff of equals prints"
expect 0 show --from 2 --count 2 good.xrt
[ "$(wc -l <out)" = 2 ] || fail "not 2 records"
says out '^ *#2 '
expect 0 show --where "op = 'mem_access.get'" good.xrt
[ "$(wc -l <out)" = 3 ] || fail "not 3 records"
expect 2 show --where "nonsense(" good.xrt
expect 0 info good.xrt
says out '^state +sealed'
says out '3  mem_access.get'
for form in json csv text; do
    expect 0 export --to $form good.xrt
    cp out $form.out
    expect 0 export --to $form -o file.$form good.xrt
    cmp -s $form.out file.$form || fail "export $form -o differs"
done
expect 4 export --to csv -o no/such/folder.csv good.xrt
expect 0 recover good.xrt
says out 'nothing to do'

expect 0 import other.scn -o other.xrt
expect 1 diff good.xrt other.xrt
says out 'DIFFERENCE at record #3'
says out '^  ! access +rwx +rx'

# The model
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
[ "$(wc -l <out)" = 1 ] || fail "not 1 event"
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

# The domain
printf 'type = "pvh"\nmemory = 32\nvcpus = 2\naltp2m = "external"\n' >ok.cfg
printf 'name = "x"\ndisk = [ "a,b,c" ]\nfrob = 3\n' >>ok.cfg
expect 0 run --domain ok.cfg good.scn
says err "ok.cfg: warning: 'frob'"
expect 0 record -d ok.cfg -o dom.xrt good.scn
expect 0 show --count 1 dom.xrt
says out 'domain.create .*vcpus=2.*ram='
says out 'altp2m=external'
expect 3 run --domain missing.cfg good.scn
expect 3 run --domain folder good.scn
expect 3 run --domain zero.xrt good.scn
expect 3 run --domain ok.cfg learnt.scn
says err 'domain.create'
n=0
for line in 'memory = ' 'memory = "much"' 'memory = -3' 'vcpus = 2' \
            'memory = 16; vcpus = 0' 'memory = 16; type = "tin"' \
            'memory = 16; altp2m = "9"' 'memory = 16; maxmem = 8' \
            'memory = 16; type = "pvh"; hap = 0' '[[[' 'memory = [ 1 ]' \
            'memory = 999999999999999999999999'; do
    n=$((n + 1))
    printf '%s\n' "$line" | tr ';' '\n' >bad$n.cfg
    expect 3 run --domain bad$n.cfg good.scn
done

exit $failed
