#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# JSON lines as target: one object a change with the whole envelope, numbers as they were written; and JSON lines as source.
. "$(dirname "$0")/lib.sh"

pipeline() { # pipeline SINK-OPTIONS
    cat >p.yaml <<Y
source:
  type: file
  path: drop/o_%Y%m%d.csv
  settle: 0s
  fields: {qty: integer, price: "decimal(12,4)", ok: boolean, at: timestamp, day: date, w: real}
  capture: {key: [id, no], before: true, guards: {max_deletes: 50%}}
context: {changed_at: at, reason: why, actor: by, related: {ticket: tick}}
sink: {type: jsonl, $1}
Y
}

one() { # two nights
    drop drop/o_20260301.csv <<'C'
id,no,qty,price,ok,at,day,w,why,by,tick,t
A,1,2,19.9000,true,2026-03-01T01:00:00+01:00,2026-02-28,1.5,"a ""quote""",eve,T1,
B,1,,0.10,no,2026-03-01T01:00:00Z,,,,,,"zwei
Zeilen"
C,1,9007199254740993,12345678.9012,0,2026-03-01 01:00:00.123456,2026-02-28,1e3,x,mal,,ü
C
}

two() {
    drop drop/o_20260302.csv now <<'C'
id,no,qty,price,ok,at,day,w,why,by,tick,t
A,1,3,19.9,true,2026-03-02T01:00:00Z,2026-02-28,1.5,more,eve,T1,
C,1,9007199254740993,12345678.9012,0,2026-03-01 01:00:00.123456,2026-02-28,1e3,x,mal,,ü
D,2,1,1,1,2026-03-02T02:00:00Z,2026-03-02,0,new,eve,,
C
}

fresh 'the envelope'
pipeline 'path: out/p.jsonl'
one
run 0 p.yaml
counts loaded=3 delivered=3 captured=3
is 'lines' 3 "$(wc -l <out/p.jsonl)"
is 'names and their order' 'event_id op pipeline pipeline_version run batch source key changed_at visible_at read_at ready_at loaded_at time_basis reason actor related trace before after' \
    "$(head -n 1 out/p.jsonl | jq -r '(["event_id","op","pipeline","pipeline_version","run","batch","source","key","changed_at","visible_at","read_at","ready_at","loaded_at","time_basis","reason","actor","related","trace","before","after"] - keys_unsorted) as $missing | if $missing == [] and (keys_unsorted | length) == 20 then "event_id op pipeline pipeline_version run batch source key changed_at visible_at read_at ready_at loaded_at time_basis reason actor related trace before after" else {missing: $missing, keys: keys_unsorted} end')"
first=$(head -n 1 out/p.jsonl)
is 'op, pipeline, basis, reason, actor, related' 'r p source_time a "quote" eve {"ticket":"T1"}' \
    "$(jq -r '"\(.op) \(.pipeline) \(.time_basis) \(.reason) \(.actor) \(.related | tojson)"' <<<"$first")"
is 'the event id is 32 hex digits' true "$(jq '.event_id | test("^[0-9a-f]{32}$")' <<<"$first")"
is 'all instants are RFC 3339 in UTC with microseconds' true \
    "$(jq -s 'map([.changed_at, .visible_at, .read_at, .ready_at, .loaded_at][] | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$")) | all' out/p.jsonl)"
