# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh disable=SC2034
# What the programs of the lab share; "here" is this folder.
export LC_ALL=C
umask 022

: "${XENREEL_LAB_CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/xenreel-lab}"
case $XENREEL_LAB_CACHE in
/*) cache=$XENREEL_LAB_CACHE ;;
*) cache=$PWD/$XENREEL_LAB_CACHE ;;
esac
# More options for dom0's kernel.
: "${XENREEL_LAB_KERNEL:=}"

# Exit statuses of our own; docs/LAB.md has them all.
EXIT_USAGE=2
EXIT_SKIP=77
EXIT_LAB=99

say()
{
    echo "lab: $*" >&2
}

# die STATUS TEXT...
die()
{
    status=$1
    shift
    say "$*"
    exit "$status"
}

# show_help ARG...: for --help, what the program says on top of itself.
show_help()
{
    [ "${1-}" = --help ] || return 0
    sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 0
}

# numbers WORD...: they are.
numbers()
{
    for word; do
        case $word in
        ''|*[!0-9]*) die $EXIT_USAGE "no number: $word" ;;
        esac
    done
}

# need PROGRAM PACKAGE: of the machine itself.
need()
{
    command -v "$1" >/dev/null ||
        die $EXIT_SKIP "no $1 here: install the package $2"
}

# take_lock FILE WHAT: hold FILE until this shell ends.
take_lock()
{
    mkdir -p "$(dirname "$1")"
    exec 9>"$1"
    flock -n 9 && return
    say "waiting for another $2 to end"
    flock 9
}

# group NAME: the folder with a group of packages (see packages).
group()
{
    echo "$cache/packages/$1"
}

# loader FOLDER: set ld and ld_path, the dynamic loader and the libraries of
# a folder of unpacked packages.
loader()
{
    ld_path=$1/lib/x86_64-linux-gnu:$1/usr/lib/x86_64-linux-gnu
    ld=$1/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
    if [ ! -f "$ld" ]; then
        ld=$1/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
    fi
}

# libraries: the files that ldd, on the input, has found.
libraries()
{
    sed -n 's|.* => \(/.*\) (0x[0-9a-f]*)$|\1|p'
}

# become FOLDER PROGRAM ARG...: exec it so, an emulator that is not to live
# longer than who started it.
become()
{
    loader "$1"
    become_program=$1/$2
    shift 2
    exec setpriv --pdeathsig KILL \
        "$ld" --library-path "$ld_path" "$become_program" "$@"
}

# aside FOLDER PROGRAM ARG...: run a program out of a folder of unpacked
# packages with that folder's own libraries.
aside()
{
    loader "$1"
    aside_program=$1/$2
    shift 2
    "$ld" --library-path "$ld_path" "$aside_program" "$@"
}
