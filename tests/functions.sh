#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# For the tests of the command line, which begin with this: a folder of their
# own, helpers, and two scenarios.  They end with "exit $failed".
set -u
top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/..}" && pwd)
xenreel=${XENREEL:-./xenreel}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 99
failed=0

# fail WHAT: with the last command's output.
fail()
{
    echo "FAIL: $*"
    for f in out err; do
        [ ! -e $f ] || sed "s/^/    $f: /" $f
    done
    failed=1
}

# status WANT WHAT: complain when the last command's, $got, is another.
status()
{
    [ "$got" = "$1" ] || fail "$2: status $got, not $1"
}

# expect STATUS ARGUMENT...: run xenreel.
expect()
{
    want=$1
    shift
    "$xenreel" "$@" >out 2>err </dev/null
    got=$?
    status "$want" "xenreel $*"
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

# lines N: so many has the output.
lines()
{
    [ "$(wc -l <out)" = "$1" ] || fail "not $1 lines"
}

# within SECONDS COMMAND...: it succeeds before that, tried again and again.
within()
{
    tries=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.05
    done
}

# monitors NAME: the client that NAME.partial is recorded of has its ring.
monitors()
{
    "$xenreel" show --where "op = 'vm_event.op'" "$1.partial" 2>/dev/null |
        grep -q .
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
