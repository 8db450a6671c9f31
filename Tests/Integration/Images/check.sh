#!/usr/bin/env bash
# Starts the service and decodes test images of other projects with it: see test_sets.py.
#
#   Tests/Integration/Images/check.sh [SOURCE ...]      folders or repositories
#
# Exits with 69 if no source or not what requirements.txt names is available.
set -euo pipefail
cd "$(dirname "$0")/../../.."
yolox=.build/release/yolox
venv=.venv-images
if ! cmp -s Tests/Integration/Images/requirements.txt $venv/installed.txt; then
  rm -rf $venv
  { python3 -m venv $venv && $venv/bin/pip install --quiet --requirement Tests/Integration/Images/requirements.txt; } \
    || { echo "check-images: not available: what Tests/Integration/Images/requirements.txt names" >&2; exit 69; }
  cp Tests/Integration/Images/requirements.txt $venv/installed.txt
fi
scratch=$(mktemp -d)
# On a busy machine requests are slow but not rejected.
$yolox serve --port 0 --request-timeout 60 2>"$scratch/log" &
server=$!
trap 'kill $server 2>/dev/null || true; rm -rf "$scratch"' EXIT
for _ in $(seq 600); do
  grep -q ' ready ' "$scratch/log" && break
  kill -0 $server 2>/dev/null || { cat "$scratch/log" >&2; exit 1; }
  sleep 0.1
done
url=http://$(grep -o 'addresses=[^ ]*' "$scratch/log" | cut -d= -f2)
$venv/bin/python Tests/Integration/Images/test_sets.py --service "$url" "$@"
