#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An input is held against what its sender says of it: rows and SHA-256, in the archive or beside the file, before the data or behind it.
. "$(dirname "$0")/lib.sh"

sum() { # sum FILE
    sha256sum <"$1" | cut -d' ' -f1
}

orders() { # orders NIGHT: three rows
    printf 'id,v\n1,%s\n2,b\n3,c\n' "$1"
}

pipeline() { # pipeline MANIFEST [SOURCE-LINES]
    cat >p.yaml <<Y
source:
  type: file
  path: drop/n_%Y%m%d*
  settle: 0s
  capture: {key: [id], guards: {manifest: $1}}
${2:+$2}
sink: {type: sqlite, path: "out/t.db", table: "{table}"}
Y
}

pack() { # pack NIGHT MEMBER…: out of the folder pack, in this order
    local night=$1
    shift
    tar -C pack -czf .arriving "$@" && touch -d '2 hours ago' .arriving && mv .arriving "drop/n_202601$night.tar.gz"
}

why() { # why NIGHT…: the reason and guard of the held input
    json ".result.held_inputs[] | select(.input | contains(\"n_202601$1\")) | .guard + \": \" + .reason"
}

evidence() { # evidence NIGHT
    db 0 held --json
    json ".result.held[] | select(.input | contains(\"n_202601$1\")).evidence | tojson"
}

fresh 'a member of the archive, behind the data and before it'
pipeline '{member: manifest.json, rows: rows, sha256: sha256}'
mkdir pack
orders 1 >pack/orders.csv
echo "{\"rows\": 3, \"sha256\": \"$(sum pack/orders.csv)\"}" >pack/manifest.json
pack 01 orders.csv manifest.json
db 0 lint p.yaml
run 0 p.yaml
counts loaded=3 captured=3 read=3 delivered=3
again p.yaml out/t.db
orders 2 >pack/orders.csv
echo "{\"rows\": 3, \"sha256\": \"$(sum pack/orders.csv | tr a-f A-F)\"}" >pack/manifest.json
pack 02 manifest.json orders.csv
run 0 p.yaml
counts updated=1 captured=1 read=3 unchanged=2 delivered=1
before=$(contents out/t.db)

place='what it says is not so'
orders 3 >pack/orders.csv
echo "{\"rows\": 4, \"sha256\": \"$(sum pack/orders.csv)\"}" >pack/manifest.json
pack 03 orders.csv manifest.json
run 4 p.yaml
is 'both numbers' "manifest: the manifest 'manifest.json' says 4 rows, there are 3" "$(why 03)"
is 'as evidence' '{"guard":"manifest","manifest":"manifest.json","said":4,"found":3}' "$(evidence 03)"
echo "{\"rows\": 3, \"sha256\": \"$(sum pack/manifest.json)\"}" >pack/manifest.json
said=$(jq -r .sha256 pack/manifest.json) found=$(sum pack/orders.csv)
pack 04 orders.csv manifest.json
run 4 p.yaml
is 'both sums' "manifest: the manifest 'manifest.json' says sha256 $said of 'orders.csv', it is $found" "$(why 04)"
is 'as evidence' "{\"guard\":\"manifest\",\"manifest\":\"manifest.json\",\"part\":\"orders.csv\",\"said\":\"$said\",\"found\":\"$found\"}" "$(evidence 04)"
pack 05 orders.csv
run 4 p.yaml
is 'without a word' "manifest: the manifest 'manifest.json' is missing: the input has no such member" "$(why 05)"
printf '{"rows": 3' >pack/manifest.json
pack 06 orders.csv manifest.json
run 4 p.yaml
is 'no manifest at all' "manifest: the manifest 'manifest.json' cannot be read: it is no JSON: byte 11 is wrong" "$(why 06)"
echo '{"rows": 3}' >pack/manifest.json
pack 07 orders.csv manifest.json
run 4 p.yaml
is 'half a manifest' "manifest: the manifest 'manifest.json' has no 'sha256'" "$(why 07)"
echo "{\"rows\": \"three\", \"sha256\": \"$found\"}" >pack/manifest.json
pack 08 orders.csv manifest.json
run 4 p.yaml
is 'no number' "manifest: 'rows' in the manifest 'manifest.json' is no number of rows: 'three'" "$(why 08)"
echo '{"rows": 3, "sha256": "12"}' >pack/manifest.json
pack 09 orders.csv manifest.json
run 4 p.yaml
is 'no sum' "manifest: 'sha256' in the manifest 'manifest.json' is no sha256: '12'" "$(why 09)"
{ printf '{"rows": "'; head -c 1100000 /dev/zero | tr '\0' x; printf '"}'; } >pack/manifest.json
pack 10 orders.csv manifest.json
run 4 p.yaml
is 'no end' "manifest: the manifest 'manifest.json' cannot be read: it is larger than 1 MiB" "$(why 10)"
is 'nothing of them landed' "$before" "$(contents out/t.db)"
db 0 held --json
db 0 approve "$(json '.result.held[] | select(.input | contains("n_20260103")).id')"
run 4 p.yaml
is 'a person may let it through' 3 "$(sql out/t.db 'SELECT v FROM p WHERE id = 1')"
orders 4 >pack/orders.csv
printf '# nightly\nrows %d\nsha256 = %s\n' 3 "$(sum pack/orders.csv)" >pack/manifest.json
pack 11 orders.csv manifest.json
run 0 p.yaml
is 'lines will do' 4 "$(sql out/t.db 'SELECT v FROM p WHERE id = 1')"
db 0 held --json
is 'and the good one closes what was held' 0 "$(json '.result.held | length')"
db 0 ledger verify

