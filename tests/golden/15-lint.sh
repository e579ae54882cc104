#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What is wrong with a pipeline file is told at once, with its place and a way out; what it promises too.
. "$(dirname "$0")/lib.sh"

finding() { # finding CODE LINE PART: the last lint has it there
    is "finding $1" "$2" "$(json "[.result.findings[] | select(.code == \"$1\")][0].line")"
    has "suggestion of $1" "$3" "$(json "[.result.findings[] | select(.code == \"$1\") | (.suggestion // \"\") + .message] | join(\" \")")"
}

fresh 'all findings at once'
cat >bad.yaml <<'Y'
source:
  type: file
  path: drop/*.csv
  formt: csv
  fields: {n: intger}
  capture: {key: [id], guards: {max_delets: 5%}}
sink: {type: sqlit, path: out/p.db}
colour: red
Y
db 78 lint bad.yaml --json
is 'each with its place' 'true' "$(json '[.result.findings[] | .line > 0 and .column > 0 and .file == "bad.yaml" and .message != ""] | all')"
is 'lines' '4 5 6 7 8' "$(json '[.result.findings[] | select(.severity == "error").line] | sort | unique | map(tostring) | join(" ")')"
has 'did you mean' "'format'" "$out"
has 'a type' integer "$out"
has 'a guard' max_deletes "$out"
has 'a connector' sqlite "$out"
db 78 lint bad.yaml
has 'the line and a caret' '  colour: red
  ^^^^^^' "$out"
db 0 explain unknown-key

fresh 'not yet'
for key in 'process: {}' 'replaces: {job: x}'; do
    printf 'source: {type: file, path: "drop/*.csv"}\nsink: {type: jsonl, path: out/p.jsonl}\n%s\n' "$key" >p.yaml
    db 78 lint p.yaml --json
    has "$key is told to come later" 'not' "$(json '[.result.findings[].message] | join(" ")')"
    is 'its place' 3 "$(json '.result.findings[0].line')"
done
for step in 'lookup: {name: x}' 'filter: {name: x, keep: "1"}' 'set: {a: (b}' 'use: {type: x}'; do
    printf 'source: {type: file, path: "drop/*.csv"}\ntransforms:\n  - %s\nsink: {type: jsonl, path: out/p.jsonl}\n' "$step" >p.yaml
    db 78 lint p.yaml
done

fresh 'no pipeline file at all'
: >empty.yaml
db 78 lint empty.yaml
printf '[1, 2]\n' >list.yaml
db 78 lint list.yaml
printf 'source: {type: file\n' >open.yaml
db 78 lint open.yaml --json
is 'its place' true "$(json '.result.findings[0].line > 0')"
{ printf 'description: '; head -c 1100000 /dev/zero | tr '\0' x; echo; } >large.yaml
db 78 lint large.yaml
{ printf 'source: '; printf '{a: %.0s' {1..70}; printf '}%.0s' {1..70}; echo; } >deep.yaml
db 78 lint deep.yaml
printf 'source: {type: file, path: x, path: y}\nsink: {type: jsonl, path: z}\n' >twice.yaml
db 78 lint twice.yaml
has 'the key is named' path "$out"

fresh 'promises'
cat >p.yaml <<'Y'
source: {type: file, path: "drop/*.csv", capture: {method: append, key: [id]}}
sink: {type: sqlite, path: out/p.db, write: mirror}
Y
db - lint p.yaml --json
has 'an append into a mirror' 'may leave stale rows' "$(json '[.result.guarantees[].guarantee] | join(" ")')"
is 'guarantees name table and handoff' 'p load' "$(json '.result.guarantees[0] | "\(.table) \(.handoff)"')"
sed -i '1i strict: true' p.yaml
db 78 lint p.yaml
cat >p.yaml <<'Y'
source: {type: file, path: "drop/*.csv", capture: {key: [id]}}
sink: {type: jsonl, path: out/p.jsonl, write: mirror}
Y
db 78 lint p.yaml
has 'what a file cannot do' append "$out"
cat >p.yaml <<'Y'
source: {type: file, path: "drop/*.csv", capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db, envelope: debezium}
Y
db 78 lint p.yaml
has 'a table is no message' message "$out"
cat >p.yaml <<'Y'
source: {type: file, path: "drop/*.csv", capture: {method: diff}}
sink: {type: sqlite, path: out/p.db}
Y
db 78 lint p.yaml
has 'a diff needs a key' key "$out"

fresh 'against the input that is there'
printf 'id,naem,v\n1,a,b\n' | drop drop/a.csv
cat >p.yaml <<'Y'
source: {type: file, path: "drop/*.csv", fields: {name: text}, capture: {key: [id]}}
context: {actor: b}
sink: {type: sqlite, path: out/p.db}
Y
db 0 lint p.yaml --json
has 'a column that is not there' "naem" "$(json '[.result.findings[].suggestion] | join(" ")')"
db 1 lint p.yaml --strict

fresh 'schema'
db 0 schema
is 'it is JSON Schema' true "$(json '(.["$schema"] | length > 0) and .type == "object" and (.properties | has("source") and has("sink"))')"
db 0 schema --json
if python3 -c 'import jsonschema' 2>/dev/null; then
    "$daybreak" schema >schema.json
    cat >good.json <<'J'
{"source": {"type": "file", "path": "drop/*.csv", "capture": {"key": ["id"]}}, "sink": {"type": "sqlite", "path": "out.db"}}
J
    echo '{"source": {"type": "file", "path": "x"}, "sink": {"type": "sqlite", "path": "out.db"}, "colour": 1}' >bad.json
    is 'it takes a good file' 0 "$(python3 -c 'import json, jsonschema; jsonschema.validate(json.load(open("good.json")), json.load(open("schema.json")))' 2>/dev/null; echo $?)"
    is 'it refuses an unknown key' 1 "$(python3 -c 'import json, jsonschema; jsonschema.validate(json.load(open("bad.json")), json.load(open("schema.json")))' 2>/dev/null; echo $?)"
fi

fresh 'graph and connectors'
cat >p.yaml <<'Y'
source: {type: file, path: "drop/*.csv", capture: {key: [id]}}
sink: {type: sqlite, path: out/p.db}
Y
db 0 graph p.yaml
has 'the road' sqlite "$out"
db 0 graph p.yaml --dot
has 'DOT' digraph "$out"
db 0 connectors --json
is 'all of them' true "$(json '[.. | .name? // empty] as $n | ["file", "csv", "jsonl", "sqlite"] | all(. as $x | $n | index($x) != null)')"
db 0 connectors sqlite
has 'its options' path "$out"
finish
