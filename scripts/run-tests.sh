#!/bin/sh
# Runs tests. Repeats the failures at the end, because long logs are truncated, and says what was skipped and why.
#
#   scripts/run-tests.sh COMMAND [ARGUMENT...]      exits with the status of the command
#
# A command that takes longer than TEST_TIMEOUT (40m) has hung: it is stopped, and the tests that have not ended are named.
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
# Where coreutils has the programs: a time limit, and lines that are written at once, so that none is lost at that limit.
if command -v stdbuf >/dev/null && command -v timeout >/dev/null; then
  set -- timeout --kill-after=30 "${TEST_TIMEOUT:-40m}" stdbuf -oL "$@"
fi
# A pipe has the status of its last command, so the status of the first goes through a file.
{
  "$@" 2>&1
  echo $? >"$scratch/status"
} | tee "$scratch/log"
status=$(cat "$scratch/status" 2>/dev/null) || status=1
if [ "$status" -ne 0 ]; then
  printf '\n== %s: failed with %s\n' "$*" "$status"
  # Failures of Swift Testing, crashes and sanitizer reports.
  grep -aE '^[^[:alnum:]]*✘|^↳|^error:|Fatal error:|ERROR: AddressSanitizer|WARNING: ThreadSanitizer|SUMMARY:' \
    "$scratch/log" || tail -n 20 "$scratch/log"
fi
if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
  echo "stopped after ${TEST_TIMEOUT:-40m}; these tests had begun and not ended:"
  sed -nE 's/^[^[:alnum:]]*Test (.*) started\.$/\1/p' "$scratch/log" | grep -v '^case ' | sort >"$scratch/started"
  sed -nE 's/^[^[:alnum:]]*Test (.*) (passed|failed|skipped).*$/\1/p' "$scratch/log" |
    sed -E 's/ with [0-9]+ test cases?$//' | sort >"$scratch/ended"
  comm -23 "$scratch/started" "$scratch/ended"
fi
# Tests of a skipped suite are reported one by one, with the suite's reason.
skipped=$(grep -aE '^[^[:alnum:]]*Test .* skipped: "needs ' "$scratch/log")
if [ -n "$skipped" ]; then
  reasons=$(printf '%s\n' "$skipped" | sed -nE 's/.* skipped: "needs (.*)"$/\1/p' | tr -d ' ' | tr ',' '\n' | sort -u | paste -sd ' ')
  echo "$(printf '%s\n' "$skipped" | wc -l) tests skipped: they need ../shared or 'make test-data'${reasons:+ ($reasons)}"
fi
exit "$status"
