#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A domain in xl.cfg's syntax: what counts, what is passed over with or
# without a word, and that every complaint names file and key.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

expect 0 record -o learnt.xrt good.scn
expect 0 show learnt.xrt
cp out learnt.scn
mkdir folder
head -c 4096 /dev/zero >zero.xrt
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

# bad WHAT LINE...: a domain of these lines is refused, and WHAT is said.
bad()
{
    what=$1
    shift
    printf '%s\n' "$@" >bad.cfg
    expect 3 run --domain bad.cfg good.scn
    says err "bad.cfg: $what"
}

bad 'memory: missing' 'vcpus = 2'
bad 'memory: missing' 'type = "pvh"' 'maxmem = 16'
bad 'memory: not a number' 'memory = "much"'
bad 'memory: not a number' 'memory = [ 1 ]'
bad 'memory: (not a number|.* between)' 'memory = 999999999999999999999999'
bad 'memory: 0: between 1 and ' 'memory = 0'
bad 'memory: -3: between 1 and ' 'memory = "-3"'
bad 'memory: 262145: between 1 and 262144' 'memory = 262145'
bad 'maxmem: 8: between 16 ' 'memory = 16' 'maxmem = 8'
bad 'vcpus: 0: between 1 and 128' 'memory = 16' 'vcpus = 0'
bad 'vcpus: 200: between 1 and 128' 'memory = 16' 'vcpus = 200'
bad 'vcpus: not a number' 'memory = 16' 'vcpus = [ 1, 2 ]'
bad "type: 'tin': pvh, hvm or pv" 'memory = 16' 'type = "tin"'
bad 'type: a list' 'memory = 16' 'type = [ "pvh" ]'
bad "builder: 'tin'" 'memory = 16' 'builder = "tin"'
bad "altp2m: '9': disabled, mixed" 'memory = 16' 'type = "pvh"' 'altp2m = "9"'
bad 'altp2m: a list' 'memory = 16' 'type = "pvh"' 'altp2m = [ "external" ]'
bad 'hap = 0' 'memory = 16' 'type = "pvh"' 'hap = 0'
bad 'pv_mem_access: of a PV' 'memory = 16' 'type = "pvh"' 'pv_mem_access = 1'
bad 'pv_mem_access: 2: between' 'memory = 16' 'pv_mem_access = 2'
bad 'shadow_memory: 9999: between' 'memory = 16' 'shadow_memory = 9999'
bad '.*not a domain' '[[['
bad '.*not a domain' 'memory = 16' 'type = pvh'
says err 'bad.cfg:2: '
bad '.*not a domain' 'include "other.cfg"'
bad '.*not a domain' 'memory = -3'

# good WHAT LINE...: it is taken, and domain.create has WHAT.
good()
{
    what=$1
    shift
    printf '%s\n' "$@" >good.cfg
    expect 0 record --force --domain good.cfg -o domain.xrt good.scn
    cp err said
    expect 0 show --count 1 domain.xrt
    says out "$what"
    cp said err
}

# xl.cfg(5), type: PV unless it is given; PV has neither map nor views.
good 'type=pv ' 'memory = 16'
says err 'good.cfg: warning: no type'
good 'type=pv ' 'memory = 16' 'type = "pv"'
[ ! -s err ] || fail "warns of what was asked for"
good 'type=pv ' 'memory = 16' 'builder = "generic"'
good 'type=hvm ' 'memory = 16' 'builder = "hvm"'
good 'type=hvm ' 'memory = 16' 'type="hvm"' 'builder = "generic"'
good 'ram=0x4000000 ' 'memory = 262144' 'type = "pvh"'
good 'vcpus=128 ' 'memory = "16"' 'type = "pvh"' 'vcpus = 128'
good 'altp2m=mixed' 'memory = 16' 'type = "hvm"' 'altp2mhvm = 1'
good 'altp2m=external' 'memory = 16' 'type = "hvm"' 'altp2m = 2'
good 'ram=0x2000 ' 'memory = 32; type = "pvh"'
good 'domain.create' 'memory = 16' 'type = "pvh"' 'include = "other.cfg"'
says err "good.cfg: warning: 'include' means nothing"
good 'domain.create' 'memory = 16' 'type = "pvh"' 'mem_access = 1'
says err "good.cfg: warning: 'mem_access'"

# Several domains: records of the scenario's own.
"$xenreel" show --count 1 domain.xrt | sed 's/^#1 *//' >two.scn
sed 's/ dom=1 / dom=2 /' two.scn >more.scn
cat more.scn >>two.scn
sed 's/ dom=1 / dom=2 /' good.scn >>two.scn
expect 0 run two.scn
says out ': 8 records'
expect 3 run --domain good.cfg two.scn
says err 'two.scn: it begins with a domain.create'

exit $failed
