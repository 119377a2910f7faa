#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Debian's own xen-access on the model, in all its modes.  tests/client/*.log
# is what the same program printed on a real Xen 4.17 about the same guest:
# the first rounds of its loop, complete lines, each in the order it came.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

tool=/usr/lib/xen-4.17/bin/xen-access
[ -x $tool ] || exit 77
logs=$top_srcdir/tests/client

# watch MODE [OPTION...]: out, err and $got.
watch()
{
    mode=$1
    shift
    timeout 120 "$xenreel" run "$@" -- $tool 1 "$mode" >out 2>err </dev/null
    got=$?
}

# stderr EVENTS STATUS LINE...: what xen-access says about EVENTS events: in
# the logs there are always two wakeups more than lines of events, and a LINE
# of each is said behind its first.
stderr()
{
    events=$1
    code=$2
    shift 2
    {
        printf 'xenaccess init\nmax_gpfn = fefff\nstarting %s 1\n' "$mode"
        printf '%s' "$@"
        awk -v n="$events" -v altp2m="${1:+1}" 'BEGIN {
            for (i = 0; i < n + 2; i++) {
                print "Got event from Xen"
                if (altp2m && i % 2 && i <= n)
                    print "\tSwitching back to default view!"
            }
        }'
        printf 'xenaccess shutting down on signal 15\n'
        printf 'xenaccess shut down on signal 15\nxenaccess exit code %s\n' \
            "$code"
    } >want
    diff want err >difference ||
        fail "$mode: stderr is another: $(head -n 5 difference)"
}

# What is there once: exactly the log.
for mode in write exec; do
    watch $mode
    status 0 "xen-access $mode"
    cmp -s out "$logs/xen-access-$mode.log" || fail "$mode: not as on Xen"
    stderr "$(wc -l <out)" 0
done

# What comes once or twice a round, of which there are eight: the log's four
# rounds, and again.
for mode in breakpoint cpuid debug desc_access write_ctrlreg_cr4; do
    watch $mode
    status 0 "xen-access $mode"
    log=$logs/xen-access-$mode.log
    cat "$log" "$log" | cmp -s - out || fail "$mode: not as on Xen"
    stderr "$(wc -l <out)" 0
    watch $mode --loops 3
    cat "$log" "$log" "$log" "$log" "$log" "$log" | cmp -s - out ||
        fail "$mode, three times: not as on Xen"
done

# Its exit code is what the last of 32 vCPUs answers, which is not there.
created='altp2m view created with id 1
'
set='Setting altp2m mem_access permissions.. done!'
set="$set Permissions set on 1044479 pages.
"
# The log begins in the fourth round and goes into the next.  A round has 67
# stores; one is behind the last.
watch altp2m_write
status 255 "xen-access altp2m_write"
lines $(((8 * 67 + 1) * 3))
stderr $(((8 * 67 + 1) * 2)) -1 "$created" "$set"
head -n $((3 * 67 * 3 + 226)) out | tail -n 226 |
    cmp -s - "$logs/xen-access-altp2m_write.log" ||
    fail "altp2m_write: not as on Xen"

# There is no log of these.  A round fetches where a jump went: 23 times, and
# one is behind the last; each is told, stepped over, and told again.
for mode in altp2m_exec altp2m_write_no_gpt; do
    watch $mode
    status 255 "xen-access $mode"
    events=$((8 * 23 + 1))
    lines $((events * 3))
    stderr $((events * 2)) -1 "$created" "$set"
    awk '
    NR % 3 == 1 && !/^PAGE ACCESS: --x .* fault in gpt: n; .* view 1\)$/ ||
    NR % 3 == 2 && !/^Singlestep: rip=[0-9a-f]*, vcpu 0, altp2m 0$/ ||
    NR % 3 == 0 && !/^\tSwitching altp2m to view 1!$/ { bad = 1 }
    END { exit bad }' out || fail "$mode: not event, step, view"
    # The pages of exec's events, in its order.
    sed -n 's/^PAGE.* gla \([0-9a-f]*\) .*/\1/p' out | awk '!seen[$0]++' >order
    sed 's/.* gla \([0-9a-f]*\) .*/\1/' "$logs/xen-access-exec.log" |
        cmp -s - order || fail "$mode: other pages than exec"
done

# Somebody who ends it earlier.
rm err
"$xenreel" run --at-end wait -- $tool 1 write >out 2>err </dev/null &
pid=$!
within 60 grep -q 'Got event' err || fail "no event"
kill -TERM $pid
wait $pid
got=$?
status 0 "xen-access, ended by a signal"
says err '^xenaccess exit code 0$'

exit $failed
