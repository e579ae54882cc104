#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Random nights against a model too simple to be wrong: rows flip through two filters and back, cannot be computed, come and go, and now and
# then the filter itself is another one. A mirror holds exactly what the model says, and each count is the model's.
. "$(dirname "$0")/lib.sh"

nights=${NIGHTS:-14}
seeds=${SEEDS:-1 2}

# ---- the source: of each night, all rows --------------------------------------------------------

dump() { # dump SEED NIGHT: some 60 keys of which a few change
    awk -v seed="$1" -v night="$2" 'BEGIN {
        srand(seed * 1000)
        for (n = 1; n <= night; n++)
            for (k = 1; k <= 60; k++) {
                what = rand(); status = rand(); qty = rand()
                if (n > 1 && what > 0.2) continue
                there[k] = what < 0.03 ? 0 : 1
                row[k] = (status < 0.35 ? "draft" : status < 0.5 ? "old" : "new") "," int(qty * 8)
            }
        print "id,status,qty"
        for (k = 1; k <= 60; k++) if (there[k]) print "k" k "," row[k]
    }'
}

# ---- the model ------------------------------------------------------------------------------------
# model FILTER ALL: standard input is the dump; the state is in model.txt as "key here dead row" and target.txt as "key row"; what happened
# in counts.txt. ALL=1: every row is looked at anew (resync).
model() {
    touch model.txt target.txt
    awk -F, -v filter="$1" -v all="$2" '
        FILENAME == "model.txt" { here[$1] = $2; dead[$1] = $3; last[$1] = $4 "," $5; next }
        FILENAME == "target.txt" { target[$1] = $2 "," $3; next }
        $1 == "id" { next }
        {
            key = $1; row = $2 "," $3; seen[key] = 1
            if (!all && (key in last) && last[key] == row) next
            if (all) here[key] = (key in target)
            last[key] = row
            if ($2 == filter || $3 == 7) {
                filtered++
                if (here[key]) { copied++; delivered++ }
                here[key] = 0; dead[key] = 0; delete target[key]
            } else if ($3 == 0) {
                set_aside++; dead[key] = 1
            } else {
                delivered++; here[key] = 1; dead[key] = 0; target[key] = row
            }
        }
        END {
            for (key in last) if (!(key in seen)) {
                if (here[key]) delivered++
                else if (dead[key]) withdrawn++
                else filtered++
                delete last[key]; delete target[key]
            }
            for (key in last) print key "," here[key] + 0 "," dead[key] + 0 "," last[key] >"model.new"
            for (key in target) print key "," target[key] >"target.new"
            printf "filtered %d copied %d delivered %d\n", filtered, copied, delivered >"counts.txt"
        }' model.txt target.txt -
    touch model.new target.new
    mv model.new model.txt && mv target.new target.txt
}

file() { # file FILTER: the pipeline file of tonight
    cat >p.yaml <<Y
source:
  type: file
  path: drop/p_%Y%m%d.csv
  settle: 0s
  fields: {qty: integer}
  capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%, max_invalid: 100%}}
transforms:
  - filter: {name: no $1, keep: "status <> '$1'"}
  - set: {each: "100 / qty"}
  - filter: {name: no seven, keep: "qty <> 7"}
sink: {type: sqlite, path: out/p.db, table: p${2:+, $2}}
${3:-}
Y
}

flips() { # flips SEED [SINK] [MORE]
    local seed=$1 night filter=draft all
    fresh "seed $1${2:+, $2}${3:+, $3}"
    for ((night = 1; night <= nights; night++)); do
        place="seed $seed${2:+, $2}, night $night"
        all=0
        case $(((night * 7 + seed) % 11)) in
        3) filter=old ;; # what was not read anew stands as the filter before left it
        6) filter=draft ;;
        9) filter=$([ $filter = old ] && echo draft || echo old) all=1 ;;
        esac
        [ "$night" -gt 1 ] || all=0
        file "$filter" "${2-}" "${3-}"
        dump "$seed" "$night" | tee night.csv | drop "drop/p_$(date -u -d "2026-01-01 + $night days" +%Y%m%d).csv" "$((9000 - night)) minutes ago"
        model "$filter" "$all" <night.csv
        if [ "$all" = 1 ]; then
            run - p.yaml --resync
        else
            run - p.yaml
            is 'where they went' "$(cat counts.txt)" "$(json '.result | "filtered \(.filtered) copied \(.copied) delivered \(.delivered)"')"
        fi
        case $status in 0 | 3) ;; *) bad "ended with $status: $err" ;; esac
        is 'what stands' "$(sort target.txt)" "$(sql out/p.db "SELECT id || ',' || status || ',' || qty FROM p WHERE _op <> 'd'" | sort)"
        [ "$failed" -eq 0 ] || return
    done
    db 0 ledger verify
}

for seed in $seeds; do
    flips "$seed"
done
flips 7 'deletes: mark'
flips 8 '' 'commit_max: 5'
flips 9 'history: all'
finish
