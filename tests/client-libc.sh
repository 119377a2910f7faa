#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The devices as a program of any kind reaches them: tests/client/libc.c,
# io.c, signals.c, handler.c and stuck.c, with the Xen libraries, FORTIFY's
# entry points, and an address sanitizer.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

libraries='-lxenctrl -lxenevtchn -lxenstore -lpthread'
cat >tiny.c <<'END'
int main(void) { return 0; }
END
for header in xenctrl xenevtchn xenstore; do
    echo "#include <$header.h>"
done | cat - tiny.c >headers.c
# shellcheck disable=SC2086
${CC:-cc} -o headers headers.c $libraries 2>err || exit 77

# build NAME SOURCE OPTION...
build()
{
    name=$1 source=$2
    shift 2
    # shellcheck disable=SC2086
    ${CC:-cc} -D_GNU_SOURCE -D__XEN_TOOLS__ -Wall -Wextra "$@" -o "$name" \
        "$top_srcdir/tests/client/$source" $libraries 2>err
}

# try CLIENT WHAT: by itself, guests that have ended stay as they are.
try()
{
    timeout 60 "$xenreel" run --at-end wait -- "./$1" "$2" >out 2>err \
        </dev/null
    got=$?
    status 0 "$1 $2"
}

build fortified libc.c -O2 -D_FORTIFY_SOURCE=2 || fail "libc.c does not build"
for what in waits opens closes maps forks threads store by-socket; do
    try fortified $what
    case $what in
    forks) says err "^xenreel: the machine is process [0-9]*'s: its child" ;;
    *) [ ! -s err ] || fail "$what: says something" ;;
    esac
done

build other io.c -O2 -D_FORTIFY_SOURCE=2 || fail "io.c does not build"
for what in vectors positions streams sockets sandboxed; do
    try other $what
    [ ! -s err ] || fail "$what: says something"
done

# One that leaves its guest standing is told so, once.
build stuck stuck.c -O2 || fail "stuck.c does not build"
for what in '' paused; do
    expect 0 run -- ./stuck $what
    [ "$(wc -l <err)" = 1 ] || fail "stuck $what: not one line"
    says err "^xenreel: no guest can go on: .*${what:-vCPU 0 of domain 1 waits}"
done

build interrupted signals.c -O2 || fail "signals.c does not build"
try interrupted ''
[ ! -s err ] || fail "signals: says something"

# A handler in the middle of malloc(): what a monitor does allocates nothing,
# recorded or not.  (A sanitized library has the sanitizer's malloc().)
if ! grep -q __asan_init "${top_builddir:-.}/libxenreel-preload.so"; then
    build handler handler.c -O2 || fail "handler.c does not build"
    try handler ''
    expect 0 run --at-end wait -o handler.xrt -- ./handler
    [ ! -s err ] || fail "handler: says something"
fi

timeout 60 "$xenreel" run --at-end shutdown -- ./fortified shuts-down \
    >out 2>err </dev/null
got=$?
status 0 "shuts-down"

# What libxc leaves unset in a question (tools/libs/ctrl/xc_monitor.c) is its
# stack's, and no part of the trace.
expect 0 run --at-end wait -o waits.xrt -- ./fortified waits
expect 0 show --where "op = 'monitor.get_capabilities'" waits.xrt
says out ' caps=0x1f7f '
lines 1
expect 0 replay waits.xrt -- ./fortified waits

# Who closes all descriptors is recorded to the end, and served.
expect 0 run --at-end wait -o closes.xrt -- ./fortified closes
[ ! -s err ] || fail "closes: says something"
expect 0 show --where "op = 'evtchn.unbind'" closes.xrt
lines 2
expect 0 replay closes.xrt -- ./fortified closes

# Without a machine the same program finds no Xen.
./fortified opens >out 2>err
got=$?
status 1 "no machine"

# The sanitizer's run time need not be preloaded by hand.  clang's is linked
# in, which does not go with the shared one that a sanitized library has.
sanitize=-fsanitize=address
if runtime=$(${CC:-cc} -print-runtime-dir 2>err); then
    sanitize="$sanitize -shared-libasan -Wl,-rpath,$runtime"
fi
# shellcheck disable=SC2086
if ${CC:-cc} $sanitize -o tiny tiny.c 2>err; then
    build sanitized libc.c -O1 -g $sanitize || fail "libc.c, sanitized"
    for what in waits opens maps forks threads store by-socket; do
        try sanitized $what
    done
    build sanitized signals.c -O1 -g $sanitize || fail "signals.c, sanitized"
    try sanitized ''
    build sanitized io.c -O1 -g $sanitize || fail "io.c, sanitized"
    for what in vectors positions streams sockets sandboxed; do
        try sanitized $what
    done
fi

# What nothing can be put in front of, and what is no program.
if ${CC:-cc} -static -o static tiny.c 2>err; then
    expect 3 run -- ./static
    says err 'statically linked'
fi
${CC:-cc} -o tiny tiny.c
expect 0 run -- ./tiny
chmod u+s tiny && [ -u tiny ] && expect 3 run -- ./tiny && says err 'setuid'
chmod u-s,a-x tiny
expect 3 run -- ./tiny
expect 3 run -- ./missing
says err 'No such file'
expect 3 run -- missing-command
says err 'no such command'

# A script: each program that it starts has a machine of its own.
cat >script <<'END'
#!/bin/sh
./fortified waits && ./fortified "$1" && exit 5
END
chmod +x script
"$xenreel" run --at-end wait -- ./script opens >out 2>err </dev/null
got=$?
status 5 "a script"

exit $failed
