#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every fuzz target goes over its corpus; nothing is random here. What a fuzzer once found lies in the corpus too.
set -u

top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${DAYBREAK_BUILD:-$top}
good=0
bad=0

for source in "$top"/tests/fuzz/fuzz_*.c; do
    target=$(basename "$source" .c)
    corpus=$top/tests/fuzz/corpus/${target#fuzz_}
    more=()
    case $target in # a suite of others, where it is at hand
    fuzz_json | fuzz_jsonl) [ ! -d "${DAYBREAK_SHARED-}/conformance/JSONTestSuite/test_parsing" ] || more=("$DAYBREAK_SHARED/conformance/JSONTestSuite/test_parsing") ;;
    esac
    if [ ! -x "$build/tests/fuzz/$target" ]; then
        echo "$target is not built: make -C '$build' fuzzers"
        bad=$((bad + 1))
    elif "$build/tests/fuzz/$target" "$corpus" ${more[@]+"${more[@]}"}; then
        good=$((good + 1))
    else
        echo "$target fails on its corpus '$corpus'"
        bad=$((bad + 1))
    fi
done
echo "$good passed, $bad failed"
[ "$bad" -eq 0 ] && [ "$good" -gt 0 ]
