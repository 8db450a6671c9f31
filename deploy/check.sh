#!/usr/bin/env bash
# Checks the Dockerfile and all files in deploy/ with the programs that read them. Installs missing ones from Debian and PyPI;
# exits with 69 if that fails. Needs no cluster, no container engine and no other network.
#
# usage: deploy/check.sh [YOLOX]      with YOLOX, a built command, options and the dashboard are checked too
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
yolox=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$project"
# Reference data beside the checkout saves the download.
[ ! -d ../shared/weights ] || export YOLOX_WEIGHTS_DIR=${YOLOX_WEIGHTS_DIR:-$PWD/../shared/weights}

failures=0
check() {
  local what=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    echo "ok      $what"
  else
    echo "FAILED  $what"
    sed 's/^/        /' "$work/output"
    failures=$((failures + 1))
  fi
}

unavailable() {
  echo "check-deploy: cannot be installed here: $1" >&2
  exit 69
}

install_tools() {
  local missing=() pair
  for pair in promtool:prometheus haproxy:haproxy nginx:nginx-light caddy:caddy systemd-analyze:systemd \
    openssl:openssl shellcheck:shellcheck; do
    PATH=$PATH:/usr/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
  [ ${#missing[@]} -eq 0 ] || scripts/install-packages.sh "${missing[@]}" || unavailable "${missing[*]}"
  export PATH=$PATH:/usr/sbin
  local venv=.venv-check
  if ! cmp -s deploy/checks/requirements.txt "$venv/installed.txt"; then
    rm -rf "$venv"
    { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --requirement deploy/checks/requirements.txt; } \
      || unavailable "what deploy/checks/requirements.txt names"
    cp deploy/checks/requirements.txt "$venv/installed.txt"
  fi
  export PATH=$project/$venv/bin:$PATH
}

# A chart's templates are no YAML before they are rendered.
yaml_files() { find deploy -path deploy/helm/templates -prune -o -name '*.yaml' -print -o -name '*.yml' -print; }

kubernetes() {
  local kustomization folder name tree=$work/deploy/kubernetes
  cp -r deploy "$work/deploy"
  # The one file that users provide.
  echo check >"$tree/overlays/production/api-keys"
  while read -r kustomization; do
    folder=$(dirname "$kustomization")
    name=${folder#"$tree"/}
    check "kustomize $name" kubectl kustomize "$folder" --output "$work/rendered.yaml"
    [ -s "$work/rendered.yaml" ] || continue
    # A resource without a schema gives only a warning; the schemas of custom resources are beside this script.
    check "schemas of $name" validate "$work/rendered.yaml"
    check "pods of $name" python3 deploy/checks/pods.py "$work/rendered.yaml"
    rm "$work/rendered.yaml"
  done < <(find "$tree" -name kustomization.yaml | sort)
}

validate() {
  kubernetes-validate --strict --quiet "$1" | tee "$work/warnings"
  local result=${PIPESTATUS[0]}
  ! grep "Couldn't find schema" "$work/warnings" | grep -vE 'kind (ServiceMonitor|PrometheusRule)' || result=1
  return "$result"
}

# Helm's library comes as a wheel for x86-64 only.
helm_chart() {
  local name
  python3 -c 'import helm_python' 2>/dev/null || { no_helm=yes; return; }
  mkdir "$work/helm"
  check "helm renders the chart" python3 deploy/checks/helm.py deploy/helm "$work/helm"
  for name in default full; do
    check "schemas of the chart, $name" validate "$work/helm/$name.yaml"
    check "pods of the chart, $name" python3 deploy/checks/pods.py "$work/helm/$name.yaml"
  done
}

custom_resources() {
  local pair
  for pair in kubernetes/overlays/monitoring/service-monitor.yaml:service-monitor \
    kserve/serving-runtime.yaml:serving-runtime kserve/inference-service.yaml:inference-service; do
    check "schema of ${pair%%:*}" \
      check-jsonschema --schemafile "deploy/checks/schemas/${pair##*:}.json" "deploy/${pair%%:*}"
  done
  check "pods of kserve" python3 deploy/checks/pods.py deploy/kserve/serving-runtime.yaml
}

training() {
  local job=deploy/training/mpijob.yaml trainer=${yolox:+$(dirname "$yolox")/yolox-train}
  check "schema of training/mpijob.yaml" check-jsonschema --schemafile deploy/checks/schemas/mpijob.json "$job"
  check "pods of training/mpijob.yaml can be taken out" \
    bash -c "python3 deploy/checks/mpijob.py $job --pods >$work/pods.yaml"
  check "schemas of training" validate "$work/pods.yaml"
  check "pods of training" python3 deploy/checks/pods.py "$work/pods.yaml"
  [ -x "$trainer" ] || trainer=
  check "parts of training/mpijob.yaml" python3 deploy/checks/mpijob.py "$job" ${trainer:+"$trainer"}
}

proxies() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost \
    -keyout "$work/yolox.key" -out "$work/yolox.crt" 2>/dev/null
  cat "$work/yolox.crt" "$work/yolox.key" >"$work/yolox.pem"
  sed "s#/etc/haproxy/certs#$work#" deploy/proxy/haproxy.cfg >"$work/haproxy.cfg"
  sed "s#/etc/nginx/certs#$work#; s#^worker_processes#pid $work/nginx.pid;\n&#" deploy/proxy/nginx.conf >"$work/nginx.conf"
  # Without -q, which would hide warnings: any warning is a failure.
  check "haproxy -c" no_warning haproxy -c -f "$work/haproxy.cfg"
  check "nginx -t" no_warning nginx -t -c "$work/nginx.conf"
  check "caddy validate" caddy validate --adapter caddyfile --config deploy/proxy/Caddyfile
}

no_warning() { "$@" 2>&1 | tee "$work/said" && ! grep -iE '\[?(warn|alert)' "$work/said"; }

systemd_units() {
  local units=$work/units
  mkdir "$units"
  cp deploy/systemd/yolox.socket "$units/"
  # The package is not installed, so verify with a command that exists.
  sed 's#/usr/bin/yolox#/bin/true#' deploy/systemd/yolox.service >"$units/yolox.service"
  check "systemd-analyze verify" no_output systemd-analyze verify --man=no "$units/yolox.service" "$units/yolox.socket"
  check "systemd-analyze security, at most 2.0" \
    systemd-analyze security --offline=true --threshold=20 --no-pager "$units/yolox.service"
}

no_output() { "$@" 2>&1 | tee "$work/said" && [ ! -s "$work/said" ]; }

names() { python3 deploy/checks/names.py "$project" ${yolox:+"$yolox"} >"$work/dashboard-rules.yaml"; }

# Static linking of Foundation adds 37 MB of ICU data to an image of 30 MB; FoundationEssentials does not.
no_foundation() {
  ! grep -rnE --include '*.swift' '^import Foundation$' Sources | grep -vE '^Sources/(Training|TrainCLI|YOLOXClient)/'
}

install_tools
check "no Foundation in the server" no_foundation
check "yamllint" bash -c "$(declare -f yaml_files); yaml_files | xargs yamllint --strict --config-file deploy/checks/yamllint.yaml"
check "shellcheck" bash -c 'find deploy scripts Tests/Integration Benchmarks/inference Benchmarks/service -name "*.sh" | xargs shellcheck'
check "schema of the workflows" check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
check "scripts in the workflows" python3 deploy/checks/workflows.py .github/workflows/*.yml
check "hadolint" hadolint --failure-threshold info Dockerfile deploy/training/Dockerfile
check "compose" check-jsonschema --builtin-schema vendor.compose-spec deploy/compose/compose.yaml
kubernetes
helm_chart
custom_resources
training
check "the PrometheusRule is the file of rules" scripts/deploy-rules.py --check
check "promtool check rules" promtool check rules deploy/prometheus/rules.yaml
check "promtool test rules" promtool test rules deploy/prometheus/rules_test.yaml
# The path of the rules exists only in the container, so check the syntax alone.
check "promtool check config" promtool check config --syntax-only deploy/compose/prometheus.yml
check "names of metrics and options" names
check "the dashboard's queries are PromQL" promtool check rules "$work/dashboard-rules.yaml"
# The only check that runs the service and so needs weights.
if [ -n "$yolox" ] && (cd "$project" && "$yolox" weights fetch yolox-nano >/dev/null 2>&1); then
  check "the dashboard's queries have data" python3 deploy/checks/dashboard.py "$yolox" 15
  has_weights=yes
fi
proxies
systemd_units
[ -z "$yolox" ] || check "the service takes the socket of systemd" python3 deploy/checks/activation.py "$yolox"

if [ "$failures" -gt 0 ]; then
  echo "$failures checks failed"
  exit 1
fi
[ -n "$yolox" ] || echo "note: options were not checked; pass a built yolox to check them"
[ -z "${no_helm:-}" ] || echo "note: the Helm chart was not checked; helm-python-sdk is not here"
[ -n "${has_weights:-}" ] || echo "note: the dashboard was not checked under load; this needs yolox and its weights"
