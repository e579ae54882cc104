#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A dry run goes the whole road and touches nothing: no folder, no lock, no ledger, no target, no epoch. And --limit, of which the next
# run goes on behind what landed.
. "$(dirname "$0")/lib.sh"

traces() { # every name below this folder, with its size, its times to the nanosecond and its inode
    find . -exec stat -c '%n %i %s %y %z' {} + | sort
}

dry() { # dry STATUS PIPELINE [OPTION…]: `run --dry-run --json`, after which all is as it was
    local before
    before=$(traces)
    run "$1" "${@:2}" --dry-run
    is "dry run of ${*:2}: nothing is touched" "$before" "$(traces)"
    is 'and says so' true "$(json .result.dry_run)"
}

pipeline() { # pipeline [GUARDS]
    cat >p.yaml <<Y
source: {type: file, path: "drop/p_%Y%m%d.csv", settle: 0s, fields: {qty: integer, price: "decimal(9,2)"}, capture: {key: [id], guards: {${1-max_deletes: 100%, min_rows: 0%}}}}
sink: {type: sqlite, path: out/deep/p.db, table: p}
Y
}

sample() { # sample OP: the samples of that op as KEY:COLUMN=OLD>NEW
    json ".result.samples[] | select(.op == \"$1\") | \"\(.key):\" + ([.columns[] | \"\(.name)=\(.old // \"\")>\(.new // \"\")\"] | join(\",\"))" | xargs
}

fresh 'before the first run'
pipeline
rmdir out
printf 'id,qty,price,name\n1,2,19.90,anna\n2,3,1.50,bob\n3,x,1.00,carl\n' | drop drop/p_20260101.csv
dry 3 p.yaml
counts loaded=2 captured=2 read=3 invalid=1 dead=1 delivered=2
is 'no state' 'no' "$([ -e .daybreak ] && echo yes || echo no)"
is 'no run was recorded' null "$(json .result.run)"
is 'rows that would be loaded' '1:qty=>2,price=>19.90,name=>anna 2:qty=>3,price=>1.50,name=>bob' "$(sample r)"
is 'a row that would be set aside' 'set aside 3 bad_integer qty x 4' \
    "$(json '.result.samples[] | select(.op == null) | "\(.what) \(.key) \(.reason) \(.field) \(.value) \(.line)"')"
is 'what would become of the input' 'drop/p_20260101.csv lands 2' "$(json '.result.rehearsed[] | "\(.input) \(.outcome) \(.tables[0].loaded)"')"
has 'what the route promises' 'effectively once' "$(json '.result.guarantees[0].guarantee')"
before=$(traces)
db 3 run p.yaml --dry-run
is 'nothing is touched' "$before" "$(traces)"
has 'people are told the same' 'would land' "$out"
has 'with the rows' 'qty 2, price 19.90, name anna' "$out"
has 'and those set aside' 'line 4  bad_integer: qty x' "$out"
has 'and how to do it in earnest' 'daybreak run p.yaml' "$out"
is 'no paragraph says that something landed' '' "$err"

fresh 'the next night, and what stands in the target'
pipeline
printf 'id,qty,price,name\n1,2,19.90,anna\n2,3,1.50,bob\n3,1,1.00,carl\n' | drop drop/p_20260101.csv
run 0 p.yaml
epoch=$(sql out/deep/p.db 'SELECT epoch FROM _daybreak_checkpoint')
printf 'id,qty,price,name\n1,2,19.9,anna\n2,4,1.50,rob\n4,1,2.00,dora\n' | drop drop/p_20260102.csv
dry 0 p.yaml
counts created=1 updated=1 deleted=1 captured=2 absent=1 unchanged=1 read=3 delivered=3
is 'of an update, what differs' '2:qty=3>4,name=bob>rob' "$(sample u)"
is 'of a create, the row' '4:qty=>1,price=>2.00,name=>dora' "$(sample c)"
is 'of a delete, the row that goes' '3:qty=1>,price=1.00>,name=carl>' "$(sample d)"
is 'the epoch was not raised' "$epoch" "$(sql out/deep/p.db 'SELECT epoch FROM _daybreak_checkpoint')"
rm -f out/deep/p.db-*
db 0 run p.yaml --dry-run
has 'old -> new' 'qty 3 -> 4, name bob -> rob' "$out"
run 0 p.yaml
counts created=1 updated=1 deleted=1 captured=2 absent=1 unchanged=1 read=3 delivered=3
dry 0 p.yaml
counts read=0 captured=0
db 0 run p.yaml --dry-run
has 'nothing to do' 'no input that was not taken before' "$out"

