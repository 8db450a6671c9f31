#!/usr/bin/env bash
# Prints the section of CHANGELOG.md for a tag, and fails if tag, command and changelog do not agree.
#
# usage: scripts/deploy-notes.sh vVERSION
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1#v}
[ "$version" = "$(scripts/deploy-version.sh)" ] || { echo "release: the command is not of version $version" >&2; exit 1; }
notes=$(awk -v head="## $version" 'index($0, head) == 1 { on = 1; next } /^## / { on = 0 } on' CHANGELOG.md)
[ -n "$notes" ] || { echo "release: CHANGELOG.md has no section '## $version'" >&2; exit 1; }
printf '%s\n' "$notes"
