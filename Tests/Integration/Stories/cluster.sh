#!/usr/bin/env bash
# A platform team: `make image`, an overlay of one's own, alerts, and the Python client with a key. No cluster is needed: the
# image is built with buildah (Tests/Integration/Deploy/image.sh) and runs as the rendered Deployment says, with its
# environment, its secret and a volume that the rendered Job has filled; Prometheus evaluates the rendered rules.
# Needs root and Debian's packages; takes as long as a release build.
#
# usage: Tests/Integration/Stories/cluster.sh [WORKDIR]      WORKDIR keeps the bases for the next run
#
# YOLOX and REUSE_IMAGE=1 are as for Tests/Integration/Deploy/image.sh.
# shellcheck disable=SC2154
set -euo pipefail
project=$(cd "$(dirname "$0")/../../.." && pwd)
work=$(realpath -m "${1:-$(mktemp -d)}")
photo=$project/docs/images/street.png
local_weights=${YOLOX_WEIGHTS_DIR:-$project/../shared/weights}/yolox_nano.onnx
cd "$project"
say() { echo "story: $*" >&2; }
fail() { say "FAILED: $*"; exit 1; }
# shellcheck source=/dev/null
. Tests/Integration/Deploy/container.sh

install_tools() {
  local missing=() pair
  for pair in prometheus:prometheus promtool:prometheus busybox:busybox-static openssl:openssl; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} -eq 0 ] || scripts/install-packages.sh "${missing[@]}"
  if [ ! -x .venv-check/bin/kubectl ]; then
    python3 -m venv .venv-check
    .venv-check/bin/pip install --quiet --requirement deploy/checks/requirements.txt
    cp deploy/checks/requirements.txt .venv-check/installed.txt
  fi
  PATH=$project/.venv-check/bin:$PATH
}

# An overlay of one's own: the production overlay with the image in another registry and YOLOX-Nano in the volume.
render() {
  local tree=$work/deploy/kubernetes
  rm -rf "$work/deploy"
  cp -r deploy "$work/deploy"
  openssl rand -hex 32 >"$tree/overlays/production/api-keys"
  mkdir "$tree/overlays/mine"
  cat >"$tree/overlays/mine/kustomization.yaml" <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../production]
images: [{name: swift-yolox, newName: registry.example.org/team/yolox, newTag: "$version"}]
patches:
  - patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: yolox}
      spec: {template: {spec: {containers: [{name: yolox, env: [{name: YOLOX_WEIGHTS, value: yolox-nano}]}]}}}
  - patch: |
      apiVersion: batch/v1
      kind: Job
      metadata: {name: yolox-weights}
      spec:
        template:
          spec:
            containers:
              - name: fetch
                env:
                  - {name: FILE, value: yolox_nano.onnx}
                  - {name: URL, value: "$(manifest url)"}
                  - {name: SHA256, value: $(manifest sha256)}
YAML
  kubectl kustomize "$tree/overlays/mine" >"$work/rendered.yaml"
  kubernetes-validate --quiet "$work/rendered.yaml" >/dev/null 2>&1 || fail "the API's schemas reject the rendered overlay"
  python3 deploy/checks/pods.py "$work/rendered.yaml" || fail "the rendered pods"
}

# A member of YOLOX-Nano's record in the manifest; the digest is that of the file that is here, if the manifest has it.
manifest() {
  python3 - "$1" "$local_weights" <<'PYTHON'
import hashlib, json, pathlib, sys

model = next(one for one in json.load(open("weights/manifest.json"))["models"] if one["name"] == "yolox-nano")
file = pathlib.Path(sys.argv[2])
digests = [model["sha256"], *(one["sha256"] for one in model["alternatives"])]
if file.exists() and (digest := hashlib.sha256(file.read_bytes()).hexdigest()) in digests:
    model["sha256"] = digest
print(model[sys.argv[1]])
PYTHON
}

# Takes out of the rendered overlay what the pods get.
take_out() {
  rm -rf "$work/secret" "$work/volume" && mkdir "$work/secret" "$work/volume"
  python3 - "$work" "$version" <<'PYTHON'
import base64, json, pathlib, sys, yaml

work = pathlib.Path(sys.argv[1])
resources = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all((work / "rendered.yaml").read_text())}
pod = resources["Deployment", "yolox"]["spec"]["template"]["spec"]
container = pod["containers"][0]
assert container["image"] == f"registry.example.org/team/yolox:{sys.argv[2]}", container["image"]
assert container["args"] == ["serve"]


def value(one):
    if "value" in one:
        return one["value"]
    return container["resources"]["limits"][one["valueFrom"]["resourceFieldRef"]["resource"].removeprefix("limits.")]


(work / "environment").write_text("".join(f"{one['name']}={value(one)}\n" for one in container["env"]))
# Places in the pod of the volumes of secrets and claims.
for volume in pod["volumes"]:
    source = work / ("secret" if "secret" in volume else "volume")
    mount = next(one["mountPath"] for one in container["volumeMounts"] if one["name"] == volume["name"])
    with (work / "mounts").open("a") as mounts:
        mounts.write(f"{source}:{mount}\n")
    if "secret" in volume:
        # With the suffix that kustomize has given it.
        for name, content in resources["Secret", volume["secret"]["secretName"]]["data"].items():
            (source / name).write_bytes(base64.b64decode(content))
