#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every route says what it promises, and a file that asks for more than its connectors can do is refused by lint and by run.
. "$(dirname "$0")/lib.sh"

pipeline() { # pipeline CAPTURE SINK [TOP]
    printf 'source: {type: file, path: "drop/*.csv", settle: 0s, capture: {%s}}\nsink: {%s}\n%s\n' "$1" "$2" "${3-}" >p.yaml
}

promise() { # promise CAPTURE SINK PART…: lint accepts it and promises each PART
    local part capture=$1 sink=$2
    pipeline "$capture" "$sink"
    shift 2
    db 0 lint p.yaml --json
    is 'one route, with its table and handoff' 'p load' "$(json '.result.guarantees | map("\(.table) \(.handoff)") | join("|")')"
    for part; do
        has "$capture into $sink" "$part" "$(json '.result.guarantees[0].guarantee')"
    done
}

refused() { # refused CODE LINE CAPTURE SINK [TOP]: an error with that code there, a remedy, and no run
    local code=$1 line=$2
    shift 2
    pipeline "$@"
    db 78 lint p.yaml --json
    is "$code of $*" "$line" "$(json "[.result.findings[] | select(.code == \"$code\" and .severity == \"error\")][0].line")"
    is 'a remedy' true "$(json "[.result.findings[] | select(.code == \"$code\")][0].suggestion | length > 5")"
    is 'nothing is promised' '[]' "$(json '.result.guarantees | tojson')"
    db 78 run p.yaml
    [ ! -e out/p.db ] && [ ! -e .daybreak/p/ledger.db ] && good || bad 'a refused file has left traces'
    db 0 explain "$code"
}

fresh promises
promise 'key: [id]' 'type: sqlite, path: out/p.db' 'effectively once' 'one commit of the target' 'deletes are found'
promise 'method: append' 'type: sqlite, path: out/p.db' 'effectively once' 'deletes are not seen'
promise 'key: [id]' 'type: jsonl, path: out/p.jsonl' 'effectively once at rest'
promise 'key: [id]' 'type: csv, path: "out/p_{run}.csv"' 'written aside'
promise 'method: append, key: [id]' 'type: sqlite, path: out/p.db, write: upsert' 'may leave stale rows'
promise 'key: [id]' 'type: exec, command: ["true"]' 'at least once' 'event id'

fresh 'what asks for too much'
refused no-mirror 2 'key: [id]' 'type: jsonl, path: out/p.jsonl, write: mirror'
refused no-mirror 2 'key: [id]' 'type: exec, command: ["true"], write: upsert'
refused no-before 1 'method: append, before: true' 'type: sqlite, path: out/p.db'
refused no-adopt 2 'key: [id]' 'type: jsonl, path: out/p.jsonl, existing: adopt'
refused no-adopt 2 'method: append' 'type: sqlite, path: out/p.db, existing: adopt'
refused capture-unsupported 1 'method: triggers, key: [id]' 'type: sqlite, path: out/p.db'
refused capture-unsupported 1 'method: log, key: [id]' 'type: sqlite, path: out/p.db'
refused weak-guarantee 2 'method: append, key: [id]' 'type: sqlite, path: out/p.db, write: upsert' 'strict: true'
refused weak-guarantee 2 'key: [id]' 'type: exec, command: ["true"]' 'strict: true'

fresh 'what may be asked for'
pipeline 'key: [id], before: true' 'type: sqlite, path: out/p.db' 'strict: true'
db 0 lint p.yaml
pipeline 'method: append, key: [id]' 'type: sqlite, path: out/p.db, write: mirror'
db 0 lint p.yaml --json
is 'a mirror of what does not see deletes is warned of' warning "$(json '.result.findings[] | select(.code == "no-deletes").severity')"
db 0 lint p.yaml
has 'people see the promise too' 'p -> load: effectively once' "$out"
finish