fresh 'before: true needs no target'
cat >p.yaml <<'Y'
source: {type: file, path: "drop/p_%Y%m%d.csv", settle: 0s, capture: {key: [id], before: true, guards: {max_deletes: 100%}}}
sink: {type: jsonl, path: "out/p_{run}.jsonl"}
Y
printf 'id,v\n1,a\n2,b\n' | drop drop/p_20260101.csv
run 0 p.yaml
printf 'id,v\n1,c\n' | drop drop/p_20260102.csv
dry 0 p.yaml
is 'old and new' '1:v=a>c' "$(sample u)"
is 'the row that goes' '2:v=b>' "$(sample d)"
is 'one file still' 1 "$(ls out | wc -l)"

fresh 'several nights, each after the one before'
pipeline
printf 'id,qty,price,name\n1,1,1.00,a\n2,1,1.00,b\n' | drop drop/p_20260101.csv
printf 'id,qty,price,name\n1,1,1.00,a\n2,2,1.00,b\n' | drop drop/p_20260102.csv
printf 'id,qty,price,name\n1,1,1.00,a\n' | drop drop/p_20260103.csv
dry 0 p.yaml
counts loaded=2 updated=1 deleted=1 captured=3 absent=1 read=5 unchanged=2 delivered=4 inputs=3
is 'each input by itself' '2/0/0 0/1/0 0/0/1' "$(json '.result.rehearsed[].tables[0] | "\(.loaded)/\(.updated)/\(.deleted)"' | xargs)"
dry 0 p.yaml --inputs 1
counts loaded=2 captured=2 read=2 delivered=2 inputs=1
run 0 p.yaml
counts loaded=2 updated=1 deleted=1 captured=3 absent=1 read=5 unchanged=2 delivered=4 inputs=3

fresh 'filters, and what is computed'
cat >p.yaml <<'Y'
source: {type: file, path: "drop/p_%Y%m%d.csv", settle: 0s, fields: {qty: integer, price: "decimal(9,2)"}, capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%}}}
transforms:
  - filter: {name: drafts, keep: "status <> 'draft'"}
  - set: {each: "price / qty"}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,status,qty,price\n1,new,2,5.00\n2,draft,1,1.00\n3,new,0,1.00\n4,new,4,1.00\n' | drop drop/p_20260101.csv
dry 3 p.yaml
counts loaded=4 captured=4 read=4 delivered=2 dead=1
is 'filtered' 1 "$(json .result.filtered)"
is 'by what' '2 drafts' "$(json '.result.samples[] | select(.what == "filtered") | "\(.key) \(.rule)"')"
is 'set aside by what, and why' '3 transform set each division_by_zero' \
    "$(json '.result.samples[] | select(.what == "set aside") | "\(.key) \(.stage) \(.rule) \(.reason)"')"
has 'what is computed' 'each=>2.5' "$(sample r)"
run 3 p.yaml
printf 'id,status,qty,price\n1,draft,2,5.00\n2,new,1,1.00\n3,new,1,1.00\n4,new,4,2.00\n' | drop drop/p_20260102.csv
before=$(traces)
db - run p.yaml --dry-run
is 'nothing is touched' "$before" "$(traces)"
has 'what leaves the target' 'delete   1  left by filter drafts' "$out"
has 'old -> new' 'price 1.00 -> 2.00' "$out"
dry 0 p.yaml
dry_counts=$(json '.result | {read, created, updated, deleted, filtered, copied, delivered, dead, closed}')
run 0 p.yaml
is 'a run then counts the same' "$dry_counts" "$(json '.result | {read, created, updated, deleted, filtered, copied, delivered, dead, closed}')"

