#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Where a record went: filters that rows leave and come back through, deletes that go where the last version went, records that cannot be
# computed, and what a mirror holds of all that.
. "$(dirname "$0")/lib.sh"

drafts=$'  - filter: {name: drafts, keep: "status <> \'draft\'"}'
loose='guards: {max_deletes: 100%, min_rows: 0%, max_invalid: 100%}'
pipeline() { # pipeline SINK [CAPTURE] [TRANSFORMS] [MORE]
    cat >p.yaml <<Y
source:
  type: file
  path: drop/p_%Y%m%d.csv
  settle: 0s
  fields: {qty: integer}
  capture: {key: [id], $loose${2:+, $2}}
transforms:
${3:-$drafts}
sink: {$1}
${4:-}
Y
}

night() { # night NUMBER, rows as "id status qty"
    { echo id,status,qty; tr ' ' ','; } | drop "drop/p_2026010$1.csv" "$((200 - $1)) minutes ago"
}

went() { # went NAME=N…: counts of the run, those not named are 0 (read, unchanged and batches aside)
    local pair name seen=' ' wrong=''
    for pair in "$@"; do
        name=${pair%%=*}
        seen="$seen$name "
        [ "$(json ".result | .$name // .closed.$name")" = "${pair#*=}" ] || wrong="$wrong $name=$(json ".result | .$name // .closed.$name")"
    done
    for name in created updated deleted loaded absent invalid copied filtered delivered dead superseded withdrawn dropped healed; do
        case $seen in *" $name "*) ;; *)
            [ "$(json ".result | .$name // .closed.$name")" = 0 ] || wrong="$wrong $name=$(json ".result | .$name // .closed.$name")" ;;
        esac
    done
    is 'where the records of the night went' '' "$wrong"
}

rows() { sql out/p.db 'SELECT id, status, qty FROM p ORDER BY id'; }
of() { grep " $1" <<<"$2"; }

# ---- a mirror ---------------------------------------------------------------------------------

fresh 'a mirror holds what the filter keeps'
pipeline 'type: sqlite, path: out/p.db, table: p'
night 1 <<<$'a new 1\nb draft 2\nc new 3\nd draft 4'
run 0 p.yaml
went loaded=4 filtered=2 delivered=2
is 'rows' $'a new 1\nc new 3' "$(rows)"
night 2 <<<$'a draft 1\nb new 2\nc new 3\nd draft 5'
run 0 p.yaml
went updated=3 filtered=2 copied=1 delivered=2
is 'one left, one came' $'b new 2\nc new 3' "$(rows)"
is 'the row that left says why' 'd {"reason":"left by filter drafts"}' "$(sql out/p.db "SELECT _op, _context FROM _daybreak_history_p WHERE id = 'a'")"
is 'one that comes is an ordinary change' 'u' "$(sql out/p.db "SELECT _op FROM p WHERE id = 'b'")"
is 'the batch has the counts' '2 1 2' "$(sql out/p.db 'SELECT filtered, copied, changes FROM _daybreak_batch ORDER BY batch DESC LIMIT 1')"
again p.yaml out/p.db
night 3 <<<$'a new 7\nb new 2\nc new 3\nd draft 5'
run 0 p.yaml
went updated=1 delivered=1
is 'and came back' $'a new 7\nb new 2\nc new 3' "$(rows)"
night 4 <<<$'a new 7\nc draft 3'
run 0 p.yaml
went updated=1 deleted=2 absent=2 filtered=2 copied=1 delivered=2
is 'the delete of a row that was filtered goes nowhere' $'a new 7' "$(rows)"
is 'deletes that were delivered' $'b d \nc d {"reason":"left by filter drafts"}' \
    "$(sql out/p.db "SELECT id, _op, _context FROM _daybreak_history_p WHERE _batch = (SELECT max(batch) FROM _daybreak_batch) ORDER BY id")"