is 'the zone of changed_at counts' 2026-03-01T00:00:00.000000Z "$(jq -r .changed_at <<<"$first")"
is 'source' 'file drop/o_20260301.csv' "$(jq -r '.source | "\(.connector) \(.name)"' <<<"$first")"
is 'members of source' 'connector name object position' "$(jq -r '.source | keys | join(" ")' <<<"$first")"
is 'the key' '{"id":"A","no":"1"}' "$(jq -c .key <<<"$first")"
is 'before of a load' null "$(jq -c .before <<<"$first")"
has 'numbers keep their value and are numbers' '"qty":2,' "$first"
has 'decimals are exact' '19.9' "$first"
has 'big integers and decimals lose nothing' '9007199254740993' "$(sed -n 3p out/p.jsonl)"
has 'wide decimals' '12345678.9012' "$(sed -n 3p out/p.jsonl)"
is 'typed values' '[null,false,null,"zwei\nZeilen"]' "$(sed -n 2p out/p.jsonl | jq -c '.after | [.qty, .ok, .w, .t]')"
is 'an empty text stays empty' '""' "$(jq -c .after.t <<<"$first")"
is 'date and time' '"2026-02-28" "2026-03-01T01:00:00.123456Z"' "$(sed -n 3p out/p.jsonl | jq -r '.after | "\(.day | tojson) \(.at | tojson)"')"
again p.yaml out/p.jsonl

place='second night'
two
run 0 p.yaml
counts created=1 updated=1 deleted=1 absent=1 captured=2 delivered=3 unchanged=1
is 'only the changes are added' 6 "$(wc -l <out/p.jsonl)"
tail -n 3 out/p.jsonl >new
is 'ops' 'c d u' "$(jq -r .op new | sort | xargs)"
is 'an update has both' '2 3' "$(jq -r 'select(.op == "u") | "\(.before.qty) \(.after.qty)"' new)"
is 'a delete has what was, and nothing after' '{"id":"B","no":"1"} null' "$(jq -c 'select(.op == "d") | .key, .after' new | xargs -0 | tr '\n' ' ' | sed 's/ *$//')"
is 'a delete has the old row' $'zwei\nZeilen' "$(jq -r 'select(.op == "d").before.t' new)"
is 'a create has nothing before' null "$(jq -c 'select(.op == "c").before' new)"
is 'event ids differ' 6 "$(jq -r .event_id out/p.jsonl | sort -u | wc -l)"
again p.yaml out/p.jsonl
db 0 ledger verify

fresh 'envelope: none'
pipeline 'path: out/p.jsonl, envelope: none'
one
run 0 p.yaml
is 'the row alone' '["A","1",2]' "$(head -n 1 out/p.jsonl | jq -c '[.id, .no, .qty]')"
is 'its members are the columns' 'id no qty price ok at day w why by tick t' "$(head -n 1 out/p.jsonl | jq -r 'keys_unsorted | join(" ")')"

fresh 'envelope: debezium'
pipeline 'path: out/p.jsonl, envelope: debezium'
one
run 0 p.yaml
two
run 0 p.yaml
is 'members' 'before after op ts_ms source' "$(jq -r 'keys_unsorted | join(" ")' out/p.jsonl | sort -u)"
is 'ops' 'c d r r r u' "$(jq -r .op out/p.jsonl | sort | xargs)"
is 'an update has both' '2 3' "$(jq -r 'select(.op == "u") | "\(.before.qty) \(.after.qty)"' out/p.jsonl)"
is 'a delete has the old row' 'B null' "$(jq -r 'select(.op == "d") | "\(.before.id) \(.after)"' out/p.jsonl)"
is 'the source' 'daybreak p p true 1772323200000' \
    "$(head -n 1 out/p.jsonl | jq -r '.source | "\(.connector) \(.name) \(.table) \(.snapshot) \(.ts_ms)"')"
is 'event ids' 6 "$(jq -r .source.event_id out/p.jsonl | sort -u | wc -l)"
again p.yaml out/p.jsonl

fresh 'envelope: debezium without old rows'
pipeline 'path: out/p.jsonl, envelope: debezium'
sed -i 's/before: true, //' p.yaml
one
run 0 p.yaml
two
run 0 p.yaml
is 'a delete has its key' '{"id":"B","no":"1"}' "$(jq -c 'select(.op == "d").before' out/p.jsonl)"

