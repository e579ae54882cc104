#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A target belongs to one pipeline, and a pipeline is known by more than its name.
. "$(dirname "$0")/lib.sh"

pipeline() { # pipeline FILE NAME TABLE
    cat >"$1" <<Y
name: $2
source: {type: file, path: drop/p_*.csv, settle: 0s, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: $3}
Y
}

fresh 'renamed'
pipeline p.yaml first t
printf 'id,v\n1,a\n2,a\n' | drop drop/p_1.csv
run 0 p.yaml
pipeline p.yaml second t
printf 'id,v\n1,b\n2,a\n' | drop drop/p_2.csv
db 78 run p.yaml
has 'both names' first "$err"
has 'both names' second "$err"
has 'the way out' '--was first' "$err"
is 'untouched' 'a a' "$(sql out/p.db 'SELECT v FROM t' | xargs)"
db - run p.yaml --was first --json
is 'it took over' 0 "$status"
is 'rows' 'b a' "$(sql out/p.db 'SELECT v FROM t ORDER BY id' | xargs)"
run 0 p.yaml
is 'the new name is its name from now on' second "$(json .result.pipeline)"
again p.yaml out/p.db
db 0 ledger verify

fresh 'the target of another pipeline'
pipeline p.yaml first t
printf 'id,v\n1,a\n2,a\n' | drop drop/p_1.csv
run 0 p.yaml
pipeline q.yaml other t
db 78 run q.yaml
has 'both names' first "$err"
has 'both names' other "$err"
pipeline q.yaml other u
run 0 q.yaml
is 'another table of the same file is free' 'a a' "$(sql out/p.db 'SELECT v FROM u' | xargs)"
is 'each has its checkpoint' 2 "$(sql out/p.db 'SELECT count(DISTINCT pipeline_id) FROM _daybreak_checkpoint')"
again p.yaml out/p.db
again q.yaml out/p.db
db 0 ledger verify

fresh 'a name of its own'
pipeline 'p q.yaml' 'plain-name' t
printf 'id,v\n1,a\n' | drop drop/p_1.csv
run 0 'p q.yaml'
is 'the name stands for the file' plain-name "$(json .result.pipeline)"
db 0 status plain-name
pipeline bad.yaml '../up' t
db 78 lint bad.yaml

fresh 'two copies of one state'
pipeline p.yaml first t
printf 'id,v\n1,a\n2,a\n' | drop drop/p_1.csv
run 0 p.yaml
cp -a .daybreak copy
printf 'id,v\n1,b\n2,a\n' | drop drop/p_2.csv
run 0 p.yaml
rm -rf .daybreak && mv copy .daybreak
printf 'id,v\n1,c\n2,a\n' | drop drop/p_3.csv
db - run p.yaml
is 'an older state than the target: a person must look, or the target is believed' yes "$(
    case $status in 78) echo yes ;; 0) [ "$(sql out/p.db 'SELECT v FROM t ORDER BY id' | xargs)" = 'c a' ] && echo yes ;; esac)"
run 0 p.yaml --resync
is 'rows' 'c a' "$(sql out/p.db 'SELECT v FROM t ORDER BY id' | xargs)"
db 0 ledger verify
finish
