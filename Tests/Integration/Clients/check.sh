#!/usr/bin/env bash
# Starts the service and calls it with other projects' clients: curl, requests, aiohttp, a browser, those of the compatible APIs,
# and schemathesis, which generates requests from /openapi.json and checks every response against it. Installs missing programs
# (Debian, PyPI).
#
#   Tests/Integration/Clients/check.sh [IMAGE]      an image with a dog, a bicycle and a car
#
# The browser, Java and Node run only if chromium (and nginx), java and node are installed; Frigate's plugin only if its repository
# can be cloned ($FRIGATE_REPOSITORY names a copy). Each one that does not run is named. Exits with 69 if clients, image or weights are not available.
set -euo pipefail
cd "$(dirname "$0")/../../.."
image=${1:-../shared/images/dog.jpg}
yolox=.build/release/yolox

unavailable() {
  echo "check-clients: not available: $1" >&2
  exit 69
}
install() { scripts/install-packages.sh "$@" || unavailable "$*"; }
[ -f "$image" ] || unavailable "an image of a dog, a bicycle and a car at $image"
# Reference data beside the checkout saves the download.
[ ! -d ../shared/weights ] || export YOLOX_WEIGHTS_DIR=${YOLOX_WEIGHTS_DIR:-$PWD/../shared/weights}
$yolox weights fetch yolox-nano || unavailable "the weights of YOLOX-Nano"
venv=.venv-clients
if ! cmp -s Tests/Integration/Clients/requirements.txt $venv/installed.txt; then
  python3 -c 'import ensurepip' 2>/dev/null || install python3-venv
  rm -rf $venv
  { python3 -m venv $venv && $venv/bin/pip install --quiet --requirement Tests/Integration/Clients/requirements.txt; } \
    || unavailable "what Tests/Integration/Clients/requirements.txt names"
  cp Tests/Integration/Clients/requirements.txt $venv/installed.txt
fi
command -v curl >/dev/null || install curl
# One of the clients needs OpenCV, which needs libraries of a window system.
$venv/bin/python -c 'import cv2' 2>/dev/null || install libgl1 libglib2.0-0
export PATH=$PWD/$venv/bin:$PATH

# shellcheck source=/dev/null
. Tests/Integration/service.sh
scratch=$(mktemp -d)
start() {
  rm -f "$scratch/log"
  # On a busy machine requests are slow but not rejected.
  $yolox serve --port 0 --request-timeout 60 --config Tests/Integration/Clients/profiles.json "$@" 2>"$scratch/log" &
  server=$!
  url=$(service_url $server "$scratch/log")
}
# The demo network serves where no other weights are found.
start_demo() {
  (cd "$scratch" && exec env -u YOLOX_WEIGHTS_DIR XDG_DATA_HOME="$scratch" "$OLDPWD/$yolox" serve --port 0 --request-timeout 60) \
    2>"$scratch/demo-log" &
  demo=$!
  demo_url=$(service_url $demo "$scratch/demo-log")
}
finish() {
  kill -TERM $server
  wait $server || { echo "check-clients: the server ended with $?" >&2; exit 1; }
}
demo=
trap 'kill $server $demo 2>/dev/null || true; rm -rf "$scratch"' EXIT

start
echo "== curl"
expect() {
  local what=$1
  shift
  curl -sSf "$@" -o "$scratch/answer"
  grep -qa "$what" "$scratch/answer" || { echo "check-clients: no $what in the answer to curl $*" >&2; exit 1; }
}
expect '"label":"bicycle"' --data-binary @"$image" "$url/detect?score_threshold=0.5"
expect '"label":"dog"' -F image=@"$image" -F classes=dog "$url/detect"
expect '"label":"car"' -T "$image" -X POST -H 'Transfer-Encoding: chunked' "$url/detect"
expect '"label":"car"' --http1.0 --data-binary @"$image" "$url/detect"
expect JFIF -H 'Accept: image/jpeg' --data-binary @"$image" "$url/detect"
echo "== Python"
python Tests/Integration/Clients/http_clients.py "$url" "$image"
if command -v java >/dev/null; then
  echo "== Java"
  for program in PostImage PostForm; do
    java "Tests/Integration/Clients/java/$program.java" "$url/detect?score_threshold=0.5" "$image" >"$scratch/answer"
    grep -q '^200 application/json .*"label":"dog".*"label":"bicycle".*"label":"car"' "$scratch/answer" \
      || { echo "check-clients: $program: not as expected" >&2; cat "$scratch/answer" >&2; exit 1; }
    echo "ok  $program"
  done
