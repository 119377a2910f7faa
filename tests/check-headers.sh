#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every header stands by itself: it compiles alone, without a warning.
set -eu
cd "${top_srcdir:-$(dirname "$0")/..}"
bad=0
n=0
for h in $(find harness sim traces real preload -name '*.h' | sort); do
    n=$((n + 1))
    # Automake's -I may be relative to the build folder: ours comes first.
    # shellcheck disable=SC2086
    echo "#include \"$h\"" |
        ${CC:-cc} -D_GNU_SOURCE -D__XEN_TOOLS__ -I. ${CHECK_CPPFLAGS-} \
            -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -x c - || {
        echo "check-headers: $h does not compile alone" >&2
        bad=1
    }
done
[ $bad = 0 ] && echo "check-headers: $n headers stand alone"
exit $bad
