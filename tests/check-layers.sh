#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Which folder may include what: the architecture's table, enforced.
set -eu
export LC_ALL=C
cd "${top_srcdir:-$(dirname "$0")/..}"

files=$(find harness sim traces real preload \
        \( -name '*.[ch]' -o -name '*.def' \) -type f 2>/dev/null | sort)

# shellcheck disable=SC2086
awk '
function own(file)
{
    if (file ~ /^harness\/cli\//)
        return "harness/cli"
    sub(/\/.*/, "", file)
    return file
}
function wrong(why)
{
    printf "%s:%d: %s: %s\n", FILENAME, FNR, $0, why
    bad = 1
}
BEGIN {
    may["harness"] = "^harness/[^/]*$"
    may["harness/cli"] = "^((harness|sim|traces|real)/|preload/setup[.]h$)"
    may["sim"] = "^(harness/[^/]*$|sim/)"
    may["traces"] = "^(harness/[^/]*$|traces/)"
    may["real"] = "^(harness/[^/]*$|real/)"
    may["preload"] = "^(harness/[^/]*$|preload/|sim/sim[.]h$|"
    may["preload"] = may["preload"] "traces/(text|trace)[.]h$)"
    pure = "^(assert|ctype|errno|inttypes|limits|stdalign|stdbool|stddef|"
    pure = pure "stdint|stdlib|string)[.]h$"
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, part, "\"")
    if (part[2] !~ may[own(FILENAME)])
        wrong("not allowed in " own(FILENAME) "/")
}
/^[ \t]*#[ \t]*include[ \t]*</ {
    split($0, part, /[<>]/)
    header = part[2]
    folder = own(FILENAME)
    if (header == "sqlite3.h" && folder != "traces")
        wrong("only traces/ knows SQLite")
    if (header ~ /^xen(ctrl|evtchn|foreignmemory|call)/ && folder != "real")
        wrong("only real/ knows the Xen libraries")
    if (header ~ /^libxl/ && folder !~ /^(harness\/cli|real)$/)
        wrong("only harness/cli/ and real/ know libxl")
    if (folder == "sim" && header !~ /^xen\// && header !~ pure)
        wrong("sim/ does no I/O and has no clock")
}
END { exit bad }
' $files /dev/null
echo "check-layers: $(echo "$files" | wc -l) files in order"
