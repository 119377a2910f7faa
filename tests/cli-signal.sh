#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A recording that is interrupted, killed, or still going on: nothing that was
# recorded is lost, and every command says what the file is.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

# recording NAME SIGNAL: import from a pipe, SIGNAL in the middle of it.
recording()
{
    rm -f pipe
    mkfifo pipe
    "$xenreel" import pipe -o "$1" >out 2>err &
    importer=$!
    exec 3>pipe
    cat good.scn >&3
    within 20 shown "$1" || fail "$1: no record is committed"
    [ "$2" = none ] || kill -"$2" $importer
}

# shown NAME: five records or more of NAME.partial can be read.
shown()
{
    [ "$("$xenreel" show "$1.partial" 2>/dev/null | wc -l)" -ge 5 ]
}

# finished: wait for the importer; its status.
finished()
{
    wait $importer
    got=$?
    exec 3>&-
}

# A signal ends it at once, and what it had read is kept.
recording stop.xrt TERM
finished
status 143 'import, terminated'
says err 'stop.xrt: interrupted: .*xenreel recover stop.xrt'
absent stop.xrt
expect 0 info stop.xrt.partial
says err 'its recorder crashed'
expect 4 import good.scn -o stop.xrt
says err 'stop.xrt.partial: .*recover .*--force'
expect 0 recover stop.xrt
says out 'stop.xrt: sealed with 6 records'
absent stop.xrt.partial stop.xrt.partial-journal
expect 0 import good.scn -o good.xrt
expect 0 diff good.xrt stop.xrt

# A signal while it makes the file, which is a trace all the same.
mkfifo first.pipe
"$xenreel" import first.pipe -o first.xrt >out 2>err &
importer=$!
exec 3>first.pipe
until [ -e first.xrt.partial ]; do :; done
kill -TERM $importer
cat good.scn >&3
finished
status 143 'import, terminated at once'
says err 'first.xrt: interrupted: .*xenreel recover first.xrt'
absent first.xrt.partial.lock
expect 0 recover first.xrt
says out 'sealed with 0 records'

# Killed: up to the last commit.
recording kill.xrt KILL
finished
status 137 'import, killed'
for c in show info "export --to csv" "diff kill.xrt.partial"; do
    expect 0 $c kill.xrt.partial
    says err 'its recorder crashed: .*recover'
done
expect 1 replay kill.xrt.partial
says err 'its recorder crashed'
expect 0 recover kill.xrt.partial
says out 'kill.xrt: sealed'
absent kill.xrt.partial

# Being recorded: it can be read, and is left alone.
recording live.xrt none
cp err kept
for c in show info "export --to csv" "diff live.xrt.partial"; do
    expect 0 $c live.xrt.partial
    says err 'live.xrt.partial: being recorded'
    expect 3 $c live.xrt
    says err 'live.xrt: not sealed yet: read live.xrt.partial; .*recover'
done
expect 3 show live.xrt
expect 3 recover live.xrt
says err 'is being recorded'
expect 4 import --force good.scn -o live.xrt
says err 'is being recorded'
exec 3>&-
finished
status 0 'import, undisturbed'
expect 0 diff good.xrt live.xrt

# begun NAME: it has records, or is done.
begun()
{
    shown "$1" || [ -e "$1" ]
}

# The first Ctrl-C of a run that records, too.
{ yes "$(tail -n 1 good.scn)" | head -n 300000; } >many.scn
"$xenreel" run -o run.xrt many.scn >out 2>err &
importer=$!
within 20 begun run.xrt || fail 'run: no record is committed'
kill -TERM $importer 2>kill.err
finished
if [ "$got" = 143 ]; then
    expect 0 recover run.xrt
else                            # it was faster
    status 0 'run, terminated'
fi
expect 0 show --count 1 run.xrt

exit $failed