fresh 'several tables'
cat >p.yaml <<'Y'
source:
  type: file
  path: "drop/p_%Y%m%d.tar"
  settle: 0s
  capture: {guards: {max_deletes: 20%}}
  tables: {a: {member: "a.csv", key: [id]}, b: {member: "b.csv", key: [id]}}
sink: {type: sqlite, path: out/p.db, table: "{table}"}
Y
pack() { tar -cf - a.csv b.csv | drop "$1"; }
{ echo id,v; seq -f '%.0f,x' 1 10; } | tee a.csv >b.csv
pack drop/p_20260101.tar
dry 0 p.yaml
is 'each by itself' 'a 10 b 10' "$(json '.result.tables[] | "\(.name) \(.loaded)"' | xargs)"
run 0 p.yaml
{ echo id,v; seq -f '%.0f,y' 1 5; } | tee a.csv >b.csv
pack drop/p_20260102.tar
dry 4 p.yaml
is 'the guards of all tables are told, not only the first' 'a max_deletes b max_deletes' "$(json '.result.guards[] | "\(.table) \(.guard)"' | xargs)"
is 'with samples of both' 'a b' "$(json '[.result.samples[].table] | unique | join(" ")')"

fresh 'guards that would trip'
pipeline 'max_deletes: 20%, max_updates: 50%'
{ echo id,qty,price,name; seq -f '%.0f,1,1.00,a' 1 20; } | drop drop/p_20260101.csv
run 0 p.yaml
{ echo id,qty,price,name; seq -f '%.0f,1,1.00,a' 1 12; } | drop drop/p_20260102.csv
dry 4 p.yaml
is 'held' 'held max_deletes null' "$(json '.result | "\(.rehearsed[0].outcome) \(.guards[0].guard) \(.held_inputs[0].id)"')"
is 'with figures' '8 20' "$(json '.result.guards[0].evidence | "\(.value) \(.of)"')"
is 'and what would go if it were let through' 8 "$(json '.result.rehearsed[0].tables[0].deleted')"
is 'a few of them' 5 "$(json '[.result.samples[] | select(.op == "d")] | length')"
counts read=0
db 0 status p.yaml --json
is 'nothing is held in earnest' 0 "$(json '.result[0].held_inputs | length')"
run 4 p.yaml
dry 4 p.yaml
is 'what is held already is told' I2 "$(json '.result.held_inputs[0].id')"

fresh 'an input that cannot be read'
pipeline
sed -i 's/%d.csv/%d.csv.gz/' p.yaml
{ echo id,qty,price,name; seq -f '%.0f,1,1.00,a' 1 2000; } | gzip -n | head -c 2000 >drop/p_20260101.csv.gz
dry 4 p.yaml
is 'held' held "$(json '.result.rehearsed[0].outcome')"
is 'says why' true "$(json '.result.rehearsed[0].reason | length > 10')"

fresh 'a target that would be refused'
pipeline
mkdir -p out/deep && sqlite3 out/deep/p.db 'CREATE TABLE p(id TEXT PRIMARY KEY, qty, price, name); INSERT INTO p VALUES (9, 1, 1, 1)'
printf 'id,qty,price,name\n1,1,1.00,a\n' | drop drop/p_20260101.csv
before=$(traces)
db 78 run p.yaml --dry-run
has 'rows that are not ours' 'has rows that Daybreak did not write' "$err"
is 'nothing is touched' "$before" "$(traces)"
cat >q.yaml <<'Y'
source: {type: file, path: "drop/p_%Y%m%d.csv", settle: 0s, capture: {key: [id]}}
sink: {type: jsonl, path: out/q.jsonl}
Y
echo mine >out/q.jsonl
before=$(traces)
db 78 run q.yaml --dry-run
has 'bytes that are not ours' 'that this pipeline did not write' "$err"
is 'nothing is touched' "$before" "$(traces)"
rm out/q.jsonl
dry 0 q.yaml
run 0 q.yaml
printf 'id,qty,price,name\n1,2,1.00,a\n' | drop drop/p_20260102.csv
dry 0 q.yaml
echo '{"foreign":1}' >out/q.jsonl
before=$(traces)
db 78 run q.yaml --dry-run
has 'a file that was replaced' 'q.jsonl' "$err"
is 'nothing is touched' "$before" "$(traces)"

