#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/kill/points.sh [ROUTE…]
#
# Ends runs as kill -9 does, at each crash point that a step of a route passes, at its first passage and at later ones; then goes on,
# and compares target, dead letters, ledger and evidence with those of a life that nothing disturbed. The points are those that the
# binary itself lists, so a new one is found by itself, and one in the sources that no route passes is a failure.
. "$(dirname "$0")/../support/routes.sh"


killed=0
trial() { # trial STEP POINT PASSAGE: 1 when the point was not passed so often
    local step=$1
    place="$route, step $1, killed at $2:$3"
    restore "$step"
    disturb=("DAYBREAK_CRASH_AT=$2:$3")
    go "$step"
    if [ "$status" != 137 ]; then
        case $status in
        0 | 1 | 3 | 4) ;;
        *) bad "not passed, and ended with $status" "$work/stdout" "$work/stderr" ;;
        esac
        return 1
    fi
    killed=$((killed + 1))
    whole "$step" || return 0
    same "$step" 'after going on'
    if [ "$step" -lt "$steps" ]; then # what is remembered shows in the next one
        step=$((step + 1))
        "${route}_prepare" "$step"
        whole "$step" && same "$step" "after the step behind it"
    else
        whole "$step" && same "$step" 'after one more run'
        tidy
    fi
    [ "$3" -gt 1 ] || verified
    return 0
}

each_point() {
    local step point passage
    for ((step = steps; step >= 1; step--)); do
        while read -r point; do
            for passage in 1 2 7; do
                trial "$step" "$point" "$passage" || break
            done
            [ "$passage" != 1 ] || bad 'the point was listed, but is not reached again'
        done <"$ref/$step.points"
    done
}

# Whoever decides while a run holds the lock leaves a letter, which is written and answered as files; both sides are ended in turn.
letters() {
    local side point pid
    route=mirror
    reference mirror || return
    for side in writer taker; do
        for point in base.before-replace base.before-replace-sync; do
            place="a decision for a follower, $side killed at $point"
            restore 3
            mirror_undo 3 # two letters are open, and nothing else is to be done
            if [ "$side" = taker ]; then
                DAYBREAK_CRASH_AT=$point "$daybreak" run --follow route.yaml >"$work/follow" 2>&1 </dev/null &
            else
                "$daybreak" run --follow route.yaml >"$work/follow" 2>&1 </dev/null &
            fi
            pid=$!
            children=("$pid")
            until_true 200 lock_held || break 2
            disturb=(DAYBREAK_CRASH_LIST="$work/reached")
            [ "$side" = taker ] || disturb+=("DAYBREAK_CRASH_AT=$point")
            once dead drop D1 --reason 'for the follower'
            if [ "$side" = writer ]; then
                [ "$status" = 137 ] && good || bad "the writer ends with $status" "$work/stderr"
                kill -TERM "$pid"
                wait "$pid" && good || bad "the follower ends with $?" "$work/follow"
            else
                wait "$pid" 2>/dev/null
                [ $? = 137 ] && good || bad 'the follower was not killed' "$work/follow"
            fi
            children=()
            disturb=()
            once run --json route.yaml || bad "the next run ends with $status" "$work/stderr"
            decide dead drop D1 --reason 'once more' || bad "the decision cannot be taken any more: $status" "$work/stderr"
            is_dropped_once
            verified
            leftovers=(.daybreak/route/inbox/*.json)
            [ ${#leftovers[@]} -eq 0 ] && good || bad "letters are left: ${leftovers[*]}"
        done
    done
}

until_true() { # until_true TRIES COMMAND…: 50 ms apart
    local left=$1
    shift
    while ! "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || { bad "waited in vain for: $*" "$work/follow"; return 1; }
        sleep 0.05
    done
}

lock_held() {
    [ -e .daybreak/route/lock ] && grep -q ":$(stat -c %i .daybreak/route/lock) " /proc/locks # to try it would be to take it
}

is_dropped_once() {
    local dropped
    dropped=$(sql .daybreak/route/ledger.db "SELECT count(*) FROM evidence WHERE verb LIKE '%drop%' AND subject = 'D1'")
    [ "$dropped" = 1 ] && good || bad "dropped $dropped times"
}

: >"$work/reached"
if [ $# -gt 0 ]; then
    routes=("$@")
fi
for name in "${routes[@]}"; do
    began=$SECONDS before=$killed
    reference "$name" && each_point
    echo "$name: $((killed - before)) kills in $((SECONDS - began)) s"
done
if [ $# -eq 0 ]; then
    letters
    place='crash points' # a template is no module that anybody runs: the kit for connectors kills it
    while read -r point; do
        if grep -qxF "$point" "$work/reached"; then
            good
        else
            bad "$point is in the sources, and no route passes it"
        fi
    done < <(grep -rhoE '(CRASH_POINT|crash_point)\("[a-z_0-9.-]+"\)' "$top_srcdir/src" "$top_srcdir/connectors" --include='*.c' --exclude='template_*.c' |
        sed -e 's/.*("//' -e 's/").*//' | sort -u)
fi
echo "$killed kills"
finish
