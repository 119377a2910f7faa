#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Traces: text to trace and back, show, info, export, recover, diff.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

# Text to trace and back
expect 0 import good.scn -o good.xrt
absent good.xrt.partial
expect 4 import good.scn -o good.xrt
says err force
expect 0 import --force good.scn -o good.xrt
expect 0 show good.xrt
says out '#1 .*note .*default access'
says out '#6 .*mem_access.get .*= -ESRCH'
lines 6
cp out shown.txt
expect 0 import shown.txt -o again.xrt
expect 0 diff good.xrt again.xrt
[ ! -s out ] || fail "diff of equals prints"
expect 0 show --from 2 --count 2 good.xrt
lines 2
says out '^ *#2 '
expect 0 show --where "op = 'mem_access.get'" good.xrt
lines 3
expect 0 show --from 2 --where "kind = 'call' -- a comment" --count 1 good.xrt
lines 1
says out '^ *#2 '
expect 3 show --from 7 good.xrt
says err 'no record 7, the last one is 6'

# --where is one expression, and changes nothing.
cp good.xrt kept.xrt
for where in 'nonsense(' 'nosuch = 1' '' '1;' '1; DELETE FROM record' \
             '1) OR (1' '1); DELETE FROM record; --' '1 ORDER BY seq' \
             'seq = (DELETE FROM record)' '1 UNION SELECT 5' '?1 = 1' \
             '@next = 1' "writefile('x', 'y')" "load_extension('x')" \
             'abs(-9223372036854775808)'; do
    expect 2 show --where "$where" good.xrt
    says err 'good.xrt: filter'
done
cmp -s good.xrt kept.xrt || fail "--where changed the trace"
absent x
expect 0 info good.xrt
says out '^state +sealed'
says out '3  mem_access.get'
for form in json csv text; do
    expect 0 export --to $form good.xrt
    cp out $form.out
    expect 0 export --to $form -o file.$form good.xrt
    cmp -s $form.out file.$form || fail "export $form -o differs"
done
expect 0 recover good.xrt
says out 'nothing to do'

expect 0 import other.scn -o other.xrt
expect 1 diff good.xrt other.xrt
says out 'DIFFERENCE at record #3'
says out '^  ! access +rwx +rx'

exit $failed
