#!/bin/sh
# Runs tests and repeats the failures at the end, because long logs are truncated.
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
exit "$status"
