#!/bin/sh
# Runs tests. Repeats the failures at the end, because long logs are truncated, and says what was skipped and why.
#
#   scripts/run-tests.sh COMMAND [ARGUMENT...]      exits with the status of the command
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
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
# Tests of a skipped suite are reported one by one, with the suite's reason.
skipped=$(grep -aE '^[^[:alnum:]]*Test .* skipped' "$scratch/log")
if [ -n "$skipped" ]; then
  reasons=$(printf '%s\n' "$skipped" | sed -nE 's/.* skipped: "needs (.*)"$/\1/p' | tr -d ' ' | tr ',' '\n' | sort -u | paste -sd ' ')
  echo "$(printf '%s\n' "$skipped" | wc -l) tests skipped: they need ../shared or 'make test-data'${reasons:+ ($reasons)}"
fi
exit "$status"
