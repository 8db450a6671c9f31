#!/usr/bin/env bash
# A platform team: the image, an overlay of one's own, alerts, and the Python client with a key. No cluster is needed: the
# command runs with the environment of the rendered Deployment, and promtool reads the rendered rules. The image is built if
# docker runs here; Tests/Integration/Deploy/image.sh tests it without docker.
#
# usage: Tests/Integration/Stories/cluster.sh [YOLOX]      needs kubectl and PyYAML, which deploy/check.sh installs
set -euo pipefail
project=$(cd "$(dirname "$0")/../../.." && pwd)
yolox=$(realpath "${1:-$project/.build/release/yolox}")
cd "$project"
[ -d .venv-check ] || { echo "story: run deploy/check.sh first; it installs kubectl" >&2; exit 69; }
PATH=$project/.venv-check/bin:$PATH:/usr/sbin
[ ! -d ../shared/weights ] || export YOLOX_WEIGHTS_DIR=${YOLOX_WEIGHTS_DIR:-$PWD/../shared/weights}
version=$(scripts/deploy-version.sh)
work=$(mktemp -d)
service=
trap '[ -z "$service" ] || kill "$service"; rm -rf "$work"' EXIT
say() { echo "story: $*"; }

if docker info >/dev/null 2>&1; then
  scripts/deploy-image.sh && docker image inspect "swift-yolox:$version" >/dev/null
  say "make image has tagged swift-yolox:$version, as the manifests want it"
else
  say "no docker here: the image is not built"
fi

# An overlay of one's own: the production overlay with the image in another registry.
cp -r deploy "$work/deploy"
openssl rand -hex 32 >"$work/deploy/kubernetes/overlays/production/api-keys"
mkdir "$work/deploy/kubernetes/overlays/mine"
cat >"$work/deploy/kubernetes/overlays/mine/kustomization.yaml" <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../production]
images: [{name: swift-yolox, newName: registry.example.org/team/yolox, newTag: "$version"}]
YAML
kubectl kustomize "$work/deploy/kubernetes/overlays/mine" >"$work/rendered.yaml"
python3 deploy/checks/pods.py "$work/rendered.yaml"

python3 - "$work" "$version" <<'PYTHON'
import base64, json, pathlib, sys, yaml

work = pathlib.Path(sys.argv[1])
resources = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all((work / "rendered.yaml").read_text())}
container = resources["Deployment", "yolox"]["spec"]["template"]["spec"]["containers"][0]
assert container["image"] == f"registry.example.org/team/yolox:{sys.argv[2]}", container["image"]
(work / "rules.yaml").write_text(yaml.safe_dump(resources["PrometheusRule", "yolox"]["spec"]))
dashboard = next(one for (kind, _), one in resources.items() if kind == "ConfigMap")
json.loads(dashboard["data"]["yolox.json"])
secret = next(one for (kind, name), one in resources.items() if kind == "Secret")
(work / "keys").write_bytes(base64.b64decode(secret["data"]["api-keys"]))
# Places of this machine instead of the pod's.
own = {"YOLOX_HOST": "127.0.0.1", "YOLOX_PORT": "0", "YOLOX_WEIGHTS": "yolox-nano", "YOLOX_API_KEY_FILE": str(work / "keys"),
       "YOLOX_LOG_FORMAT": "text", "YOLOX_THREADS": "2", "YOLOX_SHUTDOWN_DELAY": "0"}
lines = {one["name"]: own.get(one["name"], one.get("value")) for one in container["env"] if one["name"] != "YOLOX_WEIGHTS_DIR"}
(work / "environment").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
PYTHON
if command -v promtool >/dev/null; then
  promtool check rules "$work/rules.yaml" >/dev/null
  (cd deploy/prometheus && promtool test rules rules_test.yaml >/dev/null)
fi
say "the overlay renders with the image, the alerts, the dashboard and the key"

mapfile -t environment <"$work/environment"
env "${environment[@]}" "$yolox" serve 2>"$work/log" &
service=$!
for _ in $(seq 300); do
  url=$(sed -n 's#.* url=\(http://[^ ]*\)/$#\1#p' "$work/log")
  [ -z "$url" ] || break
  kill -0 "$service" || { cat "$work/log" >&2; exit 1; }
  sleep 0.1
done
[ -n "$url" ] || { cat "$work/log" >&2; exit 1; }
! grep 'has no effect' "$work/log" || { say "the Deployment sets variables that nothing reads"; exit 1; }

[ "$(curl -s -o /dev/null -w '%{http_code}' --data-binary @docs/images/street.png "$url/detect")" = 401 ] \
  || { say "a request without a key is admitted"; exit 1; }
examples/python/generate.sh "$url" "$work/client" >/dev/null
python=.venv-client-python/bin/python
[ -x "$python" ] || python=python3
PYTHONPATH=$work/client "$python" examples/python/detect.py "$url" docs/images/street.png --key "$(cat "$work/keys")" | tee "$work/found"
grep -q 'stop sign' "$work/found" || { say "the Python client finds no stop sign"; exit 1; }
curl -sS --fail "$url/metrics" | grep -q yolox_requests_total
say "the Python client finds the stop sign with its key; without one the answer is 401"
