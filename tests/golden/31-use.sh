#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Transform modules: what they give, take out and refuse, and what becomes of one that is wrong; and the one that is shipped, which masks.
. "$(dirname "$0")/lib.sh"

rowset() { # rowset DB QUERY: lines joined by |
    sqlite3 -batch -init /dev/null -separator ' ' -nullvalue NULL "$1" "$2" 2>&1 | paste -sd'|'
}

dead() { # dead PIPELINE FILTER: of the open dead letters, one line each, in order of their keys
    db 0 dead --json "$1"
    jq -r ".result.dead | sort_by(.key)[] | $2" <<<"$out" | paste -sd'|'
}

probe=$DAYBREAK_BUILD/tests/support/transform_probe.so
[ -e "$probe" ] || skip "the module of this test is not built: make check builds it"
modules=$work/modules
mkdir "$modules" && cp "$(dirname "$daybreak")"/connectors/*.so "$probe" "$modules" && chmod go-w "$modules"/*
export DAYBREAK_CONNECTORS=$modules

fresh 'what a module gives'
cat >p.yaml <<'Y'
source: {path: "drop/p_%Y%m%d.csv", settle: 0s, fields: {n: integer}, capture: {key: [id], guards: {max_deletes: 100%, max_invalid: 100%, min_rows: 0%}}}
transforms:
  - set: {m: n + 1}
  - use: {type: probe, column: does}
  - set: {sum: i + m}
sink: {type: sqlite, path: out/p.db, table: p}
Y
drop drop/p_20260101.csv <<'C'
id,n,does,t
01,1,,old
02,1,null,old
03,1,filter,old
04,1,refuse,old
05,1,utf8,old
06,1,wide,old
07,1,time,old
08,1,day,old
09,1,truth,old
10,1,infinite,old
11,1,both,old
12,2,,old
C
db 0 lint p.yaml
run 3 p.yaml
counts loaded=12 captured=12 read=12 delivered=3 filtered=1 dead=8
is 'cells of every type; a column that was there keeps its place' \
    '01 1  r 2 12 -12.34 0.5 2026-01-31T11:00:00.000000Z 1970-02-01 1 14|02 1 null NULL 2 NULL NULL NULL NULL NULL NULL NULL|12 2  r 3 12 -12.34 0.5 2026-01-31T11:00:00.000000Z 1970-02-01 1 15' \
    "$(rowset out/p.db 'SELECT id, n, does, t, m, i, d, r, at, day, b, sum FROM p ORDER BY id')"
is 'in this order' 'id n does t m i d r at day b sum' "$(sql out/p.db "SELECT group_concat(name, ' ') FROM pragma_table_info('p') WHERE name NOT LIKE '\_%' ESCAPE '\'")"
is 'what is wrong with one record sets it aside' \
    '04 told_so null|05 module_value t|06 module_value d|07 module_value at|08 module_value day|09 module_value b|10 module_value r|11 told_so null' \
    "$(dead p '"\(.key) \(.reason) \(.field)"')"
is 'with the name of the module' 'transform use probe' "$(dead p '"\(.stage) \(.rule)"' | tr '|' '\n' | sort -u)"
is 'and its words' 'row 3 said so' "$(dead p 'select(.key == "04").detail')"
is 'or ours' "it gave 'soon' for column 'at', which is no timestamp" "$(dead p 'select(.key == "07").detail')"
again p.yaml out/p.db
drop drop/p_20260102.csv now <<'C'
id,n,does,t
02,1,filter,old
03,1,,old
C
run 0 p.yaml
is 'what is taken out leaves, what comes back is there, deletes are not shown' '03 1' "$(rowset out/p.db 'SELECT id, i FROM p')"
db 0 ledger verify

fresh 'a module that is wrong'
printf 'id,does\n1,\n' | drop drop/a.csv
broken() { # broken BREAKS: a pipeline whose module does that wrong
    printf 'source: {path: "drop/*.csv", settle: 0s, capture: {key: [id]}}\ntransforms: [{use: {type: probe, column: does, breaks: %s}}]\nsink: {type: sqlite, path: out/p.db, table: p, on_error: {give_up: 0s}}\n' "$1" >p.yaml
}
refused() { # refused BREAKS TEXT: lint says so
    broken "$1"
    db 78 lint p.yaml
    has "$1" "$2" "$out"
}
wrong() { # wrong STATUS BREAKS TEXT: a run ends so
    broken "$2"
    db "$1" run p.yaml
    has "$2" "$3" "$err"
}
refused key "transform 'probe' would give key column 'id'"
refused twice "transform 'probe' would give column 't' twice"
refused type "transform 'probe' would give a column without a name or type"
wrong 70 silent "use probe: it did not give column 't' in a form of its type"
wrong 70 form "use probe: it did not give column 't' in a form of its type"
wrong 69 retry 'use probe: not now'
is 'and nothing landed' 0 "$(sql out/p.db "SELECT count(*) FROM sqlite_master WHERE name = 'p'")"
wrong 0 never ''
is 'until it is right' 1 "$(sql out/p.db 'SELECT count(*) FROM p')"

fresh 'mask'
export PEPPER=salt
cat >p.yaml <<'Y'
source: {path: drop/*.csv, settle: 0s, fields: {account: integer}, capture: {key: [id]}}
secrets: {pepper: {env: PEPPER}}
transforms:
  - use: {type: mask, columns: [email], secret: {secret: pepper}}
  - use: {type: mask, columns: [phone, account], method: last, keep: 2}
  - use: {type: mask, columns: [note], method: redact, text: (hidden)}
  - rename: {email: person}
sink: {type: jsonl, path: out/p.jsonl, envelope: none}
Y
drop drop/a.csv <<'C'
id,email,phone,account,note
1,ann@example.org,+49 170 1234567,123456,x
2,ann@example.org,ü€ß,,
3,,1,5,z
C
run 0 p.yaml
is 'the same value is the same pseudonym; what is empty or null stays so' \
    '{"id":"1","person":"505f15a6d9393962c6106d9e560e7cba","phone":"*************67","account":"****56","note":"(hidden)"}|{"id":"2","person":"505f15a6d9393962c6106d9e560e7cba","phone":"*€ß","account":null,"note":""}|{"id":"3","person":"","phone":"1","account":"5","note":"(hidden)"}' \
    "$(paste -sd'|' out/p.jsonl)"
db 0 connectors mask
has 'its options are documented' 'the key of HMAC-SHA-256' "$out"
lacks 'and its secret is nowhere' salt "$(cat .daybreak/p/ledger.db out/p.jsonl | tr -d '\0')"
wrong() { # wrong CODE TEXT USE
    printf 'source: {path: "drop/*.csv", settle: 0s, capture: {key: [id]}}\ntransforms: [{use: %s}]\nsink: {type: jsonl, path: out/p.jsonl}\n' "$3" >p.yaml
    db 78 lint p.yaml
    has "$3" "$2" "$out"
    has "$3" "[$1]" "$out"
}
wrong bad-options 'hashes need a secret' '{type: mask, columns: [email]}'
wrong unknown-key "did you mean 'columns'?" '{type: mask, column: [email], method: redact}'
wrong unknown-choice "'method'" '{type: mask, columns: [email], method: redct}'
wrong missing-key "'type' is missing in 'use'" '{columns: [email]}'
wrong no-connector "did you mean 'mask'?" '{type: maks, columns: [email]}'
wrong module-refused "cannot mask column 'emial'" '{type: mask, columns: [emial], method: redact}'
wrong module-refused "would give key column 'id'" '{type: mask, columns: [id], method: redact}'
wrong wrong-type 'a transform module is named by its type' mask
finish