fresh 'state of another pipeline'
pipeline
printf 'id,qty,price,name\n1,1,1.00,a\n' | drop drop/p_20260101.csv
run 0 p.yaml
mv .daybreak/p .daybreak/q
mv p.yaml q.yaml
before=$(traces)
db 78 run q.yaml --dry-run
has 'says whose' "belongs to pipeline 'p'" "$err"
is 'nothing is touched' "$before" "$(traces)"

fresh 'after: move moves nothing'
cat >p.yaml <<'Y'
source: {type: file, path: "drop/p_%Y%m%d.csv", settle: 0s, after: {move: done/}, capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
printf 'id,v\n1,a\n' | drop drop/p_20260101.csv
dry 0 p.yaml
run 0 p.yaml
printf 'id,v\n1,a\n' | drop drop/p_20260102.csv
dry 0 p.yaml
is 'the same content' repeated "$(json '.result.rehearsed[0].outcome')"

fresh 'while another run holds the lock'
pipeline
printf 'id,qty,price,name\n1,1,1.00,a\n' | drop drop/p_20260101.csv
run 0 p.yaml
printf 'id,qty,price,name\n1,2,1.00,a\n' | drop drop/p_20260102.csv
exec 9<>.daybreak/p/lock
if flock -n 9; then
    dry 0 p.yaml
    counts updated=1 captured=1 read=1 delivered=1
fi
exec 9>&-
sqlite3 .daybreak/p/ledger.db 'BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS t(x); ROLLBACK' # whoever looked in leaves files beside it
dry 0 p.yaml
counts updated=1 captured=1 read=1 delivered=1

for point in land.journalled load_sqlite.before-commit load_sqlite.committed sink.counted run.input-settled; do
    fresh "after a kill at $point"
    pipeline
    printf 'id,qty,price,name\n1,1,1.00,a\n2,1,1.00,b\n' | drop drop/p_20260101.csv
    run 0 p.yaml
    printf 'id,qty,price,name\n1,2,1.00,a\n2,1,1.00,b\n' | drop drop/p_20260102.csv
    printf 'id,qty,price,name\n1,2,1.00,a\n3,1,1.00,c\n' | drop drop/p_20260103.csv
    DAYBREAK_CRASH_AT=$point "$daybreak" run p.yaml >"$work/out" 2>&1
    before=$(find . -type f ! -name '*-shm' -exec stat -c '%n %i %s %y' {} + | sort) # the index of a WAL left open is no content
    run 0 p.yaml --dry-run
    is 'nothing is touched' "$before" "$(find . -type f ! -name '*-shm' -exec stat -c '%n %i %s %y' {} + | sort)"
    told=$(json '.result | "\(.inputs) \(.read) \(.created) \(.updated) \(.deleted)"')
    run 0 p.yaml
    is 'a run then does what was told' "$told" "$(json '.result | "\(.inputs) \(.read) \(.created) \(.updated) \(.deleted)"')"
done

fresh 'the whole memory is large'
cat >p.yaml <<'Y'
commit_max: 500
source: {type: file, path: "drop/p_%Y%m%d.csv", settle: 0s, capture: {key: [id], guards: {max_updates: 100%}}}
sink: {type: sqlite, path: out/p.db, table: p}
Y
{ echo id,v; seq -f '%.0f,a' 1 30000; } | drop drop/p_20260101.csv
dry 0 p.yaml
counts loaded=30000 captured=30000 read=30000 delivered=30000
run 0 p.yaml
{ echo id,v; seq -f '%.0f,b' 1 30000; } | drop drop/p_20260102.csv
dry 0 p.yaml
counts updated=30000 captured=30000 read=30000 delivered=30000

fresh 'resync --dry-run'
pipeline
printf 'id,qty,price,name\n1,1,1.00,a\n2,1,1.00,b\n' | drop drop/p_20260101.csv
run 0 p.yaml
sqlite3 out/deep/p.db "UPDATE p SET qty = 7 WHERE id = '2'"
dry 0 p.yaml --resync
is 'old is what stands there' '2:qty=7>1' "$(sample r | sed 's/,.*//')"
rm -rf .daybreak
dry 0 p.yaml --resync
is 'also without a state' 7 "$(sql out/deep/p.db "SELECT qty FROM p WHERE id = '2'")"

if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    fresh 'on a file system that is only to be read'
    pipeline
    printf 'id,qty,price,name\n1,1,1.00,a\n' | drop drop/p_20260101.csv
    readonly_dry() { unshare -m sh -c 'mount --bind . . && mount -o remount,ro,bind . && cd "$PWD" && exec "$@"' sh "$daybreak" run p.yaml --dry-run --json 2>&1; }
    out=$(readonly_dry)
    is 'before the first run' 'true 1' "$(json '"\(.ok) \(.result.loaded)"')"
    run 0 p.yaml
    printf 'id,qty,price,name\n1,2,1.00,a\n' | drop drop/p_20260102.csv
    out=$(readonly_dry)
    is 'and after it' 'true 1' "$(json '"\(.ok) \(.result.updated)"')"
else
    echo 'not tested: a read-only file system, which takes the right to mount'
fi

fresh '--limit'
pipeline
{ echo id,qty,price,name; seq -f '%.0f,1,1.00,a' 1 20; } | drop drop/p_20260101.csv
db 64 run p.yaml --limit 5
has 'says why not' 'reads a part of a dump' "$err"
has 'and what to do' 'daybreak run --dry-run --limit 5 p.yaml' "$err"
db 64 run p.yaml --limit 5 --follow
dry 0 p.yaml --limit 5
counts loaded=5 captured=5 read=5 delivered=5
run 0 p.yaml
{ echo id,qty,price,name; seq -f '%.0f,2,1.00,a' 1 20; } | drop drop/p_20260102.csv
dry 0 p.yaml --limit 5
counts updated=5 captured=5 read=5 delivered=5
dry 0 p.yaml --limit 500
counts updated=20 captured=20 read=20 delivered=20

fresh '--limit of a log: the next run goes on'
cat >log.yaml <<'Y'
source: {type: file, path: "drop/l*.csv", capture: {method: append}}
sink: {type: jsonl, path: out/log.jsonl}
Y
{ echo v; seq 1 10; } >drop/l1.csv
{ echo v; seq 101 110; } >drop/l2.csv
values() { jq -r .after.v out/log.jsonl | xargs; }
run 0 log.yaml --limit 4
counts created=4 captured=4 read=4 delivered=4
is 'the first four' '1 2 3 4' "$(values)"
dry 0 log.yaml --limit 3
counts created=3 captured=3 read=3 delivered=3
is 'in part' part "$(json '.result.rehearsed[0].outcome')"
run 0 log.yaml --limit 7
is 'across the end of a file' '1 2 3 4 5 6 7 8 9 10 101' "$(values)"
echo 11 >>drop/l1.csv
run 0 log.yaml
is 'and the rest' '1 2 3 4 5 6 7 8 9 10 101 11 102 103 104 105 106 107 108 109 110' "$(values)"
run 0 log.yaml
counts read=0 captured=0
db 0 ledger verify log.yaml
gzip -n drop/l1.csv
sed 's/l\*.csv/l*.csv.gz/; s/log.jsonl/gz.jsonl/' log.yaml >gz.yaml
for n in 1 2 3 4; do run 0 gz.yaml --limit 3; done
is 'a packed one, too' '1 2 3 4 5 6 7 8 9 10 11' "$(jq -r .after.v out/gz.jsonl | xargs)"
db 0 ledger verify gz.yaml

finish