fresh 'several members by their names'
pipeline '{member: "*MANIFEST*", rows: "files.{member}.rows", sha256: "files.{member}.sha256"}' \
    '  tables: {orders: {member: "*orders*.csv"}, items: {member: "*items.csv"}}'
mkdir -p pack/night
orders 1 >pack/night/orders_1.csv
printf 'id,v\n4,d\n' >pack/night/orders_2.csv
printf 'id,n\n1,x\n' >pack/night/items.csv
said() { # said: the manifest as it should be
    jq -n --arg a "$(sum pack/night/orders_1.csv)" --arg b "$(sum pack/night/orders_2.csv)" --arg c "$(sum pack/night/items.csv)" \
        '{files: {"orders_1.csv": {rows: 3, sha256: $a}, "orders_2.csv": {rows: 1, sha256: $b}, "night/items.csv": {rows: 1, sha256: $c}}}'
}
said >pack/night/MANIFEST.json
pack 01 night/MANIFEST.json night/orders_1.csv night/orders_2.csv night/items.csv
run 0 p.yaml
is 'both tables' '4 1' "$(sql out/t.db 'SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM items)')"
said | jq '.files["orders_2.csv"].rows = 9' >pack/night/MANIFEST.json
pack 02 night/MANIFEST.json night/orders_1.csv night/orders_2.csv night/items.csv
run 4 p.yaml
is 'which one' "manifest: the manifest 'night/MANIFEST.json' says 9 rows of 'night/orders_2.csv', there are 1" "$(why 02)"
said >pack/night/MANIFEST.json
pack 03 night/MANIFEST.json night/orders_1.csv night/items.csv
run 4 p.yaml
is 'one that did not come' "manifest: the manifest 'night/MANIFEST.json' names 'orders_2.csv', which the input does not have" "$(why 03)"
said | jq 'del(.files["night/items.csv"])' >pack/night/MANIFEST.json
pack 04 night/orders_1.csv night/orders_2.csv night/items.csv night/MANIFEST.json
run 4 p.yaml
is 'one that nothing is said of' "manifest: the manifest 'night/MANIFEST.json' says nothing of 'night/items.csv'" "$(why 04)"
said | jq '.files |= (to_entries | map({name: .key} + .value))' >pack/night/MANIFEST.json
pack 05 night/orders_1.csv night/orders_2.csv night/items.csv night/MANIFEST.json
run 0 p.yaml
pipeline '{member: SHA256SUMS, sha256: sha256}' '  member: "*.csv"'
rm -r .daybreak out/t.db drop/*
(cd pack/night && sha256sum -- *.csv >SHA256SUMS)
pack 01 night/orders_2.csv night/orders_1.csv night/SHA256SUMS
run 4 p.yaml
is 'sums as sha256sum writes them, and a file left out' "manifest: the manifest 'night/SHA256SUMS' names 'items.csv', which the input does not have" "$(why 01)"
(cd pack/night && sha256sum --tag -- orders_*.csv >SHA256SUMS)
pack 02 night/orders_2.csv night/orders_1.csv night/SHA256SUMS
run 0 p.yaml
counts loaded=4 captured=4 read=4 delivered=4
echo 5,e >>pack/night/orders_2.csv
pack 03 night/orders_2.csv night/orders_1.csv night/SHA256SUMS
run 4 p.yaml
has 'the sum of a row more' "of 'night/orders_2.csv', it is $(sum pack/night/orders_2.csv)" "$(why 03)"

fresh 'one number for all tables, a sum for none'
pipeline '{member: m.json, rows: total}' '  tables: {orders: {member: orders.csv}, items: {member: items.csv}}'
mkdir pack
orders 1 >pack/orders.csv
printf 'id,n\n1,x\n' >pack/items.csv
echo '{"total": 4}' >pack/m.json
pack 01 m.json orders.csv items.csv
run 0 p.yaml
echo '{"total": 3}' >pack/m.json
pack 02 m.json orders.csv items.csv
run 4 p.yaml
is 'the sum of both' "manifest: the manifest 'm.json' says 3 rows, there are 4" "$(why 02)"
pipeline '{member: m.json, sha256: sum}' '  tables: {orders: {member: orders.csv}, items: {member: items.csv}}'
echo "{\"sum\": \"$(sum pack/orders.csv)\"}" >pack/m.json
pack 03 m.json orders.csv items.csv
run 4 p.yaml
is 'whose sum?' "manifest: the manifest 'm.json' has one sha256 for 2 members: it should have them by name" "$(why 03)"

fresh 'a file beside a file'
pipeline '{file: "{stem}.json", rows: rows, sha256: sha256}'
proof() { # proof NIGHT FILE: what is said of FILE
    jq -n --argjson n "$(($(wc -l <"$2") - 1))" --arg s "$(sum "$2")" '{rows: $n, sha256: $s}' >"drop/n_202601$1.json"
}
mv p.yaml q.yaml && sed 's|n_%Y%m%d\*|n_%Y%m%d.csv*|' q.yaml >p.yaml
orders 1 >plain
proof 01 plain
drop drop/n_20260101.csv <plain
run 0 p.yaml
counts loaded=3 captured=3 read=3 delivered=3
orders 2 >plain
proof 02 plain
drop drop/n_20260102.csv.gz <plain
run 0 p.yaml
is 'the sum may be that of the content' 2 "$(sql out/t.db 'SELECT v FROM p WHERE id = 1')"
orders 3 >plain
drop drop/n_20260103.csv.gz <plain
jq -n --arg s "$(sum drop/n_20260103.csv.gz)" '{rows: 3, sha256: $s}' >drop/n_20260103.json
run 0 p.yaml
is 'or that of the packed file' 3 "$(sql out/t.db 'SELECT v FROM p WHERE id = 1')"
orders 4 | drop drop/n_20260104.csv.gz
jq -n --arg s "$(sum plain)" '{rows: 3, sha256: $s}' >drop/n_20260104.json
run 4 p.yaml
is 'of neither' "manifest: the manifest 'n_20260104.json' says sha256 $(sum plain) of 'n_20260104.csv.gz', it is $(sum drop/n_20260104.csv.gz)" "$(why 04)"
orders 5 | drop drop/n_20260105.csv
run 4 p.yaml
is 'old, and nobody said anything' "manifest: the manifest 'drop/n_20260105.json' is missing" "$(why 05)"
ln -s /etc/hostname drop/n_20260106.json
orders 6 | drop drop/n_20260106.csv
run 4 p.yaml
has 'a link is nobody' "is missing" "$(why 06)"

fresh 'sums of a folder'
pipeline '{file: SHA256SUMS, sha256: sha256}'
sed -i 's|n_%Y%m%d\*|n_%Y%m%d.csv*|' p.yaml
orders 1 | drop drop/n_20260101.csv.gz
(cd drop && sha256sum n_20260101.csv.gz >SHA256SUMS)
run 0 p.yaml
orders 2 | drop drop/n_20260102.csv.gz
run 4 p.yaml
is 'a night it does not have' "manifest: the manifest 'SHA256SUMS' says nothing of 'n_20260102.csv.gz'" "$(why 02)"
orders 3 | drop drop/n_20260103.csv.gz
(cd drop && sha256sum ./*.gz >SHA256SUMS)
run 0 p.yaml
is 'and one that it has' 3 "$(sql out/t.db 'SELECT v FROM p WHERE id = 1')"

fresh 'a dump that is there before its manifest waits for it, and nothing overtakes it'
pipeline '{file: "{name}.rows", rows: rows}'
sed -i 's|n_%Y%m%d\*|n_%Y%m%d.csv|' p.yaml
orders 1 | drop drop/n_20260101.csv now
orders 2 | drop drop/n_20260102.csv
echo 'rows: 3' >drop/n_20260102.csv.rows
printf '{"rows":' >drop/n_20260101.csv.rows # half of it
run 0 p.yaml
counts
echo 'rows: 3' >drop/n_20260101.csv.rows
run 0 p.yaml
counts loaded=3 updated=1 captured=4 read=6 unchanged=2 delivered=4
is 'in their order' 2 "$(sql out/t.db 'SELECT v FROM p WHERE id = 1')"
orders 3 | drop drop/n_20260103.csv now
DAYBREAK_NOW_US=$(($(date +%s) * 1000000 + 3600000000)) run 4 p.yaml
has 'an hour later it is held' 'is missing' "$(why 03)"
orders 4 | drop drop/n_20260104.csv now
sed -i 's|rows: rows|rows: rows, wait: 0s|' p.yaml
run 4 p.yaml
has 'or at once' 'is missing' "$(why 04)"

fresh 'several files to an input'
pipeline '{file: "{name}.json", rows: rows, sha256: sha256}' '  parts: 2'
sed -i 's|n_%Y%m%d\*|n_%Y%m%d_?.csv|' p.yaml
part() { # part NIGHT LETTER ROWS: two rows
    printf 'id,v\n%s1,%s\n%s2,y\n' "$2" "$1" "$2" >plain
    jq -n --argjson n "$3" --arg s "$(sum plain)" '{rows: $n, sha256: $s}' >"drop/n_202601$1_$2.csv.json"
    drop "drop/n_202601$1_$2.csv" <plain
}
part 01 a 2
part 01 b 2
run 0 p.yaml
counts loaded=4 captured=4 read=4 delivered=4
part 02 a 2
part 02 b 3
run 4 p.yaml
is 'each has its own' "manifest: the manifest 'n_20260102_b.csv.json' says 3 rows, there are 2" "$(why 02)"

fresh 'what grows has no manifest'
cat >p.yaml <<'Y'
source: {type: file, path: drop/log.csv, capture: {method: append, guards: {manifest: {file: "{name}.json", rows: rows}}}}
sink: {type: jsonl, path: out/p.jsonl}
Y
orders 1 | drop drop/log.csv
db 0 lint p.yaml
has 'it says so' 'one that grows is never whole' "$out$err"
run 0 p.yaml
counts loaded=0 created=3 captured=3 read=3 delivered=3

fresh 'a first load that is wrong leaves nothing'
pipeline '{member: m.json, rows: rows}'
mkdir pack
orders 1 >pack/orders.csv
echo '{"rows": 4}' >pack/m.json
pack 01 orders.csv m.json
run 4 p.yaml
counts delivered=0
is 'no table' 0 "$(sql out/t.db "SELECT count(*) FROM sqlite_master WHERE name = 'p'" 2>/dev/null || echo 0)"
db 0 ledger verify

fresh 'what cannot be meant'
wrong() { # wrong MANIFEST LINE:COLUMN CODE MESSAGE
    pipeline "$1"
    db 78 lint p.yaml --json
    is "$1" "$2 $3 $4" "$(json '.result.findings[0] | "\(.line):\(.column) \(.code) \(.message)"')"
}
wrong '{rows: rows}' 5:33 missing-key "'manifest' needs member or file: where it is"
wrong '{member: m.json}' 5:33 missing-key "'manifest' needs rows or sha256: what it says"
wrong '{member: m.json, file: m.json, rows: rows}' 5:60 not-together "'member' and 'file' exclude each other"
wrong '{file: "{nmae}.json", rows: rows}' 5:50 bad-name "'file' of the manifest has braces around something else: '{nmae}.json'"
wrong '{member: m.json, row: rows}' 5:60 unknown-key "unknown key 'row' in 'manifest'"
wrong '{member: m.json, rows: }' 5:60 empty-value "'rows' must be a text, it is empty"
finish
