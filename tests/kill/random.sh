#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/kill/random.sh [--kills N] [--seconds N] [--seed N]
#
# Ends runs and followers at random moments with kill -9, night after night on the same state: sometimes two at once, sometimes the dump
# is another one when the next run begins, sometimes a first load that lands in parts. After each night the target holds what the last
# dump has, no change is missing and none there twice, and the ledger balances. Stops after 320 kills or 8 minutes, whichever is first,
# and prints how many there were. A seed repeats the same nights and the same waits (not the same moments: the machine has its say).
. "$(dirname "$0")/../support/routes.sh"

kills=320
seconds=480
seed=$(date +%s)
while [ $# -gt 1 ]; do
    case $1 in
    --kills) kills=$2 ;;
    --seconds) seconds=$2 ;;
    --seed) seed=$2 ;;
    *) break ;;
    esac
    shift 2
done
[ $# -eq 0 ] || { sed -n '4s/^# //p' "$0" >&2; exit 64; }
RANDOM=$((seed % 32768))
echo "seed $seed"

killed=0
overlaps=0
followers=0
replaced=0
nights=0
mkfifo "$work/never" && exec 9<>"$work/never"
nap() { # nap MILLISECONDS, without a process of its own
    local ms=$1
    read -r -t "$((ms / 1000)).$(printf %03d $((ms % 1000)))" -u 9 _
}

# ---- what is delivered -----------------------------------------------------------------------

rows_of() { # rows_of NIGHT VARIANT ROWS WIDTH: texts, without a quote
    awk -v night="$1" -v variant="$2" -v rows="$3" -v width="$4" 'BEGIN {
        while (length(fill) < width) fill = fill "abcdefghij"
        print "id,name,note"
        for (i = 1; i <= rows + night % 50; i++) {
            if ((i + 7 * night + variant) % 43 == 0) continue
            printf "k%d,%s%d,%s\n", i, i % 17 == (night + variant) % 17 ? "changed " night "." variant " " : "name ", i, fill
        }
    }'
}

make() { # make KIND
    local sink capture='method: diff, key: [id], before: true'
    mkdir -p "$work/$1/drop" "$work/$1/out" && cd "$work/$1" || exit 1
    case $1 in
    mirror | parts) sink='type: sqlite, path: out/t.db, write: mirror' ;;
    lines) sink='type: jsonl, path: out/t.jsonl, write: append' ;;
    named) sink='type: jsonl, path: "out/t_{run}.jsonl", write: append' ;;
    grown) sink='type: sqlite, path: out/t.db, write: append' capture='method: append' ;;
    esac
    cat >route.yaml <<END
source:
  type: file
  path: drop/$([ "$1" = grown ] && echo 'a.csv' || echo 'd_%Y%m%d.csv')
  settle: 0s
  format: {type: csv}
  capture: {$capture}
sink: {$sink}
commit_max: $([ "$1" = parts ] && echo 10 || echo 1000000)
END
}

deliver() { # deliver KIND NIGHT VARIANT
    local day
    day=$(date -u -d "2020-01-01 + $2 days" +%Y%m%d)
    case $1 in
    grown)
        [ "$3" -gt 0 ] && return
        [ -e drop/a.csv ] || echo id,name >drop/a.csv
        seq $(($2 * 1000)) $(($2 * 1000 + 400)) | sed 's/$/,x/' >>drop/a.csv
        touch -d '1 hour ago' drop/a.csv
        ;;
    parts) rows_of "$2" "$3" 2400 1000 | put "drop/d_$day.csv" ;;
    *) rows_of "$2" "$3" 300 20 | put "drop/d_$day.csv" ;;
    esac
    dump=drop/d_$day.csv
}

# ---- what must be there ----------------------------------------------------------------------

fold='reduce inputs as $change ({rows: {}, ids: {}, wrong: []};
    ($change.key.id) as $key
    | if .ids[$change.event_id] then .wrong += ["twice: \($change.event_id) of \($key)"] else . end
    | .ids[$change.event_id] = true
    | if $change.op == "d" then
        (if .rows[$key] == null then .wrong += ["deleted without being there: \($key)"] else . end) | del(.rows[$key])
      else
        (if ($change.op == "u") != (.rows[$key] != null) then .wrong += ["\($change.op) of \($key) out of order"] else . end)
        | (if .rows[$key] == $change.after then .wrong += ["no change: \($key)"] else . end)
        | .rows[$key] = $change.after
      end)
    | (.wrong[:5][]), (.rows | to_entries[] | .value | "\(.id),\(.name),\(.note)")'