else
  echo "== Java: skipped, no java"
fi
if command -v node >/dev/null; then
  echo "== Node"
  node Tests/Integration/Clients/node_clients.mjs "$url" "$image"
else
  echo "== Node: skipped, no node"
fi
echo "== a client generated from the description"
examples/python/generate.sh "$url" "$scratch/client" >"$scratch/generated" || { cat "$scratch/generated"; exit 1; }
generated() { PYTHONPATH=$scratch/client python examples/python/detect.py "$url" "$@" | cut -f 1-2 >"$scratch/answer"; }
same() {
  diff <(printf '%b\n' "$@") "$scratch/answer" || { echo "check-clients: not what the generated client is to find" >&2; exit 1; }
}
name=$(basename "$image")
found="$name\tdog\n$name\tbicycle\n$name\tcar"
generated "$image"
same 'models: yolox-nano' "$found"
generated "$image" README.md "$image"
same 'models: yolox-nano' "$found" 'README.md\tUnsupported image format' "$found"
echo "== other services' clients"
python Tests/Integration/Clients/compatibility.py "$url" "$image"
frigate=${FRIGATE_REPOSITORY:-https://github.com/blakeblackshear/frigate}
if command -v git >/dev/null \
  && timeout 120 git clone --quiet --depth 1 --no-checkout --filter=blob:none "$frigate" "$scratch/frigate" 2>/dev/null \
  && git -C "$scratch/frigate" show HEAD:frigate/detectors/plugins/deepstack.py >"$scratch/deepstack.py" 2>/dev/null; then
  echo "== Frigate"
  python Tests/Integration/Clients/frigate.py "$url" "$image" "$scratch/deepstack.py"
else
  echo "== Frigate: skipped, cannot clone $frigate"
fi
if command -v chromium >/dev/null; then
  echo "== browser"
  python Tests/Integration/Clients/browser.py "$url" "$image" "${SCREENSHOT:-$scratch/page.png}"
  if command -v nginx >/dev/null; then
    python Tests/Integration/Clients/page.py "$url" ${SCREENSHOTS:+"$SCREENSHOTS"}
  else
    echo "== the page behind a proxy: skipped, no nginx"
  fi
else
  echo "== browser: skipped, no chromium"
fi
finish

echo "== a service with keys and two models"
echo "a-key-for-the-tests" >"$scratch/keys"
start --api-key-file "$scratch/keys" --model yolox-nano=yolox-nano --model spare=yolox-nano
if command -v chromium >/dev/null; then
  python Tests/Integration/Clients/browser.py "$url" "$image" "$scratch/page.png" a-key-for-the-tests
  start_demo
  python Tests/Integration/Clients/page_controls.py "$url" a-key-for-the-tests "$demo_url"
  kill -TERM $demo
  wait $demo
  demo=
fi
python Tests/Integration/Clients/compatibility.py "$url" "$image" a-key-for-the-tests
# The same requests each time; another SEED makes up others. Not of other services' APIs: what those take, and how leniently, their clients decide, who were just here.
SCHEMATHESIS_HOOKS=Tests/Integration/Clients/schemathesis_hooks.py schemathesis \
  --config-file Tests/Integration/Clients/schemathesis.toml run "$url/openapi.json" --exclude-tag Compatibility \
  --checks all --max-examples "${EXAMPLES:-40}" --seed "${SEED:-1}" --continue-on-failure >"$scratch/schemathesis" || { cat "$scratch/schemathesis"; exit 1; }
tail -n 12 "$scratch/schemathesis"
finish
echo "check-clients: all as it should be"
