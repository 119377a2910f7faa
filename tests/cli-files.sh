#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Inputs that are missing, damaged, or something else, and outputs that may
# not be written: exit 3 or 4, the file is named, and nothing is left behind.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

echo 'mem_access.get dom=1 gfn=0x10 colour=red = 0' >field.scn
echo 'no.such_operation dom=1 = 0' >bad.scn
head -c 4096 /dev/zero >zero.xrt
echo 'SQLite format 3, or so it says' >magic.xrt
: >empty.xrt
mkdir folder

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

# What is wrong in a line is said with what could stand there.
wrong()
{
    echo "$1" >wrong.scn
    expect 3 run wrong.scn
    says err "^xenreel: wrong.scn:1: .*$2"
}
wrong 'mem_access.frob dom=1 = 0' \
    "'mem_access.frob' is no operation: .* mem_access.set, .get, .set_multi$"
wrong 'frob.set dom=1 = 0' ' domain\.\*, .* guest\.\*, .* event, respond, note$'
wrong 'guest.mov_cr dom=1 index=3' "no field 'index': .* rip, cr, value,"
wrong 'mem_access.set dom=1 access=rxw = 0' "'rxw' is no .* rx, wx, rwx, .*,"
wrong 'mem_access.set dom=1 gfn=zz = 0' "'zz' is no value for it$"
wrong 'event frob dom=1' "'frob' is no reason: .* mem_access, .*, vmexit$"
wrong 'event cpuid dom=1 gfn=1' "no field 'gfn' with .*: .* leaf, subleaf,"
wrong 'event cpuid dom=1 {r16=1}' "no register 'r16': .* r15, rflags,"
wrong 'note frob=1' "note: no field 'frob'$"
wrong 'vcpu.set_registers dom=1 frob=1 = 0' ' r15, .*, \.\.\.$'

# A trace is no text, and the other way round.
expect 0 record -o made.xrt good.scn
expect 3 run made.xrt
says err 'made.xrt:1: a trace, no text: "xenreel replay"'
expect 3 import -o new.xrt made.xrt
says err '"xenreel show"'
expect 3 replay good.scn
says err 'good.scn: not a xenreel trace: .*"xenreel record"'

mkfifo fifo
for c in replay show info recover "export --to json"; do
    expect 3 $c fifo
    says err 'fifo: not a file'
done
: >empty.scn
expect 3 run empty.scn
says err 'empty.scn: there is no record'
expect 3 record -o new.xrt empty.scn
(printf 'note "'; head -c 17000000 /dev/zero | tr '\0' a; echo '"') >long.scn
expect 3 run long.scn
says err 'long.scn:1: the line is too long'
expect 3 import long.scn -o new.xrt
absent new.xrt new.xrt.partial new.xrt.partial-journal new.xrt.partial.lock

# Why a file cannot be opened
cp good.scn text.scn
expect 0 import text.scn -o one.xrt
expect 0 import text.scn -o two.xrt
(ulimit -n 4; exec "$xenreel" diff one.xrt two.xrt) >out 2>err </dev/null
got=$?
status 4 'diff, of more files than may be open'
says err 'two.xrt: cannot open: Too many open files'

# A pipe is as good as a file where text is read.
cat good.scn >fifo &
expect 0 run fifo
wait

# Another version, and one file of many
expect 0 import good.scn -o good.xrt
if command -v sqlite3 >/dev/null; then
    cp good.xrt newer.xrt
    sqlite3 newer.xrt 'PRAGMA user_version = 99'
    for c in replay show info recover "export --to json"; do
        expect 3 $c newer.xrt
        says err 'newer.xrt: version 99 .* reads version [0-9]+: use the'
    done
    cp good.xrt less.xrt
    sqlite3 less.xrt 'DROP TABLE errno'
    expect 3 show --where 'gfn = 1' less.xrt
    says err 'less.xrt: .*: no such table: .* \(the file is damaged\)'
fi

# Outputs
mkdir place
for c in "import text.scn" "record text.scn" "run text.scn" \
         "export --to text good.xrt"; do
    expect 4 $c -o good.xrt.new/no
    says err good.xrt.new/no
    expect 4 $c --force -o place
    says err 'place: it exists and is no regular file'
    expect 4 $c --force -o /dev/null
    [ -c /dev/null ] || fail "/dev/null was replaced"
    : >there
    expect 4 $c -o there
    says err 'there: it exists: .*--force'
    [ ! -s there ] || fail "$c: replaced its output"
    expect 0 $c --force -o there
    [ -s there ] || fail "$c: did not replace its output"
done
ln good.xrt link.xrt
expect 2 export --to text --force -o link.xrt good.xrt
says err 'link.xrt: it is what is read'
expect 2 import --force text.scn -o text.scn
expect 2 record --force text.scn -o text.scn
cmp -s good.scn text.scn || fail "an input was replaced"
# Nor any other file that is read, nor a recording that is taken for a text.
printf 'type = "pvh"\nmemory = 16\n' >guest.cfg
cp good.xrt dead.xrt.partial
cp good.scn program.scn
printf '#!/bin/sh\nexit 0\n' >tool
chmod +x tool
for f in guest.cfg program.scn tool dead.xrt.partial; do
    cp $f kept
    case $f in
    guest.cfg)
        expect 2 record -f -d $f -o $f good.scn
        expect 2 run -f -d $f -o $f -- ./tool ;;
    program.scn) expect 2 run -f -p $f -o $f -- ./tool ;;
    tool)
        expect 2 run -f -o $f -- ./tool 1
        expect 2 record -f -o $f -- ./tool 1 ;;
    *) expect 2 import -f $f -o dead.xrt ;;
    esac
    says err "$f: it is what is read"
    cmp -s $f kept || fail "$f was replaced"
done
for c in "import good.scn" "record good.scn" "run -f good.scn" \
         "export --to csv good.xrt"; do
    expect 2 $c -o ''
    says err 'output: a name is missing'
done
absent .partial
expect 0 show good.xrt

# A reader that has seen enough ends us quietly.
"$xenreel" show good.xrt 2>err | true
[ ! -s err ] || fail "complains of a closed pipe"

exit $failed
