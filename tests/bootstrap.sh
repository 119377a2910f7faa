#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# ./bootstrap where packages are missing: it installs them as root or through
# sudo, otherwise prints the exact command and exits with 4.  dpkg-query, id,
# sudo and apt-get are played, and autoreconf, so that it goes no further.
. "${top_srcdir:-$(dirname "$0")/..}/tests/functions.sh"

# play COMMAND SCRIPT
play()
{
    printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
    chmod +x "bin/$1"
}

# bootstrap STATUS ARGUMENT...
bootstrap()
{
    want=$1
    shift
    BUILD=$tmp/build PATH=$tmp/bin:$PATH "$top_srcdir/bootstrap" "$@" \
        >out 2>err
    got=$?
    status "$want" "bootstrap $*"
}

mkdir bin
play dpkg-query 'case $3 in libxen-dev | libzstd-dev) exit 1 ;; esac
echo install ok installed'
play autoreconf 'exit 1'
play id 'echo 1000'
play sudo 'exit 1'
play apt-get 'echo "$@" >>'"$tmp"'/installed; exit 100'
bootstrap 4
says err '^ +sudo apt-get install .*-recommends libzstd-dev libxen-dev$'
absent installed
bootstrap 4 check
says err 'libzstd-dev libxen-dev$'

# Root, and no network: the lists that are here, then it says so.
play id 'echo 0'
bootstrap 4 demo
says err 'could not install libzstd-dev libxen-dev'
says installed 'install libzstd-dev libxen-dev$'
play id 'echo 1000'
play sudo '[ "$1" = -n ] && shift && exec "$@"'
rm installed
bootstrap 4
says installed 'install libzstd-dev libxen-dev$'

bootstrap 0 --help
says out '^usage: ./bootstrap'
bootstrap 2 frobnicate
absent build

exit $failed
