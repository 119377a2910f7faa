#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Xen's other tools, as Debian has them, on the model.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

bin=/usr/lib/xen-4.17/bin
[ -x $bin/xl ] || exit 77
command -v xenstore-ls >/dev/null || exit 77

# tool STATUS COMMAND...: what it prints is in out.
tool()
{
    want=$1
    shift
    timeout 60 "$xenreel" run -- "$@" >out 2>err </dev/null
    got=$?
    status "$want" "$*"
}

# prints TEXT: exactly that.
prints()
{
    printf '%s\n' "$1" | cmp -s - out || fail "not: $1"
}

# Two domains, named by their files, and as xl prints them on a real host:
# memory in MB, no flag for a guest that has nothing to do.
printf 'type = "pvh"\nmemory = 32\nvcpus = 2\n' >web.cfg
printf 'type = "hvm"\nmemory = 64\n' >mail.cfg
expect 0 run -d web.cfg -d mail.cfg -- $bin/xl list
sed '1d; s/  */ /g; s/ [0-9]*\.[0-9]$//' out >rows
printf '%s\n' 'web 1 32 2 ------' 'mail 2 64 1 ------' >want
sed -n 2,3p rows | tr '\t' ' ' | sed 's/  */ /g; s/ *$//' >got
cmp -s want got || fail "xl list: $(cat got)"
grep -q '^Domain-0 0 ' rows || fail "xl list: no Domain-0"
tool 0 $bin/xl domid guest1
prints 1
tool 0 $bin/xl domname 1
prints guest1

# libxl_cpupool.c:cpupool_info wants the pool's name (xen-init-dom0.c).
tool 0 $bin/xl cpupool-list
says out '^Pool-0 +1 +credit2 +y +2$'
tool 0 $bin/xl list -c
says out '^guest1 .* Pool-0$'
# libxl_domain.c:libxl_vm_get_start_time
tool 0 $bin/xl uptime
says out '^guest1 +1 '

# The nodes that the toolstack makes for a domain (libxl_create.c).
tool 0 xenstore-read /local/domain/1/name
prints guest1
tool 0 xenstore-read /local/domain/1/memory/target
prints 16384
tool 0 xenstore-ls -f
says out '^/local/domain/1/domid = "1"'
says out '^/local/domain/1/vm = "/vm/[-0-9a-f]{36}"'
says out '^/vm/[-0-9a-f]{36}/name = "guest1"'
# The UUID is Xen's too.  XAPI's temporary ones end in a 1, which clients wait
# to see replaced (libbdvmi's TEMPORARY_UUID_SUFFIX).
uuid=$(sed -n 's,^/local/domain/1/vm = "/vm/\(.*\)"$,\1,p' out)
says out "^/vm/$uuid/uuid = \"$uuid\""
tool 0 $bin/xl vm-list
says out "^$uuid +1 +guest1"
says out '^00000000-0000-0000-0000-000000000000 +0 +Domain-0'
case $uuid in
*-000000000001) fail "a temporary UUID" ;;
esac
tool 0 xenstore-ls /local/domain/1/cpu
printf '0 = ""\n availability = "online"\n' | cmp -s - out || fail "xenstore-ls"
tool 0 xenstore-list /local/domain/1/memory
printf 'static-max\ntarget\nvideoram\n' | cmp -s - out || fail "xenstore-list"
tool 1 xenstore-read /local/domain/1/nothing
says err "couldn't read path /local/domain/1/nothing"
tool 1 xenstore-exists /local/domain/7
tool 0 xenstore-exists /local/domain/1
# A watch fires when it is set.
tool 0 xenstore-watch -n 1 /local/domain/1/name
prints /local/domain/1/name

# Domctls: nodes, and the buttons, which only a guest with ACPI has.
tool 0 $bin/xl list -n
says out '^guest1 .* all$'
tool 0 $bin/xl trigger 1 power
expect 1 run -d mail.cfg -- $bin/xl shutdown mail
says err 'PV control interface not available'
expect 0 run -d mail.cfg -- $bin/xl shutdown -F mail
says err 'sending ACPI power button event'
# sysctl.c:XEN_SYSCTL_debug_keys is not modelled, and the trace says so.
expect 1 run -o keys.xrt -- $bin/xl debug-keys h
says err 'sending debug keys: Function not implemented'
expect 0 info keys.xrt
says out 'sysctl 7'
# No description of the domain, which xl create would have left.
tool 0 $bin/xl list -l
says err 'Fail to get domain configuration'

# One machine is one process's; a shell's commands do not share it.
tool 1 sh -c 'xenstore-write /local/domain/1/data/a 1 &&
              xenstore-read /local/domain/1/data/a'

# What Debian's Xen has not: ENOSYS for sharing (the log of a real Xen says
# so too) and for paging (vm_event.c:vm_event_domctl without MEM_PAGING).
tool 255 $bin/xen-memshare enable 1
says out 'xc_memshr_control.*: Function not implemented'
tool 1 $bin/xenpaging -d 1 -f "$tmp/paged"
says err 'Function not implemented'

exit $failed
