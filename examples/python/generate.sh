#!/usr/bin/env bash
# Generates a typed Python client from the description that a running service gives of itself.
#
# usage: examples/python/generate.sh [URL] [FOLDER]
#
# Without URL, a service of the command $YOLOX (.build/release/yolox) is started for it.
#
# FOLDER/swift_yolox_client is the client; it needs httpx and attrs. openapi-python-client is taken from the PATH, or
# from PyPI into .venv-client-python.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
url=${1:-}
folder=${2:-$here/client}

venv=
if ! command -v openapi-python-client >/dev/null; then
  venv=$here/../../.venv-client-python
  if [ ! -x "$venv/bin/openapi-python-client" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet openapi-python-client
  fi
  PATH=$venv/bin:$PATH
fi
if [ -z "$url" ]; then
  log=$(mktemp)
  "${YOLOX:-$here/../../.build/release/yolox}" serve --port 0 2>"$log" &
  service=$!
  trap 'kill "$service"; rm -f "$log"' EXIT
  for _ in $(seq 100); do
    url=$(sed -n 's#.* url=\(http://[^ ]*\)/$#\1#p' "$log")
    [ -z "$url" ] || break
    sleep 0.1
  done
  [ -n "$url" ] || { cat "$log" >&2; exit 1; }
fi
# What it cannot make a client of is an error, not a gap in the client.
openapi-python-client generate --fail-on-warning --overwrite --config "$here/generator.yaml" \
  --url "$url/openapi.json" --output-path "$folder"
echo "$folder: needs httpx and attrs; ${venv:+$venv/bin/python has both}" >&2