(work / "rules.yaml").write_text(yaml.safe_dump(resources["PrometheusRule", "yolox"]["spec"]))
dashboard = next(one for (kind, _), one in resources.items() if kind == "ConfigMap")
assert json.loads(dashboard["data"]["yolox.json"])["panels"]
fetch = resources["Job", "yolox-weights"]["spec"]["template"]["spec"]["containers"][0]
(work / "job.sh").write_text(fetch["args"][0].replace("cd /weights", f"cd {work}/volume"))
(work / "job.environment").write_text("".join(f"{one['name']}={one['value']}\n" for one in fetch["env"]))
# The job label that the ServiceMonitor gives is the one that the alerts select.
monitor = resources["ServiceMonitor", "yolox"]
label = resources["Service", "yolox"]["metadata"]["labels"][monitor["spec"]["jobLabel"]]
(work / "prometheus.yml").write_text(yaml.safe_dump({
    "global": {"evaluation_interval": "5s"},
    "rule_files": ["rules.yaml"],
    "scrape_configs": [{"job_name": label, "scrape_interval": "5s", "metrics_path": monitor["spec"]["endpoints"][0]["path"],
                        "static_configs": [{"targets": ["127.0.0.1:8080"]}]}],
}))
PYTHON
  # As the group of the pod (fsGroup) sees them.
  chown -R 65532:65532 "$work/secret" "$work/volume"
}

# The Job's script in a shell like that of its image. A file that is there already saves it the download.
run_job() {
  local lines
  [ ! -e "$local_weights" ] || cp "$local_weights" "$work/volume/"
  mapfile -t lines <"$work/job.environment"
  env "${lines[@]}" busybox sh -euc "$(cat "$work/job.sh")" || fail "the Job does not fill the volume"
  chmod -R a+rX "$work/volume"
  say "the Job has filled and verified the volume"
}

start_prometheus() {
  promtool check rules "$work/rules.yaml" >/dev/null || fail "promtool rejects the rendered rules"
  (cd deploy/prometheus && promtool test rules rules_test.yaml >/dev/null) || fail "promtool test rules"
  rm -rf "$work/data"
  nsenter --target "$server" --net prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" \
    --web.listen-address=127.0.0.1:9090 >"$work/prometheus.log" 2>&1 &
  prometheus=$!
}

# Waits until a Python expression over the answer `a` of Prometheus is true.
prometheus_says() {
  local path=$1 expression=$2
  for _ in $(seq 180); do
    if nsenter --target "$prometheus" --net curl -sf "http://127.0.0.1:9090$path" 2>/dev/null | python3 -c "
import json, sys
a = json.load(sys.stdin)['data']
sys.exit(0 if $expression else 1)" 2>/dev/null; then return; fi
    sleep 1
  done
  tail -5 "$work/prometheus.log" >&2
  return 1
}

client_test() {
  local url=http://127.0.0.1:8080 python=.venv-client-python/bin/python key
  key=$(cat "$work/secret/api-keys")
  [ "$(at_server curl -s -o /dev/null -w '%{http_code}' --data-binary "@$photo" $url/detect)" = 401 ] \
    || fail "a request without a key is admitted"
  # The generator needs the network of this machine for its installation only.
  [ -x "$python" ] || { python3 -m venv .venv-client-python && .venv-client-python/bin/pip install --quiet openapi-python-client; }
  PATH=$project/.venv-client-python/bin:$PATH at_server examples/python/generate.sh $url "$work/client" >"$work/generate.log" 2>&1 \
    || { tail -5 "$work/generate.log" >&2; fail "the Python client is not generated"; }
  PYTHONPATH=$work/client at_server "$python" examples/python/detect.py $url "$photo" --key "$key" | tee "$work/found"
  grep -q 'stop sign' "$work/found" || fail "the Python client finds no stop sign"
  ! PYTHONPATH=$work/client at_server "$python" examples/python/detect.py $url "$photo" --key wrong >/dev/null 2>&1 \
    || fail "the Python client is admitted with a wrong key"
  say "the Python client finds the stop sign with its key; without one the answer is 401"
}

version=$(scripts/deploy-version.sh)
Tests/Integration/Deploy/image.sh "$work"
say "make image has built the image and tagged it $version, as the manifests want it"
install_container_tools
configure_buildah
install_tools
render
: >"$work/mounts"
take_out
say "the overlay renders with the image, the alerts, the dashboard and the key"
run_job

container=$(buildah from --pull-never "localhost/swift-yolox:$version")
mapfile -t mounts <"$work/mounts"
mapfile -t environment <"$work/environment"
start_container "$(buildah mount "$container")" "${mounts[@]}" -- "${environment[@]}"
! grep 'has no effect' "$work/server.log" || fail "the Deployment sets variables that nothing reads"
say "the image runs as the Deployment says"

start_prometheus
client_test
prometheus_says /api/v1/targets "a['activeTargets'][0]['health'] == 'up'" || fail "Prometheus cannot read /metrics"
prometheus_says /api/v1/rules "all(r['health'] == 'ok' for g in a['groups'] for r in g['rules'])" \
  || fail "Prometheus cannot evaluate the rendered rules"
say "Prometheus reads /metrics and evaluates the rendered rules"
kill -TERM "$server"
wait "$engine" || fail "the server does not end well on SIGTERM"
server=
prometheus_says /api/v1/alerts "any(one['labels']['alertname'] == 'YoloxDown' and one['state'] == 'firing' for one in a['alerts'])" \
  || fail "YoloxDown does not fire"
say "the pod stops on SIGTERM, and YoloxDown fires"
kill "$prometheus"
wait "$prometheus" || true
prometheus=
buildah rm "$container" >/dev/null
say "passed"
