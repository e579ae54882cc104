#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Changes as XML documents, read back by an XML parser of somebody else's and by our own format.
. "$(dirname "$0")/lib.sh"

fresh 'attributes, elements, elements inside of elements'
cat >p.yaml <<'Y'
source:
  type: file
  path: drop/o_%Y%m%d.csv
  settle: 0s
  fields: {balance: "decimal(12,2)"}
  capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%}}
sink:
  type: xml
  path: out/billing_{run}.xml
  root: billing-export
  root_attributes: {version: "a<b"}
  namespace: "urn:example:billing"
  record: account
  fields: {id: "@id", holder: holder, balance: balance, status: "@status", currency: balance/@currency, plan: plan/@ref, due: due}
  envelope: none
  done: .done
Y
drop drop/o_20260901.csv <<'C'
id,holder,balance,status,currency,plan,due
A1,"O'Neil & <Söhne> ""]]>""",-42.09,ACTIVE,USD,P1,2026-09-17
A2,,0.00,CLOSED,EUR,,
"A""3<","two
lines	and a tab",19.9,ACTIVE,USD,P2,
C
db 0 lint p.yaml
run 0 p.yaml
counts loaded=3 captured=3 delivered=3
file=$(ls out/*.xml)
is 'the document' "$(cat <<'X'
<?xml version="1.0" encoding="UTF-8"?>
<billing-export xmlns="urn:example:billing" version="a&lt;b">
  <account id="A1" status="ACTIVE">
    <holder>O'Neil &amp; &lt;Söhne&gt; &quot;]]&gt;&quot;</holder>
    <balance currency="USD">-42.09</balance>
    <plan ref="P1"></plan>
    <due>2026-09-17</due>
  </account>
  <account id="A2" status="CLOSED">
    <holder></holder>
    <balance currency="EUR">0.00</balance>
    <plan ref=""></plan>
    <due></due>
  </account>
  <account id="A&quot;3&lt;" status="ACTIVE">
    <holder>two&#10;lines&#9;and a tab</holder>
    <balance currency="USD">19.90</balance>
    <plan ref="P2"></plan>
    <due></due>
  </account>
</billing-export>
X
)" "$(cat "$file")"
is 'its marker' yes "$([ -e "$file.done" ] && echo yes)"
again p.yaml "$file"
if command -v xmllint >/dev/null; then
    is 'it is well formed' 0 "$(xmllint --noout "$file" >/dev/null 2>&1; echo $?)"
fi
mkdir -p back && cp "$file" back/b.xml
cat >back.yaml <<'Y'
source:
  type: file
  path: back/b.xml
  settle: 0s
  format: {type: xml, record: /b:billing-export/b:account, namespaces: {b: "urn:example:billing"}, space: keep}
  fields:
    id: {type: text, path: "@id"}
    holder: {type: text, path: "b:holder"}
    balance: {type: "decimal(12,2)", path: "b:balance"}
    currency: {type: text, path: "b:balance/@currency"}
  capture: {key: [id]}
sink: {type: sqlite, path: out/back.db}
Y
run 0 back.yaml
is 'read back it is what was written' "O'Neil & <Söhne> \"]]>\"|-42.09|USD" "$(sqlite3 out/back.db "SELECT holder, balance, currency FROM back WHERE id = 'A1'")"
is 'line ends and tabs survive' "$(printf 'two\nlines\tand a tab')" "$(sqlite3 out/back.db "SELECT holder FROM back WHERE id LIKE 'A%3%'")"

if [ -d "${DAYBREAK_SHARED-}/data/scenarios/telecom" ]; then
    fresh 'the billing file of an old system, read and written'
    reading() { # reading NAME SOURCE SINK
        cat >"$1.yaml" <<Y
source:
  type: file
  path: $2
  settle: 0s
  format: {type: xml, record: /b:billing-export/b:account, namespaces: {b: "urn:example:billing"}, space: keep}
  fields:
    id: {type: text, path: "@id"}
    status: {type: text, path: "@status"}
    holder: {type: text, path: "b:holder"}
    currency: {type: text, path: "b:balance/@currency"}
    balance: {type: "decimal(12,2)", path: "b:balance"}
    due: {type: date, path: "b:due"}
    plan: {type: text, path: "b:plan/@ref"}
  capture: {key: [id]}
sink: {$3}
Y
    }
    cp "$DAYBREAK_SHARED/data/scenarios/telecom/billing_20260901.xml" drop/there.xml
    touch -d '2 hours ago' drop/there.xml
    reading there drop/there.xml 'type: xml, path: "back/{run}.xml", root: billing-export, namespace: "urn:example:billing", record: account, envelope: none,
      fields: {id: "@id", status: "@status", holder: holder, currency: balance/@currency, balance: balance, due: due, plan: plan/@ref}'
    reading once drop/there.xml 'type: csv, path: out/once.csv, envelope: none'
    reading again 'back/*.xml' 'type: csv, path: out/again.csv, envelope: none'
    run 0 there.yaml
    is 'it has rows' true "$(json '.result.delivered > 100')"
    run 0 once.yaml
    run 0 again.yaml
    is 'the same rows come back' "$(sort out/once.csv | sha256sum)" "$(sort out/again.csv | sha256sum)"
fi

fresh 'what XML cannot hold, deletes, the envelope'
cat >p.yaml <<'Y'
source: {type: file, path: drop/o_%Y%m%d.csv, settle: 0s, capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%}}}
sink: {type: xml, path: "out/p_{run}.xml"}
Y
printf 'id,v\nA,a\001b\nB,2\n' | drop drop/o_20260901.csv
run 3 p.yaml
counts loaded=2 captured=2 delivered=1 dead=1
db 0 dead show D1
has 'a control character sets its record aside' "column 'v' has a character that XML cannot hold" "$out"
is 'the other one is there' 1 "$(grep -c '<v>2</v>' out/*.xml)"
is 'with its envelope' 1 "$(grep -c '<daybreak xmlns="urn:daybreak:envelope:1" event_id="[0-9a-f]\{32\}" op="r"' out/*.xml)"
rm out/*.xml
printf 'id,v\nA,1\n' | drop drop/o_20260902.csv
run 0 p.yaml
is 'a delete is a record with its key' 1 "$(grep -A 3 '<id>B</id>' out/*.xml | grep -c 'op="d"')"

fresh 'names that are none, a path that grows'
cat >p.yaml <<'Y'
source: {type: file, path: drop/o_%Y%m%d.csv, settle: 0s, capture: {key: [id]}}
sink: {type: xml, path: out/p.xml, record: "a><b", root: "1x", fields: {id: "@i d", v: "x:y"}}
Y
printf 'id,v\nA,1\n' | drop drop/o_20260901.csv
db 78 lint p.yaml
has 'a record' "record" "$out$err"
has 'a root' "root" "$out$err"
has 'fields' 'goes where nothing can' "$out$err"
has 'a path' 'put {run} or {date} into its path' "$out$err"
sed -i 's/^sink.*/sink: {type: xml, path: "out\/p_{run}.xml"}/' p.yaml
printf 'id,a b\nA,1\n' | drop drop/o_20260901.csv
db 78 run p.yaml
has 'a column that is no name' "'a b' is no name of an XML element" "$err$out"
has 'and what to do' 'fields: {"a b": another_name}' "$err$out"
finish
