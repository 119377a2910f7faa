#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# pv-log.sh: in the scenarios made of the logs of PV page tables each note
# "OP nnn rc=.. done=.." is a line of the log, and the hypercall behind it has
# that result; all 185 are there.
set -eu
for log in pv-oracle pv-oracle-debug; do
    awk -v name="$log" '
    BEGIN {
        n = split("EPERM 1 ESRCH 3 EACCES 13 EFAULT 14 EBUSY 16 EINVAL 22 " \
                  "ENOSYS 38 EOPNOTSUPP 95", e, " ")
        for (i = 1; i < n; i += 2)
            number["-" e[i]] = -e[i + 1]
        number[0] = 0
    }
    function field(name, i) {
        for (i = 1; i <= NF; i++)
            if (index($i, name "=") == 1)
                return substr($i, length(name) + 2)
        return ""
    }
    /^note "OP / {
        nr++
        if (rc != "" || $3 != sprintf("%03d", nr))
            bad = bad " " $3
        rc = substr($4, 4)
        done = $5 ~ /^done/ ? $5 : $6
        sub("done=", "", done)
        next
    }
    /^guest\.(mmu|update_va|vm_assist|decrease)/ && rc != "" {
        got = field("rc") != "" ? number[field("rc")] : field("done")
        count = $1 ~ /mmu/ ? field("done") : ""
        if (got != rc || (count != "" && count != done))
            bad = bad " " nr
        rc = ""
    }
    END {
        if (nr != 185 || rc != "" || bad != "") {
            print name ": " nr " hypercalls; other than the log:" bad
            exit 1
        }
    }' "$top_srcdir/tests/$log.scn"
done