fresh 'envelope: cloudevents'
pipeline 'path: out/p.jsonl, envelope: cloudevents'
one
run 0 p.yaml
two
run 0 p.yaml
is 'required attributes' true "$(jq -s 'map(.specversion == "1.0" and .source == "/daybreak/p" and .datacontenttype == "application/json" and (.id | length) == 32) | all' out/p.jsonl)"
is 'types' 'created deleted loaded loaded loaded updated' "$(jq -r '.type | sub("daybreak[.]"; "")' out/p.jsonl | sort | xargs)"
is 'the data is the change' 'true 2026-03-01T00:00:00.000000Z A' \
    "$(head -n 1 out/p.jsonl | jq -r '"\(.id == .data.event_id) \(.time) \(.data.after.id)"')"
again p.yaml out/p.jsonl

fresh 'one file a run'
pipeline 'path: "out/p_{run}.jsonl", done: ".done"'
one
run 0 p.yaml
is 'a file and its marker' 'done jsonl' "$(ls out | sed 's/.*[.]//' | sort | xargs)"
is 'named after the run' "$(json .result.run)" "$(basename out/*.jsonl .jsonl | sed 's/^p_//')"
is 'lines' 3 "$(cat out/*.jsonl | wc -l)"
run 0 p.yaml
is 'a run without a change makes no file of changes' 3 "$(cat out/*.jsonl | wc -l)"
two
run 0 p.yaml
is 'lines of both' 6 "$(cat out/*.jsonl | wc -l)"
is 'nothing is left beside them' '' "$(find out -type f ! -name '*.jsonl' ! -name '*.done')"

fresh 'what somebody else added is not cut'
pipeline 'path: out/p.jsonl'
one
run 0 p.yaml
echo '{"mine":1}' >>out/p.jsonl
two
db 78 run p.yaml
is 'it stands' '{"mine":1}' "$(tail -n 1 out/p.jsonl)"

fresh 'JSON lines as source'
cat >j.yaml <<'Y'
source: {type: file, path: drop/*.jsonl.gz, settle: 0s, fields: {n: "decimal(20,6)", flag: boolean}, capture: {key: [id], before: true}}
sink: {type: jsonl, path: out/j.jsonl}
Y
drop drop/a.jsonl.gz <<'J'
{"id":"1","n":12345678901234.100000,"list":[1, 2.50,{"a":"b"}],"flag":true,"text":"é\u00e9\n"}
{"id":"2","list":[],"flag":false,"nested":{"b": 1, "a":1.0}}
{"id":"3","n":null}
J
run 0 j.yaml
counts loaded=3 delivered=3
is 'arrays and objects in text columns are compact JSON, order and number text kept' '[1,2.50,{"a":"b"}]|{"b":1,"a":1.0}' \
    "$(jq -r 'select(.key.id == "1").after.list' out/j.jsonl)|$(jq -r 'select(.key.id == "2").after.nested' out/j.jsonl)"
has 'numbers are exact' 12345678901234.1 "$(head -n 1 out/j.jsonl)"
is 'a missing member is null' '[null,null,null]' "$(jq -c 'select(.key.id == "3").after | [.n, .list, .flag]' out/j.jsonl)"
again j.yaml out/j.jsonl
drop drop/b.jsonl.gz <<'J'
{"flag":true,"id":"1","n":12345678901234.1,"list":[1,2.50,{"a":"b"}],"text":"éé\n"}
{"id":"2","list":[],"flag":false,"nested":{"b":1,"a":1.0}}
{"id":"3","n":0}
J
run 0 j.yaml
is 'other order and spacing are no change' 'unchanged 2 updated 1' "$(json '.result | "unchanged \(.unchanged) updated \(.updated)"')"
drop drop/c.jsonl.gz <<'J'
{"id":"1","n":12345678901234.1,"list":[1,2.50,{"a":"b"}],"flag":true,"text":"éé\n"}
{"id":"2",
{"id":"3","n":0}
J
run - j.yaml
is 'a line that is no JSON is set aside' 'invalid 1' "$(json '.result | "invalid \(.invalid)"')"
finish
