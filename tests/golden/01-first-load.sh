#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job at its plainest: two nights of a dump become a table that follows them, with all that Daybreak writes beside the rows.
. "$(dirname "$0")/lib.sh"

fresh 'first load'
cat >stock.yaml <<'Y'
source:
  type: file
  path: drop/stock_%Y%m%d.csv.gz
  settle: 0s
  fields: {qty: integer, price: "decimal(10,2)", at: timestamp}
  capture: {key: [id], guards: {max_deletes: 50%}}
context: {changed_at: at, reason: why, actor: by, related: {order: po}}
sink: {type: sqlite, path: out/stock.db, table: stock}
Y
drop drop/stock_20260301.csv.gz <<'C'
id,qty,price,at,why,by,po
A,1,19.90,2026-03-01T01:00:00Z,count,eve,P1
B,2,0.10,2026-03-01T02:00:00Z,,,
C,3,7,2026-03-01T03:00:00Z,recount,mal,
C
run 0 stock.yaml
counts loaded=3 captured=3 read=3 delivered=3 inputs=1 unchanged=0 batches=1
is 'first loads are no lag' '0 null' "$(json '.result.lag_ms | "\(.n) \(.p99)"')"
is 'rows' $'A|1|19.9|2026-03-01T01:00:00.000000Z|count|eve|P1
B|2|0.1|2026-03-01T02:00:00.000000Z|||
C|3|7|2026-03-01T03:00:00.000000Z|recount|mal|' "$(sqlite3 out/stock.db 'SELECT id, qty, price, at, why, by, po FROM stock ORDER BY id')"
is 'types of the columns' 'TEXT INTEGER NUMERIC TEXT TEXT TEXT TEXT BLOB TEXT INTEGER INTEGER TEXT TEXT' \
    "$(sql out/stock.db "SELECT group_concat(type, ' ') FROM pragma_table_info('stock')")"
is 'columns of the envelope' '_event_id _op _changed_at _batch _position _context' \
    "$(sql out/stock.db "SELECT group_concat(name, ' ') FROM pragma_table_info('stock') WHERE name LIKE '\_%' ESCAPE '\'")"
is 'envelope beside the rows' $'A r 1772326800000000 1 {"reason":"count","actor":"eve","related":{"order":"P1"}}
B r 1772330400000000 1 null
C r 1772334000000000 1 {"reason":"recount","actor":"mal"}' \
    "$(sql out/stock.db "SELECT id, _op, _changed_at, _batch, coalesce(_context, 'null') FROM stock ORDER BY id")"
is 'an event id is a BLOB of 16 bytes, and each its own' 'blob 16 3' \
    "$(sql out/stock.db 'SELECT typeof(_event_id), length(_event_id), count(DISTINCT _event_id) FROM stock')"
is 'every row has a position of its own' 3 "$(sql out/stock.db 'SELECT count(DISTINCT _position) FROM stock')"
is 'one checkpoint row, for the handoff load' '1 load 1 0' \
    "$(sql out/stock.db 'SELECT count(*), handoff, batch, released FROM _daybreak_checkpoint')"
is 'the checkpoint is that of the result' "$(json .result.checkpoint)" "$(sql out/stock.db 'SELECT position FROM _daybreak_checkpoint')"
is 'the batch' "1 stock load $(json .result.run) file 3 0 0 0 3 3 0 0 3 0 0 0 0 0 0 0 source_time" \
    "$(sql out/stock.db 'SELECT batch, pipeline, handoff, run, connector, changes, created, updated, deleted, loaded, read, unchanged,
        repeated, captured, absent, invalid, copied, filtered, held, waiting, dead, time_basis FROM _daybreak_batch' | tr -s '\n ')"
is 'the batch belongs to the checkpoint' 1 \
    "$(sql out/stock.db 'SELECT count(*) FROM _daybreak_batch NATURAL JOIN (SELECT pipeline_id, handoff, batch FROM _daybreak_checkpoint)')"
is 'instants of the batch are in order' 1 \
    "$(sql out/stock.db 'SELECT read_at <= ready_at AND ready_at <= loaded_at AND read_at > 1700000000000000 FROM _daybreak_batch')"
has 'the batch names its input' stock_20260301.csv.gz "$(sql out/stock.db 'SELECT source FROM _daybreak_batch')"
is 'columns of the batch table' "batch pipeline_id pipeline handoff run pipeline_version connector source input part first last changes\
 created updated deleted loaded read unchanged repeated captured absent invalid copied filtered held waiting dead read_at ready_at\
 loaded_at time_basis" "$(sql out/stock.db "SELECT group_concat(name, ' ') FROM pragma_table_info('_daybreak_batch')")"
