#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# On a terminal there are colours and progress; elsewhere neither.
command -v script >/dev/null || exit 77
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

escape=$(printf '\033')

# terminal COMMAND...: its output, on a terminal.
terminal()
{
    script -q -e -c "$*" /dev/null >out 2>err </dev/null
    got=$?
}

TERM=xterm
export TERM
unset NO_COLOR
terminal true
[ "$got" = 0 ] || exit 77       # no terminals here
expect 1 run other.scn
grep -q "$escape" out && fail "colours in a file"
terminal "$xenreel" run other.scn
status 1 'run on a terminal'
says out "$escape\\[31m  ! access"
NO_COLOR=1 terminal "$xenreel" run other.scn
grep -q "$escape" out && fail "NO_COLOR is not heeded"
NO_COLOR='' terminal "$xenreel" run other.scn
says out "$escape"
TERM=dumb terminal "$xenreel" run other.scn
grep -q "$escape" out && fail "colours on a dumb terminal"

yes "$(tail -n 1 good.scn)" | head -n 9000 >many.scn
expect 0 run -o many.xrt many.scn
[ ! -s err ] || fail "progress in a file"
terminal "$xenreel" run -f -o many.xrt many.scn
says out 'recording 4096'
terminal "$xenreel" import many.scn -o text.xrt
says out 'recording 8192'
terminal "$xenreel" replay many.xrt
says out 'replaying record 4096/9001'
terminal "$xenreel" replay --jobs 2 many.xrt many.xrt
says out 'replaying 0/2'

exit $failed