night 5 <<<$'a new 7'
run 0 p.yaml
went deleted=1 absent=1 filtered=1
is 'rows' $'a new 7' "$(rows)"
is 'a filter that is renamed is another one' 0 "$(sed -i 's/name: drafts/name: no drafts/' p.yaml; night 6 <<<$'a draft 8'; db 0 run p.yaml; echo "$status")"
is 'it says so' '{"reason":"left by filter no drafts"}' "$(sql out/p.db "SELECT _context FROM _daybreak_history_p WHERE id = 'a' ORDER BY rowid DESC LIMIT 1")"
is 'empty' '' "$(rows)"
db 0 ledger verify

fresh 'deletes: mark keeps the row that left'
pipeline 'type: sqlite, path: out/p.db, table: p, deletes: mark'
night 1 <<<$'a new 1\nb new 2'
run 0 p.yaml
night 2 <<<$'a draft 9\nb new 2'
run 0 p.yaml
went updated=1 filtered=1 copied=1 delivered=1
is 'as it was, marked' $'a new 1 d {"reason":"left by filter drafts"}\nb new 2 r ' "$(sql out/p.db 'SELECT id, status, qty, _op, _context FROM p ORDER BY id')"
night 3 <<<$'a new 9\nb new 2'
run 0 p.yaml
is 'no mark any more' 'a new 9 u' "$(sql out/p.db "SELECT id, status, qty, _op FROM p WHERE id = 'a'")"
db 0 ledger verify

fresh 'the old row goes with a row that leaves'
pipeline 'type: sqlite, path: out/p.db, table: p, history: all' 'before: true'
night 1 <<<$'a new 1'
run 0 p.yaml
night 2 <<<$'a draft 9'
run 0 p.yaml
is 'gone' '' "$(rows)"
is 'its last row is in the history' 1 "$(sql out/p.db "SELECT count(*) FROM _daybreak_history_p WHERE _row LIKE '%\"status\":\"new\"%'")"

fresh 'an upsert never deletes'
pipeline 'type: sqlite, path: out/p.db, table: p, write: upsert'
night 1 <<<$'a new 1\nb new 2'
run 0 p.yaml
night 2 <<<$'a draft 1\nb new 2'
run 0 p.yaml
went updated=1 filtered=1
is 'it stays' $'a new 1\nb new 2' "$(rows)"
night 3 <<<$'b new 2'
run 0 p.yaml
went deleted=1 absent=1 filtered=1
db 0 ledger verify

fresh 'a file gets nothing of what is filtered'
pipeline 'type: jsonl, path: out/p.jsonl'
night 1 <<<$'a new 1\nb draft 2'
run 0 p.yaml
went loaded=2 filtered=1 delivered=1
night 2 <<<$'a draft 1\nb draft 3'
run 0 p.yaml
went updated=2 filtered=2
night 3 <<<$'a new 5'
run 0 p.yaml
went updated=1 deleted=1 absent=1 filtered=1 delivered=1
is 'lines' $'r a\nu a' "$(jq -r '"\(.op) \(.key.id)"' out/p.jsonl)"
db 0 ledger verify

fresh 'two filters; the first that takes a record out is told'
pipeline 'type: sqlite, path: out/p.db, table: p' '' $'  - filter: {name: drafts, keep: "status <> \'draft\'"}\n  - filter: {name: small, keep: "qty >= 5"}'
night 1 <<<$'a draft 9\nb new 1\nc new 9\nd new 9'
run 0 p.yaml
went loaded=4 filtered=2 delivered=2
db 0 trace p.yaml a --json
is 'trace knows which filter, and when' 'filtered by drafts drop/p_20260101.csv 0' \
    "$(json '.result | "\(.timeline[] | select(.filter) | "\(.what) \(.input)") \(.unproven | length)"')"
