#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `daybreak test`: what the tests of a pipeline file show, what they say when they do not hold, and that nothing of the pipeline is touched.
. "$(dirname "$0")/lib.sh"

fresh 'tests that hold'
cat >orders.yaml <<'Y'
source:
  type: file
  path: drop/orders_%Y%m%d.csv
  fields: {qty: integer, unit_price: "decimal(12,2)", paid: boolean, at: timestamp}
  contract: {required: [status], check: {some: "qty > 0"}}
  capture: {key: [id], ignore: [exported]}
transforms:
  - filter: {name: drafts, keep: "status <> 'draft'"}
  - set: {total: "cast(qty * unit_price as decimal(12,2))"}
  - rename: {who: customer}
context: {changed_at: at, reason: "coalesce(why, 'nightly')", related: {customer: customer}}
sink: {type: sqlite, path: out/orders.db, table: orders}
tests:
  - name: a total, and where it comes from
    input: [{id: A1, status: new, qty: 2, unit_price: "6000.00", at: 2026-01-02, who: C7}]
    expect: {load: [{id: A1, total: 12000, _op: c, _reason: nightly, _changed_at: 2026-01-02, customer: C7, _related.customer: C7}], filtered: 0}
  - name: a draft becomes an order, is one again, and goes
    input:
      - {id: A1, status: draft, qty: 1, unit_price: 1}
      - {id: A1, status: new, qty: 1, unit_price: 1}
      - {id: A1, status: draft, qty: 3, unit_price: 1}
      - {_op: d, id: A1}
    expect: {load: [{id: A1, _op: u, total: "1.00"}, {id: A1, _op: d, _reason: left by filter drafts}], filtered: 3}
  - name: versions and a delete
    input: [{id: A1, status: new, qty: 1, unit_price: 1}, {id: B2, status: new, qty: 1, unit_price: 1}, {id: A1, status: new, qty: 2, unit_price: 1},
            {id: A1, status: new, qty: 2, unit_price: 1, exported: 2026-01-01}, {id: B2, _op: d}]
    expect: {load: [{id: A1, qty: 1}, {id: B2}, {id: A1, qty: 2, _op: u}, {id: B2, _op: d}]}
  - name: what is set aside
    input: [{id: A1, status: new, qty: x, unit_price: 1}, {id: B, status: new, qty: -1, unit_price: 1}, {id: C, status: null, qty: 1, unit_price: 1}]
    expect: {load: [], dead: [{id: A1, _reason: bad_integer, _field: qty, _stage: source}, {id: B, _reason: some}, {id: C, _field: status}]}
  - {name: nulls, input: [{id: A1, status: new, qty: 1, unit_price: "", paid: null, who: ""}], expect: {load: [{id: A1, total: null, paid: null, customer: ""}]}}
Y
db 0 lint orders.yaml
db 0 test orders.yaml
has 'each is named' 'a draft becomes an order, is one again, and goes' "$out"
has 'they are counted' '5 passed, 0 failed' "$out"
db 0 test --json orders.yaml
is 'as JSON' '5 0 true' "$(json '"\(.result.passed) \(.result.failed) \(.result.tests | map(.ok) | all)"')"
db 0 test orders.yaml --only nulls
has 'one by its name' '1 passed, 0 failed' "$out"
is 'nothing of the pipeline is touched' 'drop orders.yaml out' "$(ls -A . drop out | grep -v : | xargs)"

fresh 'tests that do not hold'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p.csv, fields: {n: integer}, capture: {key: [id]}}
transforms: [{set: {double: "n * 2"}}]
sink: {type: sqlite, path: out/p.db}
tests:
  - {name: other values, input: [{id: 1, n: 2}, {id: 2, n: 3}], expect: {load: [{id: 1, double: 5, duble: 4}, {id: 2, double: 6}, {id: 3}]}}
  - {name: one too many, input: [{id: 1, n: 2}, {id: 2, n: 3}], expect: {load: [{id: 1}]}}
  - {name: not set aside, input: [{id: 1, n: 9223372036854775807}], expect: {load: [{id: 1}]}}
  - {name: nothing comes in, input: [], expect: {load: []}}
  - {name: nothing is asked, input: [{id: 1, n: 2}], expect: {}}
  - {name: elsewhere, input: [{id: 1, n: 2}], expect: {approval: [{id: 1}]}}
Y
db 1 test p.yaml
has 'a value' "load, record 1: double is '4', expected '5'" "$out"
has 'a column' "load, record 1: it has no column 'duble'; did you mean 'double'?" "$out"
has 'how many' 'load: 3 records expected, 2 came' "$out"
has 'which is missing' 'load, record 3: missing (line 5 of the file)' "$out"
has 'which is too much' "load: not expected: {_op: 'c', id: '2', n: '3', double: '6'}" "$out"
has 'why it did not come' 'set aside (transform):' "$out"
has 'no record' 'it checks nothing: no record comes in' "$out"
has 'no question' 'it checks nothing: expect names no handoff' "$out"
has 'no such handoff' "there is no handoff 'approval': this pipeline has 'load'" "$out"
has 'counted' '0 passed, 6 failed' "$out"
sed -i '/^tests:/,$d' p.yaml
db 1 test p.yaml
has 'no tests' 'there are no tests: nothing was checked' "$out"
printf 'tests: [{input: [{id: [1]}]}]\n' >>p.yaml
db 78 test p.yaml
db 78 lint p.yaml
has 'a test without a name' "'name'" "$out"
has 'a value that is none' 'one value' "$out"
db 66 test gone.yaml

fresh 'rows that only come'
cat >l.yaml <<'Y'
source: {type: file, path: "logs/*.csv", fields: {ms: integer}, capture: {method: append}}
transforms: [{filter: {name: quick, keep: "ms > 100"}}]
sink: {type: jsonl, path: out/slow.jsonl}
tests:
  - {name: slow ones, input: [{url: /a, ms: 5}, {url: /b, ms: 500}, {url: /b, ms: 101}], expect: {load: [{url: /b, ms: 500, _op: c}, {url: /b, ms: 101}], filtered: 1}}
Y
db 0 test l.yaml
has 'all are one input' '1 passed, 0 failed' "$out"
finish
