#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# "xenreel run ... -- COMMAND": its options, signals, exit status, seeds.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

# Two kinds of "run" with one name.
expect 0 run --help
says out 'SCENARIO$'
says out '-- COMMAND'
for option in program loops seeds at-end; do
    says out "--$option="
done
expect 2 run good.scn -- true
expect 2 run --program good.scn
expect 2 run --

# The command's status, arguments, input and output are its own.
echo in | "$xenreel" run -- sh -c 'read a; echo "$a $1" >&2; exit 9' sh x \
    >out 2>err
got=$?
status 9 "sh"
says err '^in x$'
"$xenreel" run -- sh -c 'kill -KILL $$' >out 2>err
got=$?
status 137 "sh that is killed"

for wrong in "--at-end maybe" "--seed x" "--seeds 1" "--seeds 2..1" \
             "--seeds 1..2x" "--seeds ..2" "--seeds -1..2" "--loops -1"; do
    # shellcheck disable=SC2086
    expect 2 run $wrong -- true
done
expect 3 run --program missing.scn -- true
expect 3 run --domain missing.cfg -- true
echo 'nothing.such dom=1' >wrong.scn
expect 3 run --program wrong.scn -- true
says err '^xenreel: wrong.scn:1: '

# Seeds: a row for each outcome, the first seed that had it.  The hash is
# FNV-1a's: of nothing, and of "a".
expect 0 run --seeds 1..3 -- true
says out '^ +1 +3 +0 +0  cbf29ce484222325$'
lines 2
"$xenreel" run --seeds 4..9 -- sh -c '
    [ "$XENREEL_SEED" != 6 ] || exit 3
    [ $((XENREEL_SEED % 2)) = 0 ] || printf a >&2' >out 2>err
got=$?
status 3 "the worst of six"
lines 4
says out '^ +4 +2 +0 +0  cbf29ce484222325$'
says out '^ +5 +3 +0 +1  af63dc4c8601ec8c$'
says out '^ +6 +1 +3 +0  cbf29ce484222325$'

tool=/usr/lib/xen-4.17/bin/xen-access
[ -x $tool ] || exit $failed

# Two vCPUs: their order is the seed's, and the same whenever it is asked.
# A range up to the last gfn takes more than the default pool.
printf 'type = "pvh"\nmemory = 16\nvcpus = 2\nshadow_memory = 32\n' >two.cfg
for i in 1 2; do
    for vcpu in 0 1; do
        page=0x1$vcpu$i
        echo "guest.write dom=1 vcpu=$vcpu rip=0x1000 gla=${page}000" \
             "gpa=${page}000 len=8 value=1"
    done
done >two.scn
two="run --domain two.cfg --program two.scn"
# shellcheck disable=SC2086
expect 0 $two --seeds 1..20 -- $tool 1 write
cp out table
rows=$(($(wc -l <table) - 1))
[ $rows -gt 1 ] && [ $rows -le 6 ] || fail "$rows orders of 2 + 2 writes"
awk 'NR > 1 && $3 != 0 { bad = 1 } { runs += $2 }
     END { exit bad || runs != 20 }' table || fail "not 20 good runs"
# shellcheck disable=SC2086
expect 0 $two --seeds 1..20 -- $tool 1 write
cmp -s out table || fail "the same seeds, another table"
# shellcheck disable=SC2086
"$xenreel" $two --seeds 1..20 -- $tool 1 write >out 2>err <&-
cmp -s out table || fail "another table without a standard input"
for i in 1 2 3 4 5 6 7 8 9 10; do
    # shellcheck disable=SC2086
    "$xenreel" $two --seed 7 -- $tool 1 write >out 2>&1 </dev/null ||
        fail "seed 7, run $i"
    cmp -s out first || [ $i = 1 ] || fail "seed 7 is another in run $i"
    cp out first
done
[ "$(grep -c '^PAGE ACCESS: rw-' first)" = 4 ] || fail "not four events"

# A program that cannot be done is named by what the user wrote, once.
refused()
{
    echo "$1" >refused.scn
    "$xenreel" run -p refused.scn -- $tool 1 write >out 2>err </dev/null &&
        fail "$1: accepted"
    says err "^xenreel: --program: $2"
    [ "$(grep -c '^xenreel: ' err)" = 1 ] || fail "$1: not one line"
}
refused 'mem_access.set dom=1 gfn=0x10 nr=1 access=r = 0' \
    'mem_access.set dom=1: No such device: calls .* have to succeed$'
refused 'guest.step dom=7 vcpu=0' 'guest.step dom=7: .*no such domain or vCPU$'
refused 'guest.step dom=1 vcpu=1' 'guest.step dom=1: .*no such domain or vCPU$'
refused 'guest.write dom=1 vcpu=0 gla=1 gpa=1 len=0 value=1' \
    'guest.write dom=1: Invalid argument: the model refuses it$'
refused 'guest.rmw dom=1 vcpu=0 gla=1 gpa=1 len=4 rmw=77 value=1' \
    'guest.rmw dom=1: Invalid argument: the model refuses it$'
refused 'guest.outcome dom=1 vcpu=0 next=4' 'guest.outcome dom=1: .*refuses it$'

exit $failed
