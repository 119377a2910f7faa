#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Debian's xenstore tools on the model's store: each prints and answers as on
# a host where xl has made one PVH guest.
. "$(dirname "$0")/functions.sh"
command -v xenstore-ls >/dev/null || exit 77
LC_ALL=C
export LC_ALL

# xs STATUS COMMAND...: with a new store.
xs()
{
    want=$1
    shift
    timeout 60 "$xenreel" run -- "$@" >out 2>err </dev/null
    got=$?
    status "$want" "$*"
}

cat >name.cfg <<'EOF'
name = "watched"
type = "pvh"
kernel = "none"
memory = 16
vcpus = 2
EOF

xs 0 xenstore-read /local/domain/1/domid /local/domain/1/memory/target
says out '^1$'
says out '^16384$'
xs 0 xenstore-ls -f -p /local/domain/1/control
says out '^/local/domain/1/control/shutdown = ""   *\(n1\)$'
says out '^/local/domain/1/control/platform-feature-[^ ]* = "1"   *\(n0,r1\)$'
xs 1 xenstore-read /local/domain/7/name
says err "couldn't read path /local/domain/7/name"
xs 0 xenstore-list /local/domain
says out '^0$'
says out '^1$'
lines 2
xs 1 xenstore-exists /local/domain/9
xs 0 xenstore-write a/b 1 /c 2
xs 0 xenstore-rm /local/domain/1
xs 0 xenstore-chmod /tool n0 r1

# xenstore-watch prints what it watches, once at the start; -n 1 ends then.
xs 0 xenstore-watch -n 1 /local/domain/1/name
says out '^/local/domain/1/name$'
lines 1
xs 0 xenstore-watch -n 1 @releaseDomain
says out '^@releaseDomain$'

timeout 60 "$xenreel" run -d name.cfg -- xenstore-ls -f /local/domain/1 \
    >out 2>err
got=$?
status 0 "a domain from a file"
says out '/name = "watched"$'
says out '/cpu/1/availability = "online"$'
says out '/console/type = "xenconsoled"$'
# A domain's nodes are those of its type (libxl_create.c:libxl__domain_make).
says out '/control/feature-suspend = ""$'
grep -q hvmloader out && fail "a PVH domain with hvmloader"
sed -i 's/pvh/hvm/' name.cfg
timeout 60 "$xenreel" run -d name.cfg -- xenstore-ls -f >out 2>err
got=$?
status 0 "an HVM domain"
says out '^/libxl/1/type = "hvm"$'
says out '^/local/domain/1/hvmloader = ""$'
says out '^/local/domain/1/platform/acpi = "1"$'
says out '^/vm/.*/image/ostype = "hvm"$'
exit $failed
