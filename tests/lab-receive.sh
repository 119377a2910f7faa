#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the host's side of the lab takes out of an emulator's output: frames as
# in tests/lab/frame.h, among other lines, and nothing outside its folder.
# The sums were made with zlib's adler32().
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"
${CC:-cc} -D_GNU_SOURCE -std=gnu11 -Wall -Wextra -Werror \
    "$top_srcdir/tests/lab/receive.c" -o receive || exit 99

# receive: standard input, into new folders.
receive()
{
    rm -rf files state
    mkdir files state
    ./receive files state >out 2>err
    got=$?
    status 0 receive
}

# holds FILE TEXT: to the byte.
holds()
{
    printf "$2" | cmp -s - "$1" || fail "$1 is not '$2'"
}

{
    printf 'Bochs says this\n'
    printf '@lab@ R 0 0 1\n'
    printf 'and half a line@lab@ O 6 6 21d804d0\noutputhello\n'
    printf '@lab@ F 3 4 9b50246\nd/fone\n'
    printf '@lab@ A 3 4 9ee0254\nd/ftwo\0'
    printf '\n@lab@ X 1 0 380038\n7'
} | receive
holds files/d/f 'one\ntwo\0'
holds files/output 'hello\n'
holds out 'hello\n'
holds err 'Bochs says this\nand half a line\n'
holds state/exit 7
[ -f state/ready ] || fail "dom0 was not seen to be up"
absent state/damage

# A file begins anew; what is left of an earlier one would be in it else.
printf '@lab@ F 3 4 9b50246\nd/fone\n@lab@ F 3 4 9b50246\nd/fone\n' | receive
holds files/d/f 'one\n'

# damaged WHY TEXT
damaged()
{
    printf "$2" | receive
    [ -f state/damage ] || fail "$1 is not seen"
    [ -z "$(find files f ../f -type f 2>/dev/null)" ] || fail "$1: a file"
}

damaged "a wrong sum" '@lab@ F 3 4 9b50247\nd/fone\n'
damaged "a changed byte" '@lab@ F 3 4 9b50246\nd/fonf\n'
damaged "a missing end" '@lab@ F 3 4 9b50246\nd/fon'
damaged "an odd line" '@lab@ F 3\nd/fone\n'
damaged "a size beyond all" '@lab@ F 3 ffffffff 9b50246\nd/fone\n'
damaged "a name beyond all" '@lab@ F ffffffff 4 9b50246\nd/fone\n'
damaged "an unknown kind" '@lab@ Q 3 4 9b50246\nd/fone\n'
damaged "a name that leaves the folder" '@lab@ F 4 1 374016a\n../fx'
damaged "a name from the root" '@lab@ F 2 1 1d4010e\n/fx'
exit $failed
