#!/usr/bin/env bash
# Starts the service and calls it with other people's clients: curl, requests, aiohttp, a browser, those of the services
# whose APIs it speaks, and schemathesis, which makes up requests from /openapi.json and compares every answer with it.
# Installs what is missing (Debian, PyPI).
#
#   Tests/Clients/check.sh [PICTURE]      a picture with a dog, a bicycle and a car
set -euo pipefail
cd "$(dirname "$0")/../.."
picture=${1:-../shared/images/dog.jpg}
[ -f "$picture" ] || { echo "check-clients: needs a picture of a dog, a bicycle and a car at $picture" >&2; exit 1; }

venv=.venv-clients
clients='tritonclient[http] deepstack-python deepstack-sdk pydoods numpy pillow'
if [ ! -x $venv/bin/schemathesis ] || [ ! -d "$(echo $venv/lib/python3*/site-packages/pydoods)" ]; then
  python3 -m venv $venv || { apt-get install -y python3-venv && python3 -m venv $venv; }
  $venv/bin/pip install --quiet requests aiohttp schemathesis websocket-client $clients
fi
command -v curl >/dev/null || apt-get install -y curl

scratch=$(mktemp -d)
yolox=.build/release/yolox
start() {
  rm -f "$scratch/log"
  $yolox serve --port 0 "$@" 2>"$scratch/log" &
  server=$!
  for _ in $(seq 100); do
    grep -q ' ready$' "$scratch/log" && break
    kill -0 $server 2>/dev/null || { cat "$scratch/log" >&2; exit 1; }
    sleep 0.1
  done
  url=http://$(grep -o 'addresses=[^ ]*' "$scratch/log" | cut -d= -f2)
}
finish() {
  kill -TERM $server
  wait $server || { echo "check-clients: the server ended with $?" >&2; exit 1; }
}
trap 'kill $server 2>/dev/null || true; rm -rf "$scratch"' EXIT

start
echo "== curl"
expect() {
  local what=$1
  shift
  curl -sSf "$@" -o "$scratch/answer"
  grep -qa "$what" "$scratch/answer" || { echo "check-clients: no $what in the answer to curl $*" >&2; exit 1; }
}
expect '"label":"bicycle"' --data-binary @"$picture" "$url/detect?score_threshold=0.5"
expect '"label":"dog"' -F image=@"$picture" -F classes=dog "$url/detect"
expect '"label":"car"' -T "$picture" -X POST -H 'Transfer-Encoding: chunked' "$url/detect"
expect '"label":"car"' --http1.0 --data-binary @"$picture" "$url/detect"
expect JFIF -H 'Accept: image/jpeg' --data-binary @"$picture" "$url/detect"
echo "== Python"
$venv/bin/python Tests/Clients/http_clients.py "$url" "$picture"
echo "== other services' clients"
$venv/bin/python Tests/Clients/compatibility.py "$url" "$picture"
if command -v chromium >/dev/null; then
  echo "== browser"
  $venv/bin/python Tests/Clients/browser.py "$url" "$picture" "${SCREENSHOT:-$scratch/page.png}"
fi
finish

echo "== a service with keys and two models"
echo "a-key-for-the-tests" >"$scratch/keys"
start --api-key-file "$scratch/keys" --model yolox-nano=yolox-nano --model spare=yolox-nano
if command -v chromium >/dev/null; then
  $venv/bin/python Tests/Clients/browser.py "$url" "$picture" "$scratch/page.png" a-key-for-the-tests
fi
$venv/bin/python Tests/Clients/compatibility.py "$url" "$picture" a-key-for-the-tests
# Not of other services' APIs: what those take, and how leniently, their clients decide, who were just here.
SCHEMATHESIS_HOOKS=Tests/Clients/schemathesis_hooks.py $venv/bin/schemathesis \
  --config-file Tests/Clients/schemathesis.toml run "$url/openapi.json" --exclude-tag Compatibility \
  --checks all --max-examples "${EXAMPLES:-40}" --continue-on-failure >"$scratch/schemathesis" || { cat "$scratch/schemathesis"; exit 1; }
tail -n 12 "$scratch/schemathesis"
finish
echo "check-clients: all as it should be"
