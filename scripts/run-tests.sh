#!/bin/sh
# Runs tests and, if they fail, says once more at the very end what failed: logs are long, and some are cut.
#
#   scripts/run-tests.sh COMMAND [ARGUMENT...]      ends as the command does
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
# A pipe's status is that of its last command; the one that counts goes through a file.
{
  "$@" 2>&1
  echo $? >"$scratch/status"
} | tee "$scratch/log"
status=$(cat "$scratch/status" 2>/dev/null) || status=1
if [ "$status" -ne 0 ]; then
  printf '\n== %s: failed with %s\n' "$*" "$status"
  # What Swift Testing marks as failed with what it says of it, crashes, and what a sanitizer found.
  grep -aE '^[^[:alnum:]]*✘|^↳|^error:|Fatal error:|ERROR: AddressSanitizer|WARNING: ThreadSanitizer|SUMMARY:' \
    "$scratch/log" || tail -n 20 "$scratch/log"
fi
exit "$status"