is 'columns of the view begin with the key and then name the envelope' "id event_id op pipeline pipeline_version run batch source\
 changed_at visible_at read_at ready_at loaded_at time_basis reason actor related trace" \
    "$(sql out/stock.db "SELECT group_concat(name, ' ') FROM (SELECT * FROM pragma_table_info('stock_provenance') LIMIT 18)")"
is 'the view' 'A 1 r stock 2026-03-01T01:00:00.000000Z source_time count eve {"order":"P1"}' \
    "$(sql out/stock.db "SELECT id, event_id GLOB '$(printf '[0-9a-f]%.0s' {1..32})', op, pipeline, changed_at, time_basis, reason,
        actor, related FROM stock_provenance WHERE id = 'A'")"
is 'the view shows the id of the row' 3 \
    "$(sql out/stock.db 'SELECT count(*) FROM stock JOIN stock_provenance USING (id) WHERE event_id = lower(hex(_event_id))')"
is 'the source in the view' 'file' "$(sql out/stock.db "SELECT json_extract(source, '$.connector') FROM stock_provenance WHERE id = 'A'")"
is 'the target keeps a write-ahead log' wal "$(sql out/stock.db 'PRAGMA journal_mode')"
again stock.yaml out/stock.db

place='second night'
drop drop/stock_20260302.csv.gz now <<'C'
id,qty,price,at,why,by,po
D,4,1.00,2026-03-02T04:00:00Z,new,eve,P2
A,1,21.90,2026-03-02T05:00:00Z,price,eve,P1
C,3,7.00,2026-03-01T03:00:00Z,recount,mal,
C
before=$(sql out/stock.db "SELECT hex(_event_id) FROM stock WHERE id = 'C'")
run 0 stock.yaml
# 7 and 7.00 are different texts of one decimal: the row is compared by its values, as it is delivered.
counts created=1 updated=1 deleted=1 absent=1 captured=2 read=3 unchanged=1 delivered=3
is 'rows' $'A|1|21.9|u\nC|3|7|r\nD|4|1|c' "$(sqlite3 out/stock.db 'SELECT id, qty, price, _op FROM stock ORDER BY id')"
is 'an unchanged row keeps its event' "$before" "$(sql out/stock.db "SELECT hex(_event_id) FROM stock WHERE id = 'C'")"
is 'the batch of the second night' '2 3 1 1 1 0 3 1 2 1' \
    "$(sql out/stock.db 'SELECT batch, changes, created, updated, deleted, loaded, read, unchanged, captured, absent FROM _daybreak_batch
        WHERE batch = 2')"
is 'every change of the second night has its lag' 3 "$(json .result.lag_ms.n)"
again stock.yaml out/stock.db

place='everything is told as a table'
is 'tables and handoffs of the result' 'stock load' "$(json '.result | "\(.tables[0].name) \(.handoffs[0].name)"')"
db 0 ledger verify --json
is 'the ledger verifies' true "$(json .ok)"

place='same bytes, other machine'
mkdir -p other/drop other/out && cp drop/stock_20260301.csv.gz other/drop/ && cp stock.yaml other/
touch -d '3 hours ago' other/drop/*
db 0 run -q other/stock.yaml
is 'event ids of the same change are the same anywhere' "$before" "$(sql other/out/stock.db "SELECT hex(_event_id) FROM stock WHERE id = 'C'")"

fresh 'from cron'
printf 'id,v\n1,a\n' | drop drop/d.csv
cat >three.yaml <<'Y'
source: {type: file, path: drop/*.csv, capture: {key: [id]}}
sink: {type: sqlite, path: out/t.db}
Y
db 0 run three.yaml
is 'a good run says nothing' '' "$out$err"
is 'the table is named after the pipeline' '1 a' "$(sql out/t.db 'SELECT id, v FROM three')"
is 'state lies beside the file' yes "$([ -f .daybreak/three/ledger.db ] && echo yes)"
printf 'id,v\n1,b\n' | drop drop/d.csv '1 hour ago'
db 78 --state elsewhere/state run three.yaml
has 'a pipeline with another state is another pipeline, and the target is not its own' "is fed by pipeline 'three'" "$err"
is 'nothing was written' '1 a' "$(sql out/t.db 'SELECT id, v FROM three')"
finish