night 2 <<<$'a draft 9\nb new 1\nc new 1\nd draft 1'
run 0 p.yaml
went updated=2 filtered=2 copied=2 delivered=2
is 'who took what' $'c {"reason":"left by filter small"}\nd {"reason":"left by filter drafts"}' "$(sql out/p.db 'SELECT id, _context FROM _daybreak_history_p ORDER BY id')"
is 'routes' $'1 ["load"] \n2 [] drafts\n3 [] small' "$(sql .daybreak/p/ledger.db 'SELECT * FROM route')"
db 0 trace p.yaml b --json
is 'the filter is known, the night no more' 'filtered by small true' "$(json '.result.timeline[] | select(.filter) | "\(.what) \(.not_before < .not_after)"')"
has 'and that is said' 'in which of the 2 batches with filtered rows' "$(json '.result.unproven[]')"
db 0 trace p.yaml c --json
is 'that left in the night that is known' 'filtered by small drop/p_20260102.csv' "$(json '.result.timeline[] | select(.filter) | "\(.what) \(.input)"')"
db 0 status p.yaml
has 'status counts them' '4 filtered' "$out"
db 0 trace p.yaml a
has 'for people' 'filtered by drafts' "$out"

# ---- records that cannot be computed ----------------------------------------------------------

per=$'  - filter: {name: drafts, keep: "status <> \'draft\'"}\n  - set: {each: "100 / qty"}'

fresh 'a record on which an expression fails is set aside'
pipeline 'type: sqlite, path: out/p.db, table: p' '' "$per"
night 1 <<<$'a new 1\nb new 0\nc new 4'
run 3 p.yaml
went loaded=3 delivered=2 dead=1
is 'rows' $'a new 1 100.000000\nc new 4 25.000000' "$(sql out/p.db "SELECT id, status, qty, printf('%.6f', each) FROM p ORDER BY id")"
db 0 dead --json
is 'its letter' 'D1 null transform set each division_by_zero b drop/p_20260101.csv 3 each {"qty":0}' \
    "$(json '.result.dead[] | "\(.id) \(.handoff) \(.stage) \(.rule) \(.reason) \(.key) \(.input) \(.line) \(.field) \(.value)"')"
is 'all fields' 'at byte detail field handoff id input key line loops member pipeline reason record rule stage state table value' "$(json '.result.dead[0] | keys_unsorted | sort | join(" ")')"
db 0 dead show D1
has 'where' 'in        set each' "$out"
has 'the values it read' 'values    qty = 0' "$out"
has 'the expression and why' 'detail    100 / qty: cannot divide 100 by zero' "$out"
again p.yaml out/p.db
night 2 <<<$'a new 0\nb new 0\nc new 4'
run 3 p.yaml
went updated=1 dead=1
is 'the last good version stays, the same row is no news' $'a new 1\nc new 4' "$(rows)"
night 3 <<<$'a new 0\nb new 5\nc new 4'
run 0 p.yaml
went updated=1 delivered=1 dead=-1 superseded=1
night 4 <<<$'b new 5\nc new 0\nd new 0'
run 3 p.yaml
went created=1 updated=1 deleted=1 absent=1 delivered=1 dead=1 superseded=1
is 'the delete goes where the last good version went' $'b new 5\nc new 4' "$(rows)"
night 5 <<<$'b new 5\nc draft 0'
run 0 p.yaml
went updated=1 deleted=1 absent=1 filtered=1 copied=1 delivered=1 dead=-2 superseded=1 withdrawn=2
is 'what never arrived is withdrawn, what leaves goes' 'b new 5' "$(rows)"
db 0 dead --json
is 'nothing is left' 0 "$(json '.result.dead | length')"
db 0 ledger verify

