#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Our messages and alerts read by the CloudEvents SDK, which checks them against the published schema. Needs node, and npm once.
. "$(dirname "$0")/lib.sh"

command -v node >/dev/null && command -v npm >/dev/null || skip 'node and npm are not here: our CloudEvents were not read by the SDK'
js=$DAYBREAK_BUILD/tests/support/js.installed # kept for the next run; distclean takes it away
mkdir -p "$js" && js=$(cd "$js" && pwd)
cp "$top_srcdir"/tests/support/js/{package.json,package-lock.json,read.cjs} "$js/" 2>/dev/null
[ -d "$js/node_modules/cloudevents" ] ||
    (cd "$js" && timeout 120 npm ci --silent --no-audit --no-fund --ignore-scripts >/dev/null 2>&1) ||
    skip 'npm cannot get the package cloudevents here: our CloudEvents were not read by the SDK'

listen_to http
fresh 'all that we send'
pipeline() { # pipeline OPTIONS
    cat >p.yaml <<Y
source: {type: file, path: drop/o_%Y%m%d.csv, settle: 0s, fields: {at: timestamp}, capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%}}}
context: {changed_at: at, reason: why}
sink: {type: http, url: "http://127.0.0.1:$port/", envelope: cloudevents, parallel: 1, $1}
alerts: [{events: [dead_letter], every: 0s, webhook: "http://127.0.0.1:$port/"}]
Y
}
pipeline 'mode: structured'
printf 'id,at,why\nA,2026-03-01T01:00:00Z,"ü ""x"""\nB,,\n' | drop drop/o_20260301.csv
run 0 p.yaml
pipeline 'mode: binary'
printf 'id,at,why\nA,2026-03-01T02:00:00Z,more\nB,,\n' | drop drop/o_20260302.csv
run 0 p.yaml
pipeline 'batch: 10'
printf 'id,at,why\nC,2026-03-01T02:00:00Z,more\nD,nothing,\n' | drop drop/o_20260303.csv
run 3 p.yaml
is 'the SDK reads them all' "$(printf '%s\n' 'structured daybreak.loaded /daybreak/p true A' 'structured daybreak.loaded /daybreak/p true B' \
    'binary daybreak.updated /daybreak/p true A' 'structured daybreak.created /daybreak/p true C' 'structured daybreak.deleted /daybreak/p true A' \
    'structured daybreak.deleted /daybreak/p true B' 'structured daybreak.alert.dead_letter /daybreak/p true dead_letter' | sort)" \
    "$(node "$js/read.cjs" "$told" 2>&1 | sort)"
finish