check() { # check KIND
    case $1 in
    mirror | parts) sql out/t.db 'SELECT id || "," || name || "," || note FROM route' | sort >"$work/found" ;;
    lines) jq -rn "$fold" out/t.jsonl | sort >"$work/found" ;;
    named) jq -rn "$fold" out/t_*.jsonl | sort >"$work/found" ;;
    grown) sql out/t.db 'SELECT id || "," || name FROM route ORDER BY rowid' >"$work/found" ;;
    esac
    if [ "$1" = grown ]; then
        sed 1d drop/a.csv >"$work/wanted"
    else
        sed 1d "$dump" | sort >"$work/wanted"
    fi
    if cmp -s "$work/wanted" "$work/found"; then
        good
    else
        diff "$work/wanted" "$work/found" | cut -c1-160 >"$work/differs"
        bad "the target is not what the dump says (< expected, > found), seed $seed" "$work/differs"
        return 1
    fi
    verified
}

# ---- nights ----------------------------------------------------------------------------------

start() { # start MODE…: $pid
    "$daybreak" run "$@" route.yaml >"$work/out.$$" 2>"$work/err.$$" </dev/null &
    pid=$!
    children+=("$pid")
}

end() { # end PID: killed if it still runs
    kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    ended=$?
    children=()
    case $ended in
    137) killed=$((killed + 1)) ;;
    0 | 3 | 69 | 75) ;;
    *) bad "a disturbed run ends with $ended, seed $seed" "$work/err.$$" ;;
    esac
}

disturb_once() { # disturb_once LONGEST-WAIT
    local first mode=''
    [ $((RANDOM % 3)) -gt 0 ] || { mode=--follow followers=$((followers + 1)); }
    start $mode
    first=$pid
    if [ $((RANDOM % 5)) -eq 0 ]; then # another one comes in between, and one of the two goes first
        overlaps=$((overlaps + 1))
        nap $((RANDOM % ($1 / 2 + 1)))
        start
        nap $((RANDOM % $1))
        if [ $((RANDOM % 2)) -eq 0 ]; then
            end "$first"
            nap $((RANDOM % $1))
            end "$pid"
        else
            end "$pid"
            nap $((RANDOM % $1))
            end "$first"
        fi
        return
    fi
    nap $((RANDOM % $1))
    end "$first"
}

night() { # night KIND NUMBER LONGEST-WAIT
    local variant=0 times=$((RANDOM % 5 + 1)) tries
    place="$1, night $2"
    nights=$((nights + 1))
    cd "$work/$1" || exit 1
    if [ "$1" = parts ]; then
        rm -rf .daybreak out drop
        mkdir out drop
    fi
    deliver "$1" "$2" 0
    while [ "$times" -gt 0 ]; do
        disturb_once "$3"
        times=$((times - 1))
        if [ $((RANDOM % 4)) -eq 0 ] && [ "$1" != grown ]; then
            variant=$((variant + 1))
            replaced=$((replaced + 1))
            deliver "$1" "$2" "$variant"
        fi
    done
    if [ $((RANDOM % 4)) -eq 0 ]; then # a follower that ends as it should
        start --follow
        nap $((RANDOM % 300))
        kill -TERM "$pid" 2>/dev/null
        wait "$pid"
        ended=$?
        children=()
        # the signal may come before its handler is there
        case $ended in 0 | 143) good ;; *) bad "a follower that was told to end ends with $ended" "$work/err.$$" ;; esac
    fi
    for tries in 1 2 3; do # a file that was altered a moment ago is looked at again
        once run --json route.yaml
        [ "$status" = 0 ] && break
    done
    if [ "$status" != 0 ]; then
        bad "a run that nothing disturbs ends with $status, seed $seed" "$work/stdout" "$work/stderr"
        return 1
    fi
    check "$1"
}

all=(mirror lines grown named parts)
declare -A lasting=()
for kind in "${all[@]}"; do
    make "$kind"
done
number=0
while [ "$killed" -lt "$kills" ] && [ "$SECONDS" -lt "$seconds" ] && [ "$failed" -lt 5 ]; do
    number=$((number + 1))
    for kind in "${all[@]}"; do
        if [ ! -v "lasting[$kind]" ]; then # how long one run takes here
            place="$kind, first night"
            cd "$work/$kind" && deliver "$kind" 0 0
            before=${EPOCHREALTIME/./}
            once run --json route.yaml || bad "the first run ends with $status" "$work/stderr"
            lasting[$kind]=$(((${EPOCHREALTIME/./} - before) / 1000 + 5))
        fi
        night "$kind" "$number" "${lasting[$kind]}"
    done
done
echo "$killed kills in $nights nights and $SECONDS s: $followers followers, $overlaps overlapping runs, $replaced dumps replaced"
place='random kills'
[ "$killed" -gt 0 ] && good || bad 'no run was killed'
finish
