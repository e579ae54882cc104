#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Real dumps, night after night: the changes that reach the sink are those that the data set's own change list has, counted and hashed.
# Every data set of CSV, JSON, JSON lines or XML is taken as it is found: those in fixtures/, and the larger ones beside the checkout. Of a copy
# that has only some of its snapshots, the pairs that are whole are asked.
. "$(dirname "$0")/lib.sh"

# The canonical lines of what a sink was given, one a change: letter, TAB, fields in the order of the columns; see the data's README.
lines() { # lines COLUMNS: COLUMNS is a JSON array, null for the order in which they come
    jq -r --argjson columns "$1" '
        select(.op != "r") | (if .op == "d" then .before else .after end) as $row
        | [{c: "I", u: "U", d: "D"}[.op]] + (if $columns then [$columns[] as $c | $row[$c]] else [$row[]] end) | @tsv' | LC_ALL=C sort
}

keys() { # keys KEY: letter and key columns
    jq -r --argjson key "$1" 'select(.op != "r") | [{c: "I", u: "U", d: "D"}[.op]] + [$key[] as $c | .key[$c]] | @tsv' | LC_ALL=C sort
}

hash() {
    sha256sum | cut -d' ' -f1
}

# One night of one table: what the run counted and the sink holds, against expected.json.
night() { # night DATASET TABLE FROM TO BEFORE: BEFORE lines of the sink are of earlier nights
    local data=$1 table=$2 from=$3 to=$4 before=$5 pair key columns
    pair=$(jq -c --arg t "$table" --arg a "$from" --arg b "$to" '.tables[$t].pairs[] | select(.from == $a and .to == $b)' "$data/expected.json")
    key=$(jq -c --arg t "$table" '.tables[] | select(.name == $t).key' "$data/dataset.json")
    columns=$(jq -c --arg t "$table" '.tables[] | select(.name == $t).columns' "$data/dataset.json")
    place="${data##*/} $table $from to $to"
    is 'inserts, updates, deletes, unchanged' "$(jq -r '"\(.insert) \(.update) \(.delete) \(.unchanged)"' <<<"$pair")" \
        "$(json "[.result] | flatten[0].tables[] | select(.name == \"$table\" or (\"$tables\" == \"1\")) |
            \"\(.created) \(.updated) \(.deleted) \(.unchanged)\"")"
    touch "out/$table.jsonl" # a table without a change has no file yet
    tail -n +$((before + 1)) "out/$table.jsonl" >new
    is 'changes_sha256' "$(jq -r .changes_sha256 <<<"$pair")" "$(lines "$columns" <new | hash)"
    is 'keys_sha256' "$(jq -r .keys_sha256 <<<"$pair")" "$(keys "$key" <new | hash)"
}

# Where the columns of the catalogue of planets stand in its XML.
planets='  member: "*.xml"
  format:
    type: xml
    record: //planet
    space: normalize
    fields:
      planet: name
      system: /system/name[1]
      host: ../name
      host_kind: name(..)
      aliases: {path: "name[position()>1]", repeated: {join: "|"}}
      lists: {path: list, repeated: {join: "|"}}
      mass_errorminus: mass[1]/@errorminus
      mass_errorplus: mass[1]/@errorplus
      mass_upperlimit: mass[1]/@upperlimit
      mass_type: mass[1]/@type
      period_errorminus: period[1]/@errorminus
      period_errorplus: period[1]/@errorplus'
for column in mass radius period semimajoraxis eccentricity inclination temperature discoverymethod discoveryyear lastupdate istransiting description; do
    planets+=$'\n'"      $column: $column"
done

# A pipeline over some tables of a data set, one snapshot after the other.
series() { # series DATASET TABLE…: several tables lie in one archive
    local data=$1 id file from='' table before rows
    shift
    tables=$#
    fresh "${data##*/} $*"
    {
        echo "source:"
        echo "  type: file"
        echo "  path: drop/*"
        if [ $# -gt 1 ]; then
            echo "  capture: {method: diff, before: true}"
            echo "  tables:"
            for table; do
                jq -r --arg t "$table" '.tables[] | select(.name == $t)
                    | "    \(.name): {member: \"*\(.name).csv\", key: \(.key | @json)}"' "$data/dataset.json"
            done
        else
            jq -r --arg t "$1" '.tables[] | select(.name == $t) | "  capture: {key: \(.key | @json), before: true}",
                if .array then "  format: {type: json, path: \(.array)}" else empty end' "$data/dataset.json"
            [ "$(jq -r --arg t "$1" '.tables[] | select(.name == $t).format' "$data/dataset.json")" != oec ] || echo "$planets"
        fi
        echo "sink: {type: jsonl, path: \"out/$([ $# -gt 1 ] && echo '{table}' || echo "$1").jsonl\", write: append}"
    } >series.yaml
    while read -r id file; do
        [ -f "$data/$file" ] || { from=; continue; }
        place="${data##*/} $* $id"
        # A snapshot that does not follow the last one found begins anew.
        if [ -z "$from" ]; then
            rm -rf .daybreak out && mkdir out
        fi
        for table; do
            before=("${before[@]}" "$(cat "out/$table.jsonl" 2>/dev/null | wc -l)")
        done
        cat "$data/$file" >.arriving && touch -d '1 hour ago' .arriving && mv .arriving "drop/${file##*/}"
        run 0 series.yaml
        for table; do
            rows=$(jq --arg t "$table" --arg id "$id" '.tables[$t].rows[$id]' "$data/expected.json")
            is "rows read of $table" "$rows" \
                "$(json ".result.tables[] | select(.name == \"$table\" or (\"$tables\" == \"1\")) | .read")"
            [ -z "$from" ] || night "$data" "$table" "$from" "$id" "${before[0]}"
            before=("${before[@]:1}")
        done
        from=$id
    done < <(jq -r --arg t "$1" '.snapshots[] | select(.table == null or .table == $t) | "\(.id) \(.file)"' "$data/dataset.json")
    again series.yaml
}

before=()
sets=0
for list in "$fixtures"/*/dataset.json "${DAYBREAK_SHARED:-/nowhere}"/data/*/dataset.json; do
    [ -f "$list" ] || continue
    data=${list%/*}
    if [ "${data%/*}" = "$fixtures" ] && [ -f "${DAYBREAK_SHARED:-/nowhere}/data/${data##*/}/dataset.json" ]; then
        continue # the whole series is there
    fi
    mapfile -t whole < <(jq -r '.tables[] | select(((.format == "csv" or .format == "json" or .format == "jsonl") and .member == null) or .format == "oec") | .name' "$list")
    mapfile -t members < <(jq -r '.tables[] | select(.format == "csv" and .member != null) | .name' "$list")
    for table in ${whole[@]+"${whole[@]}"}; do
        series "$data" "$table"
        sets=$((sets + 1))
    done
    if [ ${#members[@]} -gt 0 ]; then
        series "$data" "${members[@]}"
        sets=$((sets + 1))
    fi
done
place='data sets'
is 'there are data sets' yes "$([ "$sets" -gt 1 ] && echo yes)"
finish
