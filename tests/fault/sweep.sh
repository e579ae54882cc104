#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/fault/sweep.sh [--max-points N] [ROUTE…]
#
# Makes the calls of a run fail, one after the other: the Nth call that changes something below the route's folder has no room, meets a
# broken disk, writes half, or is the last thing the process does (tests/support/fault_shim.c, preloaded). Whatever happens, a run
# never ends well with a wrong target, never by a signal of its own, and a run that nothing disturbs then leaves what a life without
# faults would have left. Of each kind N points a route are tried, evenly spread (0: all); how many there were is printed.
. "$(dirname "$0")/../support/routes.sh"

max=24
while [ $# -gt 0 ]; do
    case $1 in
    --max-points) max=$2 && shift 2 ;;
    -*) sed -n '4s/^# //p' "$0" >&2 && exit 64 ;;
    *) break ;;
    esac
done
shim=$work/shim.so
if ! ${CC:-cc} -std=c17 -D_GNU_SOURCE -O2 -shared -fPIC -o "$shim" "$top_srcdir/tests/support/fault_shim.c" -ldl 2>"$work/cc"; then
    bad 'the shim cannot be compiled' "$work/cc"
    finish
fi

kinds=(enospc enospc+sticky eio eio+sticky eio+fsync short short+sticky full kill killed torn)
trials=0

shimmed() { # shimmed KIND N: the array `disturb`
    disturb=("LD_PRELOAD=$shim" "FAULT_UNDER=$dir" "FAULT_KIND=${1%+*}" "FAULT_AT=$2" "FAULT_TALLY=$work/tally")
    case $1 in
    *+sticky) disturb+=(FAULT_STICKY=1) ;;
    *+fsync) disturb+=(FAULT_ONLY=fsync) ;;
    esac
}

calls() { # calls STEP KIND: how many there are, into $count
    restore "$1"
    shimmed "$2" 0
    go "$1" || bad "a run that is only watched ends with $status" "$work/stdout" "$work/stderr"
    read -r count _ <"$work/tally"
}

attempt() { # attempt STEP KIND N
    local counted hit resynced ended
    place="$route, step $1, $2 at call $3"
    restore "$1"
    shimmed "$2" "$3"
    go "$1"
    ended=$status
    disturb=()
    read -r counted hit resynced <"$work/tally"
    [ "${hit:-0}" -gt 0 ] || return 1 # less calls than when they were counted: a wait that was shorter
    trials=$((trials + 1))
    case $2:$ended in
    kill*:137 | torn:137) good ;;
    *:0 | *:3 | *:4) same "$1" "it ends with $ended" ;;
    *:1[2-9][0-9]) bad "it ends by a signal: $ended" "$work/stderr" ;;
    *:70) bad 'it takes the fault for a bug of ours' "$work/stdout" "$work/stderr" ;;
    *) good ;;
    esac
    [ "$resynced" = 0 ] && good || bad "a file that could not be synced is synced again, $resynced times" "$work/stderr"
    whole "$1" && same "$1" "after $ended, and a run without faults"
    case $3 in *[05]) verified ;; esac
}

sweep() { # sweep KIND STEP…: of the route
    local kind=$1 step all=0 done=0 at n most share
    shift
    share=$((max / $#))
    for step; do
        calls "$step" "$kind"
        all=$((all + count))
        most=$count
        [ "$max" -eq 0 ] || [ "$count" -le "$share" ] || most=$share
        for ((n = 1; n <= most; n++)); do
            at=$((most == 1 ? 1 : 1 + (n - 1) * (count - 1) / (most - 1)))
            attempt "$step" "$kind" "$at" && done=$((done + 1))
        done
    done
    printf '%s %s: %d of %d calls, %d failed so far\n' "$route" "$kind" "$done" "$all" "$failed"
}

route_sweep() { # route_sweep ROUTE STEP…, the later one first: what was taken stays taken
    local kind name=$1
    shift
    reference "$name" || return
    # a step's reference is made with the inputs of the later ones in place
    for kind in "${kinds[@]}"; do
        sweep "$kind" "$1"
    done
    shift
    for step; do
        for kind in "${kinds[@]}"; do
            sweep "$kind" "$step"
        done
    done
}

wanted=("$@")
[ $# -gt 0 ] || wanted=(mirror growing named append)
for name in "${wanted[@]}"; do
    case $name in
    mirror) route_sweep mirror 2 1 ;;
    growing) route_sweep growing 2 1 ;;
    named) route_sweep named 3 ;;
    append) route_sweep append 2 ;;
    *) route_sweep "$name" 1 ;;
    esac
done
echo "$trials faults"
[ "$trials" -gt 0 ] || bad 'no fault was made'
finish
