# SPDX-License-Identifier: LGPL-2.1-or-later
# Bash completion for xenreel.

_xenreel_files()
{
    # Words in $cur that are files ending in one of $1 (a|b), or folders.
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -X "!*@($1)" -- "$cur")
                $(compgen -d -- "$cur"))
}

_xenreel_value()
{
    # The value of option $prev, for $command; fails when it takes none.
    case $command$prev in
    import--from) COMPREPLY=($(compgen -W "text oracle" -- "$cur")) ;;
    export--to) COMPREPLY=($(compgen -W "json csv text" -- "$cur")) ;;
    run--domain | run-d | record--domain | record-d) _xenreel_files .cfg ;;
    run--program | run-p) _xenreel_files .scn ;;
    run--at-end | run-e)
        COMPREPLY=($(compgen -W "signal shutdown destroy wait" -- "$cur"))
        ;;
    run--vm-event-abi | run-v) COMPREPLY=($(compgen -W "1 2 3 4 5 6 7" -- "$cur")) ;;
    run--xen-version | run-x) ;;
    *--quirk)
        COMPREPLY=($(compgen -W "mmio-offset mmio-length mmio-gla" -- "$cur"))
        ;;
    export--output | export-o) _xenreel_files '*' ;;
    *--output | import-o | run-o | record-o) _xenreel_files .xrt ;;
    show--where | show--from | show--count | *--jobs | replay-j | *--seed | \
    *--seeds | *--loops | run-[slS] | record-s) ;;
    *--timeout | *--settle | *--attach) ;;
    *--policy | *--time | *--events) ;;
    *--memory) COMPREPLY=($(compgen -W "none special all" -- "$cur")) ;;
    *--puppet | *--puppet-pv) _xenreel_files '*' ;;
    *) return 1 ;;
    esac
}

_xenreel_command()
{
    # Behind "run ... --" and its like stands a command, with words of its own.
    local i

    case $command in run | record | replay) ;; *) return 1 ;; esac
    for ((i = 2; i < COMP_CWORD; i++)); do
        [ "${COMP_WORDS[i]}" = -- ] || continue
        if [ $((i + 1)) = "$COMP_CWORD" ]; then
            COMPREPLY=($(compgen -c -- "$cur"))
        else
            COMPREPLY=($(compgen -f -- "$cur"))
        fi
        compopt -o filenames 2>/dev/null
        return 0
    done
    return 1
}

_xenreel()
{
    local commands="run record replay show diff info import export recover"
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local command=${COMP_WORDS[1]} options="--help --usage --version"
    local xen=" --xen --attach --puppet --puppet-pv --timeout --settle"

    shopt -q extglob || shopt -s extglob
    COMPREPLY=()
    _xenreel_command && return
    if [ "$COMP_CWORD" = 1 ]; then
        COMPREPLY=($(compgen -W "$commands help --help --version" -- "$cur"))
        return
    fi
    # "--to=json" comes as three words.
    if [ "$cur" = = ]; then
        cur=
    elif [ "$prev" = = ]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    _xenreel_value && return
    case $command in
    run)
        options+=" --domain --seed --quirk --output --force"
        options+=" --program --loops --seeds --at-end --xen-version --vm-event-abi"
        options+=" --real-time"$xen
        ;;
    record)
        options+=" --domain --seed --quirk --output --force"$xen
        options+=" --policy --memory --time --events --release"
        ;;
    replay) options+=" --jobs --quirk"$xen ;;
    show) options+=" --where --from --count" ;;
    import) options+=" --from --output --force" ;;
    export) options+=" --to --output --force" ;;
    help) COMPREPLY=($(compgen -W "$commands" -- "$cur")); return ;;
    esac
    case $cur in
    -*) COMPREPLY=($(compgen -W "$options" -- "$cur")); return ;;
    esac
    case $command in
    run | record) _xenreel_files .scn ;;
    import) _xenreel_files '.txt|.scn|.log' ;;
    recover) _xenreel_files '.xrt|.partial' ;;
    replay | show | diff | info | export) _xenreel_files '.xrt|.partial' ;;
    esac
}
complete -F _xenreel xenreel
