# SPDX-License-Identifier: Apache-2.0
# What every test finds around it: sourced, with DAYBREAK_BUILD and top_srcdir set. Nothing of the caller's own setup may change a result.
unset DAYBREAK_CONNECTORS DAYBREAK_STATE DAYBREAK_STATE_ANYWHERE DAYBREAK_NOW_US DAYBREAK_CRASH_AT DAYBREAK_CRASH_LIST DAYBREAK_CPU
unset NO_COLOR TZ
LC_ALL=C
export DAYBREAK_BUILD top_srcdir LC_ALL

# Larger inputs and published suites lie beside the checkout; where they are missing, the tests that want them are skipped.
if test -z "$DAYBREAK_SHARED" && test -d "$top_srcdir/../shared"; then
    DAYBREAK_SHARED=$(cd "$top_srcdir/../shared" && pwd)
fi
test -z "$DAYBREAK_SHARED" || export DAYBREAK_SHARED

# Check's own limit of 4 s a case is too short under sanitizers on a busy machine.
CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-120}
ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=1:detect_leaks=1}
UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
export CK_DEFAULT_TIMEOUT ASAN_OPTIONS UBSAN_OPTIONS
