#!/usr/bin/env bash
# Tests deploy/check.sh: breaks one thing at a time in a copy, and expects the check to fail.
#
# usage: Tests/Integration/Deploy/check-notices.sh
set -euo pipefail
project=$(cd "$(dirname "$0")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missed=0

copy() {
  rm -rf "$work/project"
  mkdir -p "$work/project/Sources"
  (cd "$project" && cp -r --parents .ci .github Dockerfile deploy scripts Tests/Integration/Deploy Sources/Service "$work/project/")
  # The tools are installed once.
  [ ! -d "$project/.venv-check" ] || ln -s "$project/.venv-check" "$work/project/.venv-check"
}

# expect CHECK FILE SED-SCRIPT: with the file so changed, that check has to fail.
expect() {
  local check=$1 file=$2 script=$3
  copy
  sed -i "$script" "$work/project/$file"
  if cmp -s "$project/$file" "$work/project/$file"; then
    echo "FAILED  the change does not apply: $file, $script"
    missed=$((missed + 1))
  elif "$work/project/deploy/check.sh" >"$work/output" 2>&1 || ! grep -q "^FAILED  $check" "$work/output"; then
    echo "FAILED  not noticed by '$check': $file, $script"
    missed=$((missed + 1))
  else
    echo "ok      noticed by '$check': $file, $script"
  fi
}

expect "no Foundation in the server" Sources/Service/DetectionService.swift '1iimport Foundation'
expect "yamllint" deploy/kubernetes/base/service.yaml 's/^  name: yolox/   name: yolox/'
expect "shellcheck" scripts/deploy-image.sh 's/^set -euo pipefail/unused=1/'
expect "schema of the workflows" .github/workflows/release.yml 's/runs-on:/run-on:/'
expect "scripts in the workflows" .github/workflows/release.yml 's/deploy-notes.sh/deploy-note.sh/'
expect "hadolint" Dockerfile 's/--no-install-recommends//'
expect "compose" deploy/compose/compose.yaml 's/restart:/restarts:/'
expect "kustomize overlays/production" deploy/kubernetes/overlays/production/kustomization.yaml 's/weights.yaml/weight.yaml/'
expect "schemas of base" deploy/kubernetes/base/deployment.yaml 's/readinessProbe/readynessProbe/'
expect "pods of base" deploy/kubernetes/base/deployment.yaml '/allowPrivilegeEscalation/d'
expect "pods of base" deploy/kubernetes/base/deployment.yaml 's/terminationGracePeriodSeconds: 45/terminationGracePeriodSeconds: 30/'
expect "pods of base" deploy/kubernetes/base/service.yaml 's/app.kubernetes.io\/name: yolox/app.kubernetes.io\/name: yolo/'
expect "pods of overlays/production" deploy/kubernetes/overlays/production/deployment.yaml 's/claimName: yolox-weights/claimName: weights/'
expect "schema of kserve/inference-service.yaml" deploy/kserve/inference-service.yaml 's/storageUri/storageURI/'
expect "pods of kserve" deploy/kserve/serving-runtime.yaml '/drop:/d'
expect "schema of training/mpijob.yaml" deploy/training/mpijob.yaml 's/slotsPerWorker/slotPerWorker/'
expect "schemas of training" deploy/training/mpijob.yaml 's/persistentVolumeClaim:/persistentVolume:/'
expect "pods of training" deploy/training/mpijob.yaml '/readOnlyRootFilesystem/d'
expect "parts of training/mpijob.yaml" deploy/training/mpijob.yaml 's/replicas: 4/replicas: 3/'
expect "parts of training/mpijob.yaml" deploy/training/sshd_config 's/Port 2222/Port 22/'
expect "promtool check rules" deploy/prometheus/rules.yaml 's/histogram_quantile(/histogram_quantil(/'
expect "promtool test rules" deploy/prometheus/rules.yaml 's/14.4 \* 0.001/100 * 0.001/'
expect "names of metrics and options" deploy/prometheus/rules.yaml 's/yolox_connections/yolox_connection/'
expect "names of metrics and options" deploy/compose/grafana/dashboards/yolox.json 's/yolox_queue_depth/yolox_queue_length/'
expect "the dashboard's queries" deploy/compose/grafana/dashboards/yolox.json 's/topk(10,/topk(,/'
expect "haproxy -c" deploy/proxy/haproxy.cfg 's/retry-on/retries-on/'
expect "nginx -t" deploy/proxy/nginx.conf 's/non_idempotent/non_idempotente/'
expect "caddy validate" deploy/proxy/Caddyfile 's/health_uri/health_url/'
expect "systemd-analyze verify" deploy/systemd/yolox.service 's/PrivateNetwork=/PrivateNetworks=/'
expect "systemd-analyze security" deploy/systemd/yolox.service '/^Protect/d; /^SystemCall/d; /^Restrict/d; /^Private/d'

[ "$missed" -eq 0 ] || { echo "$missed not noticed"; exit 1; }
