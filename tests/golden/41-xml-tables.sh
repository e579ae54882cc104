#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Several tables out of one XML document, read once; columns that nobody named; a document that is larger than what may be held of it.
. "$(dirname "$0")/lib.sh"

document() { # document ORDERS [EDIT]: orders with lines in them, and customers, in turn
    awk -v orders="$1" -v edit="${2:-}" 'BEGIN {
        print "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<export day=\"mo\" xmlns=\"urn:e\">"
        for (i = 1; i <= orders; i++) {
            printf "<order id=\"%d\"><note>n%d%s \344</note>\n", i, i, i == 3 ? edit : ""
            for (k = 1; k <= i % 3; k++) printf "  <line no=\"%d\"><qty>%d</qty></line>\n", k, i + k
            print "</order>"
            if (i % 2) printf "<customer><code>c%d</code><name>N&amp;%d</name></customer>\n", i, i
        }
        print "</export>"
    }'
}

pipeline() { # pipeline PATH [MEMBER]
    cat >p.yaml <<Y
source:
  type: file
  path: $1
  settle: 0s
  format: {type: xml}
  tables:
    orders: {record: /export/order, ${2:+member: '$2', }key: [id], fields: {id: {path: "@id", type: integer}, note: text, day: {path: /export/@day}}}
    lines: {record: //line, ${2:+member: '$2', }key: [order_id, no], fields: {order_id: {path: ../@id}, no: {path: "@no"}, qty: integer}}
    customers: {record: //e:customer, ${2:+member: '$2', }key: [code], format: {type: xml, namespaces: {e: "urn:e"}}}
sink: {type: sqlite, path: out/p.db, table: "{table}"}
Y
}

summary() {
    sql out/p.db "SELECT (SELECT count(*) || ':' || sum(id) || ':' || max(note) || ':' || max(day) FROM orders) || ' ' ||
                         (SELECT count(*) || ':' || sum(qty) FROM lines) || ' ' || (SELECT count(*) || ':' || max(name) FROM customers)"
}

fresh 'three tables of one document'
pipeline 'drop/e_%Y%m%d.xml'
db 0 lint p.yaml
document 4000 | drop drop/e_20260101.xml
run 0 p.yaml
counts loaded=10000 captured=10000 read=10000 delivered=10000
is 'all of each' '4000:8002000:n999 ä:mo 4000:8006000 2000:N&999' "$(summary)"
is 'each table has its own count' '4000 4000 2000' "$(json '.result.tables | map(.read) | join(" ")')"
again p.yaml out/p.db
document 3998 x | drop drop/e_20260102.xml 'now'
run 0 p.yaml
counts updated=1 deleted=4 absent=4 captured=1 read=9996 delivered=5
is 'the next document' '3998:7994001:n999 ä:mo 3999:8001999 1999:N&999' "$(summary)"
again p.yaml out/p.db
head -c 100000 drop/e_20260102.xml | drop drop/e_20260103.xml 'now'
run 4 p.yaml
has 'one that is cut off is held' 'it is cut off' "$(json '.result.held_inputs[0].reason')"
is 'and nothing of it landed' '3998:7994001:n999 ä:mo 3999:8001999 1999:N&999' "$(summary)"

fresh 'in an archive, beside a table of its own'
pipeline 'drop/e.zip' '*e.xml'
sed -i 's|^sink|    codes: {member: codes.csv, key: [c], format: {type: csv}}\nsink|' p.yaml
document 10 >e.xml
printf 'c,d\n1,one\n' >codes.csv
python3 - <<'P'
import zipfile
with zipfile.ZipFile("drop/e.zip", "w") as z:
    z.write("e.xml"); z.write("codes.csv")
P
run 0 p.yaml
counts loaded=26 captured=26 read=26 delivered=26
is 'all of it' '10:55:n9 ä:mo 10:65 5:N&9' "$(summary)"
again p.yaml out/p.db

fresh 'appended, which it cannot be'
pipeline 'drop/e.xml'
sed -i 's/, key: \[[a-z_, ]*\]//; /^  format/a\  capture: {method: append}' p.yaml
document 3 | drop drop/e.xml
db 78 lint p.yaml
has 'lint says so' 'have their records in one document' "$out$err"

fresh 'columns that nobody named'
cat >p.yaml <<'Y'
source: {type: file, path: drop/a.xml, settle: 0s, format: {type: xml, record: /s/r}, capture: {key: [id]}}
sink: {type: jsonl, path: out/p.jsonl, envelope: none}
Y
drop drop/a.xml <<'X'
<s><r id="1"><name>Ann</name><at><city zip="9">Ulm</city></at><tag>a</tag><tag>b</tag></r><r id="2"><name/><late>x</late></r></s>
X
run 0 p.yaml
counts loaded=2 captured=2 read=2 delivered=2
is 'attributes, elements, ways, repeated ones' \
    '{"id":"1","name":"Ann","at.city.zip":"9","at.city":"Ulm","tag":"[\"a\",\"b\"]","late":null}
{"id":"2","name":"","at.city.zip":null,"at.city":null,"tag":null,"late":"x"}' "$(cat out/p.jsonl)"

fresh 'larger than what may be held of it'
cat >p.yaml <<'Y'
source: {type: file, path: drop/big.xml.gz, settle: 0s, format: {type: xml, record: //r, fields: {id: {path: "@id", type: integer}, v: v}}, capture: {method: append}}
sink: {type: jsonl, path: out/p.jsonl, envelope: none}
Y
awk 'BEGIN { while (length(fill) < 4000) fill = fill "some text that nobody asked for; "; print "<x>"
             for (i = 1; i <= 40000; i++) print "<r id=\"" i "\"><v>" i * 7 "</v><w>" fill "</w></r>"; print "</x>" }' | gzip -1 >.arriving
mv .arriving drop/big.xml.gz
# 160 MB of document; address space is what is bounded, of which most is never touched
(memory_at_most 400000 && exec "$daybreak" run --json p.yaml) >"$work/out" 2>"$work/err"
status=$?
out=$(cat "$work/out")
is 'it is read in little memory' '0 40000' "$status $(json .result.delivered)"
is 'to its end' '{"id":40000,"v":"280000"}' "$(tail -n 1 out/p.jsonl)"
finish
