#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Several tables in one archive become several targets, in one commit; nothing is unpacked to disk.
. "$(dirname "$0")/lib.sh"

[ -f "$fixtures/ourairports/snapshots/ourairports_20250225.tar.gz" ] || skip 'fixtures/ourairports is missing'

night() { # night DAY: the archive of that day arrives
    cat "$fixtures/ourairports/snapshots/ourairports_202502$1.tar.gz" >.arriving
    touch -d '2 hours ago' .arriving
    mv .arriving "drop/ourairports_202502$1.tar.gz"
}

fresh 'real archives'
cat >air.yaml <<'Y'
source:
  type: file
  path: drop/ourairports_%Y%m%d.tar.gz
  capture: {key: [id]}
  tables:
    frequencies: {member: "*/airport-frequencies.csv", fields: {id: integer, frequency_mhz: real}}
    navaids: {member: "*/navaids.csv", fields: {id: integer}}
    regions: {member: "*/regions.csv", key: [code]}
    countries: {member: "*/countries.csv"}
sink: {type: sqlite, path: out/air.db, table: "air_{table}"}
Y
night 25
run 0 air.yaml
expected=$(jq -c '[.tables | to_entries[] | {(.key): .value.rows["2025-02-25"]}] | add' "$fixtures/ourairports/expected.json")
is 'tables are told in the order of the file' 'frequencies navaids regions countries' "$(json '[.result.tables[].name] | join(" ")')"
is 'rows of each table' "$(jq -r '"\(.["airport-frequencies"]) \(.navaids) \(.regions) \(.countries)"' <<<"$expected")" \
    "$(json '[.result.tables[].read | tostring] | join(" ")')"
is 'rows of each target' "$(jq -r '"\(.["airport-frequencies"]) \(.navaids) \(.regions) \(.countries)"' <<<"$expected")" \
    "$(sql out/air.db 'SELECT (SELECT count(*) FROM air_frequencies), (SELECT count(*) FROM air_navaids), (SELECT count(*) FROM air_regions), (SELECT count(*) FROM air_countries)')"
is 'one checkpoint' 1 "$(sql out/air.db 'SELECT count(*) FROM _daybreak_checkpoint')"
is 'keys' 'id id code id' "$(for t in frequencies navaids regions countries; do
    sql out/air.db "SELECT name FROM pragma_table_info('air_$t') WHERE pk"; done | xargs)"
again air.yaml out/air.db
night 26
run 0 air.yaml
# By the key code, what is an update by id may be more: so only the other three are compared with the published counts.
is 'changes of the night' 'frequencies 2 594 1 29502;navaids 0 148 0 10865;countries 0 0 0 248' \
    "$(json '[.result.tables[] | select(.name != "regions") | "\(.name) \(.created) \(.updated) \(.deleted) \(.unchanged)"] | join(";")')"
is 'every table has its view' 594 "$(sql out/air.db "SELECT count(*) FROM air_frequencies_provenance WHERE op = 'u'")"
has 'the member is part of the story' airport-frequencies.csv "$(sql out/air.db "SELECT source FROM air_frequencies_provenance WHERE op = 'u' LIMIT 1")"
is 'sum of the tables' "$(json .result.read)" "$(json '[.result.tables[].read] | add')"
again air.yaml out/air.db
db 0 ledger verify --json
is 'the ledger verifies' true "$(json .ok)"
is 'nothing is unpacked' '' "$(find . -name '*.csv')"

fresh 'a table is missing'
mkdir -p pack/d && printf 'id,v\n1,a\n' >pack/d/one.csv && printf 'id,w\n7,x\n' >pack/d/two.csv
cat >two.yaml <<'Y'
source:
  type: file
  path: drop/*.tar.gz
  capture: {key: [id]}
  tables:
    one: {member: "*one.csv"}
    two: {member: "*two.csv", fields: {id: integer}}
sink: {type: sqlite, path: out/t.db, table: "{table}"}
Y
tar -C pack -cf - ./d/one.csv ./d/two.csv | drop drop/a.tar.gz
run 0 two.yaml
counts loaded=2 delivered=2 captured=2
tar -C pack -cf - d/one.csv | drop drop/b.tar.gz
run 4 two.yaml
counts delivered=0
has 'the missing table is named' "two" "$(json '.result.held_inputs[0].reason')"
is 'the input is named' drop/b.tar.gz "$(json '.result.held_inputs[0].input')"
is 'nothing of it landed' '1 a|7 x' "$(sql out/t.db 'SELECT id, v FROM one')|$(sql out/t.db 'SELECT id, w FROM two')"
printf 'id,v\n1,b\n' >pack/d/one.csv
tar -C pack -cf - d/one.csv d/two.csv | drop drop/c.tar.gz
run 0 two.yaml
counts updated=1 delivered=1 captured=1
db 0 held --json
is 'the next whole one closes the held one' 0 "$(json '.result.held | length')"

fresh 'a link inside holds the input'
mkdir -p pack && printf 'id,v\n1,a\n' >pack/one.csv && ln -s /etc/passwd pack/two.csv
cat >two.yaml <<'Y'
source:
  type: file
  path: drop/*.tar.gz
  capture: {key: [id]}
  tables: {one: {member: "*one.csv"}, two: {member: "*two.csv"}}
sink: {type: sqlite, path: out/t.db, table: "{table}"}
Y
tar -C pack -cf - one.csv two.csv | drop drop/a.tar.gz
run 4 two.yaml
has 'the link is named' two.csv "$(json '.result.held_inputs[0].reason')"

fresh 'zip, zst, bz2, xz'
mkdir pack && printf 'id,v\n1,a\n2,b\n' >pack/t.csv
(cd pack && zip -q ../drop/a.zip t.csv) && touch -d '5 hours ago' drop/a.zip
cat >p.yaml <<'Y'
source: {type: file, path: "drop/*", capture: {key: [id]}, member: "*.csv"}
sink: {type: sqlite, path: out/t.db}
Y
run 0 p.yaml
counts loaded=2 delivered=2
printf 'id,v\n1,a\n2,c\n' >pack/t.csv
tar -C pack -cf - t.csv | drop drop/b.tar.zst
run 0 p.yaml
counts updated=1 delivered=1
printf 'id,v\n1,d\n2,c\n' >pack/t.csv
tar -C pack -cf - t.csv | drop drop/c.tar.xz
run 0 p.yaml
counts updated=1 delivered=1
printf 'id,v\n1,d\n2,e\n' >pack/t.csv
tar -C pack -cf - t.csv | drop drop/d.tar.bz2
run 0 p.yaml
counts updated=1 delivered=1
again p.yaml out/t.db
finish
