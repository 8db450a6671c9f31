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
# shellcheck source=/dev/null
. Tests/Integration/service.sh
scratch=$(mktemp -d)
# On a busy machine requests are slow but not rejected.
$yolox serve --port 0 --request-timeout 60 2>"$scratch/log" &
server=$!
trap 'kill $server 2>/dev/null || true; rm -rf "$scratch"' EXIT
url=$(service_url $server "$scratch/log")
$venv/bin/python Tests/Integration/Images/test_sets.py --service "$url" "$@"