fresh 'a letter goes the road again with the file of today'
pipeline 'type: sqlite, path: out/p.db, table: p' '' "$per"
night 1 <<<$'a new 0\nb new 0\nc new 4'
run 3 p.yaml
db 1 dead retry D1
has 'still the same' 'D1 stays dead: 100 / qty: cannot divide 100 by zero' "$err$out"
db 0 dead --json
is 'told once more' '1 transform set each division_by_zero each' "$(json '.result.dead[0] | "\(.loops) \(.stage) \(.rule) \(.reason) \(.field)"')"
sed -i 's|100 / qty|100 / nullif(qty, 0)|' p.yaml
db 0 dead retry D1
is 'it is there' $'a new 0 \nc new 4 25' "$(sql out/p.db "SELECT id, status, qty, each FROM p ORDER BY id")"
is 'counted' '0 1 1 -1' "$(sql .daybreak/p/ledger.db "SELECT captured, delivered, -dead, dead FROM batch ORDER BY id DESC LIMIT 1" | sed 's/^0 1 1 -1$/0 1 1 -1/')"
sed -i 's|keep: .*"}|keep: "qty > 0"}|' p.yaml
db 0 dead retry D2
is 'a filter of today takes it out' 'filtered' "$(sql .daybreak/p/ledger.db "SELECT state FROM dead WHERE id = 2")"
is 'rows' $'a new 0\nc new 4' "$(rows)"
db 0 ledger verify
night 2 <<<$'a new 0\nb new 0\nc new 4'
run 0 p.yaml
went
night 3 <<<$'c new 4'
run 0 p.yaml
went deleted=2 absent=2 filtered=1 delivered=1
is 'each delete went where its row was' 'c new 4' "$(rows)"
db 0 ledger verify

fresh 'retry of a newer version of a row that stands'
pipeline 'type: sqlite, path: out/p.db, table: p' '' "$per"
night 1 <<<$'a new 5\nb new 5'
run 0 p.yaml
night 2 <<<$'a new 0\nb new 0'
run 3 p.yaml
sed -i 's|keep: .*"}|keep: "qty > 0"}|' p.yaml
db 0 dead retry D1
is 'it leaves with its row' 'b new 5' "$(rows)"
is 'counted' '1 1 1 -1' "$(sql .daybreak/p/ledger.db "SELECT filtered, copied, delivered, dead FROM batch ORDER BY id DESC LIMIT 1")"
db 0 ledger verify
sed -i 's|100 / qty|100 / nullif(qty, 0)|; s|keep: .*"}|keep: "qty >= 0"}|' p.yaml
db 0 dead retry D2
is 'the other arrives' 'b new 0' "$(rows)"
db 0 ledger verify

fresh 'a target that does not let a row go'
keeping() { # keeping: a table that refuses deletes, into which two nights came; in the second one a left
    rm -rf out/* .daybreak drop/*
    sql out/p.db "CREATE TABLE p (id TEXT PRIMARY KEY, status TEXT, qty INTEGER);
        CREATE TRIGGER stay BEFORE DELETE ON p BEGIN SELECT raise(ABORT, 'still needed'); END"
    pipeline 'type: sqlite, path: out/p.db, table: p, existing: adopt'
    night 1 <<<$'a new 1\nb new 2'
    run 0 p.yaml
    night 2 <<<$'a draft 1\nb new 2'
    run 3 p.yaml
    went updated=1 filtered=1 copied=1 dead=1
    is 'it stands' $'a new 1\nb new 2' "$(rows)"
}
keeping
db 0 dead --json
is 'its letter' 'sink load a still needed' "$(json '.result.dead[] | "\(.stage) \(.handoff) \(.key) \(.detail)"')"
db 1 dead retry D1
sql out/p.db 'DROP TRIGGER stay'
db 0 dead retry D1
is 'gone' 'b new 2' "$(rows)"
is 'what was filtered is not filtered twice' '1 1' "$(sql .daybreak/p/ledger.db 'SELECT sum(filtered), sum(copied) FROM batch')"
db 0 ledger verify
night 3 <<<$'b new 2'
run 0 p.yaml
went deleted=1 absent=1 filtered=1
db 0 ledger verify
keeping
sql out/p.db 'DROP TRIGGER stay'
night 3 <<<$'b new 2'
run 0 p.yaml
went deleted=1 absent=1 delivered=1 dead=-1 superseded=1
is 'its delete still finds it' 'b new 2' "$(rows)"
db 0 ledger verify
keeping
night 3 <<<$'a new 7\nb new 2'
run 0 p.yaml
went updated=1 delivered=1 dead=-1 superseded=1
is 'it came back before it went' $'a new 7\nb new 2' "$(rows)"
db 0 ledger verify
keeping
sed -i 's|keep: .*"}|keep: "qty >= 0"}|' p.yaml
db 0 dead retry D1
is 'the filter of today lets it stay' $'a draft 1\nb new 2' "$(rows)"
db 0 ledger verify

fresh 'a key that is made of the key'
pipeline 'type: sqlite, path: out/p.db, table: p' '' $'  - filter: {name: drafts, keep: "status <> \'draft\'"}\n  - set: {id: "\'k-\' || id", status: "upper(status)"}'
night 1 <<<$'a new 1\nb new 2\nc draft 3\nd new 0'
run 0 p.yaml
night 2 <<<$'a draft 1\nc new 3\nd new 4'
run 0 p.yaml
went updated=3 deleted=1 absent=1 filtered=1 copied=1 delivered=4
is 'rows' $'k-c NEW 3\nk-d NEW 4' "$(rows)"
is 'the deletes have its key and nothing else' $'k-a {"reason":"left by filter drafts"}\nk-b ' "$(sql out/p.db 'SELECT id, _context FROM _daybreak_history_p ORDER BY id')"
db 0 ledger verify

fresh 'several tables, each with filters of its own'
cat >p.yaml <<'Y'
source:
  type: file
  path: drop/all_%Y%m%d.tar.gz
  fields: {qty: integer}
  capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%}}
  tables:
    left: {member: "left.csv", transforms: [filter: {name: drafts, keep: "status <> 'draft'"}]}
    right: {member: "right.csv", transforms: [filter: {name: small, keep: "qty > 1"}]}
sink: {type: sqlite, path: out/p.db, table: "{table}"}
Y
pair() { # pair NUMBER
    mkdir -p all && printf 'id,status,qty\n%s' "$2" >all/left.csv && printf 'id,status,qty\n%s' "$3" >all/right.csv
    tar -C all -czf .arriving left.csv right.csv && touch -d "$((200 - $1)) minutes ago" .arriving && mv .arriving "drop/all_2026010$1.tar.gz"
}
pair 1 $'a,new,1\nb,draft,1\n' $'a,new,1\nb,draft,2\n'
run 0 p.yaml
is 'by table' $'left 1 1\nright 1 1' "$(json '.result.tables[] | "\(.name) \(.filtered) \(.delivered)"')"
pair 2 $'a,draft,1\nb,new,1\n' $'a,new,2\nb,draft,1\n'
run 0 p.yaml
is 'by table' $'left 1 1 2\nright 1 1 2' "$(json '.result.tables[] | "\(.name) \(.filtered) \(.copied) \(.delivered)"')"
is 'rows' $'b\na' "$(sql out/p.db 'SELECT id FROM left; SELECT id FROM right')"
db 0 ledger verify

# ---- how records come ---------------------------------------------------------------------------

fresh 'a first load that lands in parts, keys that come twice in it'
pipeline 'type: sqlite, path: out/p.db, table: p' '' "$per" 'commit_max: 10'
filler=$(printf '%01000d' 0)
{
    echo id,status,qty,note
    echo "a,draft,1,$filler"
    echo "b,new,0,$filler"
    echo "c,new,1,$filler"
    seq -f "%.0f,new,1,$filler" 1 3000
    echo "a,draft,2,$filler"
    echo "b,new,2,$filler"
    echo "c,new,2,$filler"
} | drop drop/p_20260101.csv
run 3 p.yaml
is 'batches' true "$(json '.result.batches > 2')"
went loaded=3000 invalid=6 dead=6 delivered=3000
is 'none of the three is there' 3000 "$(sql out/p.db 'SELECT count(*) FROM p')"
db 0 ledger verify

fresh 'first: skip remembers where its rows would have gone'
pipeline 'type: jsonl, path: out/p.jsonl' 'first: skip'
night 1 <<<$'a new 1\nb draft 2\nc draft 3'
run 0 p.yaml
went
is 'unchanged' 3 "$(json .result.unchanged)"
night 2 <<<$'c new 3'
run 0 p.yaml
went updated=1 deleted=2 absent=2 filtered=1 delivered=2
is 'lines' $'u c\nd a' "$(jq -r '"\(.op) \(.key.id)"' out/p.jsonl)"
db 0 ledger verify

fresh 'an append remembers nothing of filters, but for keys that must not come again'
cat >p.yaml <<Y
source: {type: file, path: drop/p.csv, settle: 0s, fields: {qty: integer}, capture: {method: append, key: [id], again: dead_letter}}
transforms: [filter: {name: drafts, keep: "status <> 'draft'"}, set: {each: 100 / qty}]
sink: {type: jsonl, path: out/p.jsonl}
Y
printf 'id,status,qty\na,draft,1\nb,new,1\nc,new,0\n' | drop drop/p.csv
run 3 p.yaml
went created=3 filtered=1 delivered=1 dead=1
{ printf 'id,status,qty\na,draft,1\nb,new,1\nc,new,0\na,new,1\nb,new,2\n'; } | drop drop/p.csv '1 hour ago'
run 3 p.yaml
went created=2 delivered=1 dead=1
is 'the first that goes is the one' $'b\na' "$(jq -r .key.id out/p.jsonl)"
is 'one came again, one could not be computed' $'source again b\ntransform division_by_zero c' "$(sql .daybreak/p/ledger.db "SELECT stage, reason, key FROM dead ORDER BY key")"
db 0 ledger verify

fresh 'after a changed filter, resync'
pipeline 'type: sqlite, path: out/p.db, table: p'
night 1 <<<$'a new 1\nb draft 2\nc new 3\nd old 4'
run 0 p.yaml
sed -i "s|keep: .*\"}|keep: \"status <> 'old'\"}|" p.yaml
again p.yaml out/p.db
is 'the rows stand as the old filter left them' $'a new 1\nc new 3\nd old 4' "$(rows)"
run 0 p.yaml --resync --dry-run
is 'told' '1 1 2' "$(json '.result | "\(.filtered) \(.copied) \(.delivered)"')"
is 'untouched' $'a new 1\nc new 3\nd old 4' "$(rows)"
run 0 p.yaml --resync
went loaded=2 filtered=1 copied=1 delivered=2
is 'as the new filter says' $'a new 1\nb draft 2\nc new 3' "$(rows)"
run 0 p.yaml --resync
went loaded=1 filtered=1
night 2 <<<$'a new 1\nb draft 2\nc new 3'
run 0 p.yaml
went deleted=1 absent=1 filtered=1
db 0 ledger verify

fresh 'an adopted table loses what the filter excludes'
sql out/p.db "CREATE TABLE p (id TEXT PRIMARY KEY, status TEXT, qty INTEGER); INSERT INTO p VALUES ('a', 'new', 1), ('b', 'draft', 2), ('z', 'new', 9)"
pipeline 'type: sqlite, path: out/p.db, table: p, existing: adopt'
night 1 <<<$'a new 1\nb draft 2\nc new 3'
run 0 p.yaml
is 'rows' $'a new 1\nc new 3' "$(rows)"
is 'one left' 1 "$(json .result.copied)"
db 0 ledger verify

# ---- what is promised ---------------------------------------------------------------------------

fresh 'lint'
pipeline 'type: sqlite, path: out/p.db, table: p'
db 0 lint p.yaml
lacks 'a diff remembers' 'may leave stale rows' "$out"
sed -i 's/capture: {key: \[id\].*/capture: {method: append, key: [id]}/' p.yaml
sed -i 's/table: p/table: p, write: upsert/' p.yaml
db 0 lint p.yaml
has 'an append does not' 'may leave stale rows' "$out"
echo 'strict: true' >>p.yaml
db 78 lint p.yaml
has 'strict refuses' 'may leave stale rows' "$out$err"
finish
