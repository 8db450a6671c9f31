#!/usr/bin/env bash
# Builds the image with buildah on bases made here (debootstrap, and the same with this machine's Swift toolchain),
# then runs it as a container would: as its user, read-only root, process 1. Needs root and Debian's packages, and no
# registry of images.
#
# usage: Tests/Integration/Deploy/image.sh [WORKDIR]      WORKDIR keeps the bases for the next run
#
# With REUSE_IMAGE=1 the image that the last run built there is looked at again.
set -euo pipefail
project=$(cd "$(dirname "$0")/../../.." && pwd)
work=${1:-$(mktemp -d)}
image=${IMAGE:-$project/../shared/images/dog.jpg}
weights_dir=${YOLOX_WEIGHTS_DIR:-$project/../shared/weights}
limit_mb=40
release=bookworm
mkdir -p "$work"

say() { echo "image: $*" >&2; }
fail() { say "FAILED: $*"; exit 1; }
store() { buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }

if ! command -v buildah >/dev/null || ! command -v debootstrap >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends buildah debootstrap curl >/dev/null
fi

make_runtime_base() {
  [ -e "$work/runtime/etc/os-release" ] \
    || debootstrap --variant=minbase --include=ca-certificates "$release" "$work/runtime" >"$work/debootstrap.log"
  import "$work/runtime" localhost/debian:$release-slim
}

# As the official image: the toolchain under /usr. Debuggers, editors' servers and documentation stay behind.
make_build_base() {
  local toolchain root=$work/build
  toolchain=$(cd "$(dirname "$(readlink -f "$(command -v swift)")")/.." && pwd)
  if [ ! -e "$root/usr/bin/swift" ]; then
    cp -a "$work/runtime" "$root"
    chroot "$root" sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
      --no-install-recommends binutils git libc6-dev libcurl4 libedit2 libgcc-12-dev libncurses6 libpython3.11 \
      libsqlite3-0 libstdc++-12-dev libxml2 pkg-config tzdata zlib1g-dev && apt-get clean' >"$work/packages.log" 2>&1
    tar -C "$toolchain" --exclude='*lldb*' --exclude='*sourcekit*' --exclude='*SourceKit*' --exclude='bin/clangd' \
      --exclude='bin/docc' --exclude='bin/wasmkit' --exclude='lib/swift/embedded' --exclude='lib/libclang.so*' \
      -cf - bin include lib libexec share | tar -C "$root/usr" -xf - --keep-directory-symlink
  fi
  import "$root" localhost/swift:$release
}

import() {
  local root=$1 name=$2 container
  ! store inspect --type image "$name" >/dev/null 2>&1 || return 0
  say "importing $name ($(du -sm "$root" | cut -f1) MB)"
  container=$(store from scratch)
  store copy -q "$container" "$root/" / >/dev/null
  store commit -q "$container" "$name" >/dev/null
  store rm "$container" >/dev/null
}

# Where git reads packages from folders instead of the network, the build has to see those folders.
git_mirrors() {
  git config --get-regexp '^url\..*\.insteadof$' | while read -r key value; do
    local folder=${key#url.}
    folder=${folder%.insteadof}
    [ -d "$folder" ] || continue
    echo "$folder"
    git config --file "$work/gitconfig" --replace-all "url.$folder.insteadOf" "$value" "^${value}\$"
  done | sort -u
}

build() {
  local volumes=() folder context=$work/context
  : >"$work/gitconfig"
  for folder in $(git_mirrors); do volumes+=(--volume "$folder:$folder:ro"); done
  git config --file "$work/gitconfig" --add safe.directory '*'
  volumes+=(--volume "$work/gitconfig:/etc/gitconfig:ro")
  # A clean checkout with the weights where a person would have put them.
  rm -rf "$context" && mkdir "$context"
  git -C "$project" ls-files -z --cached --others --exclude-standard | (cd "$project" && xargs -0 cp --parents -t "$context")
  cp "$weights_dir/yolox_nano.onnx" "$context/weights/"
  store bud --isolation chroot --format docker --pull-never --layers=false "${volumes[@]}" \
    --build-arg BUILD_IMAGE=localhost/swift:$release --build-arg RUNTIME_IMAGE=localhost/debian:$release-slim \
    --build-arg VERSION="$("$project/scripts/deploy-version.sh")" \
    --build-arg REVISION="$(git -C "$project" rev-parse HEAD)" \
    --build-arg CREATED="$(git -C "$project" show -s --format=%cI HEAD)" \
    --tag swift-yolox:test "$context" >"$work/build.log" 2>&1 || { tail -30 "$work/build.log" >&2; fail "the build"; }
}

# What the image says of itself, by a Python expression over its configuration `c`.
config() {
  store inspect --type image swift-yolox:test | python3 -c "
import json, sys
c = json.load(sys.stdin)['Docker']['config']
value = $1
print('\n'.join(value) if isinstance(value, list) else value)"
}

check_configuration() {
  [ "$(config "c['User']")" = 65532:65532 ] || fail "the user is $(config "c['User']")"
  [ "$(config "c['Healthcheck']['Test']" | tail -1)" = health ] || fail "there is no health check"
  [ "$(config "c['StopSignal']")" = SIGTERM ] || fail "the stop signal is not SIGTERM"
  [ "$(config "c['Labels']['org.opencontainers.image.licenses']")" = Apache-2.0 ] || fail "labels are missing"
  [ "$(config "c['Labels']['org.opencontainers.image.revision']")" = "$(git -C "$project" rev-parse HEAD)" ] \
    || [ -n "${REUSE_IMAGE:-}" ] || fail "the revision is not in the labels"
}

check_content() {
  local bytes
  (cd "$mounted" && find . -type f -printf '%s %p\n' | sort -k2) >"$work/image.files"
  (cd "$work/runtime" && find . -type f -printf '%s %p\n' | sort -k2) >"$work/base.files"
  comm -13 <(sort "$work/base.files") <(sort "$work/image.files") | grep -v ' ./var/log/' >"$work/added.files" || true
  cat "$work/added.files" >&2
  bytes=$(awk '{ sum += $1 } END { print sum }' "$work/added.files")
  say "content beyond the base: $bytes bytes"
  [ "$bytes" -lt $((limit_mb * 1000 * 1000)) ] || fail "content beyond the base is $bytes bytes"
  local foreign
  foreign=$(ldd "$mounted/usr/local/bin/yolox" | awk '{ print $1 }' \
    | grep -vE '^(linux-vdso|/lib64/ld-|/lib/ld-|lib(c|m|gcc_s|stdc\+\+|jpeg|png16|webp|sharpyuv|z)\.so)' || true)
  [ -z "$foreign" ] || fail "the binary needs $foreign"
}

# Runs a command of the image as a container engine would: its environment, its user, read-only root, /proc, process 1.
in_container() {
  local environment=()
  mapfile -t environment < <(config "c['Env']")
  # shellcheck disable=SC2016
  exec unshare --mount --pid --fork --kill-child sh -ec '
    root=$1; shift
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -o remount,bind,ro "$root"
    exec chroot --userspec=65532:65532 "$root" "$@"' sh "$mounted" \
    /usr/bin/env -i "${environment[@]}" "$@"
}

run() {
  local port=18099 pid server health answer
  ! curl -s "http://127.0.0.1:$port/" >/dev/null || fail "something listens on port $port already"
  in_container YOLOX_PORT=$port YOLOX_HOST=127.0.0.1 /usr/local/bin/yolox serve >"$work/server.log" 2>&1 &
  pid=$!
  # shellcheck disable=SC2064
  trap "pkill -KILL -P $pid || true" EXIT
  for _ in $(seq 300); do
    curl -sf "http://127.0.0.1:$port/readyz" >/dev/null && break
    sleep 0.1
  done
  # The one child of the process that made the namespaces.
  server=$(pgrep -P "$pid" | tail -1)
  answer=$(curl -sf --data-binary "@$image" "http://127.0.0.1:$port/detect") || { cat "$work/server.log" >&2; fail "no answer"; }
  echo "$answer" | grep -q '"label":"dog"' || fail "no dog in $answer"
  say "it finds a dog"
  [ "$(awk '/^Uid:/ { print $2 }' "/proc/$server/status")" = 65532 ] || fail "it does not run as 65532"
  [ "$(awk '/^NSpid:/ { print $NF }' "/proc/$server/status")" = 1 ] || fail "it is not process 1"
  health=$( (in_container YOLOX_PORT=$port /usr/local/bin/yolox health) 2>&1) || fail "yolox health: $health"
  ! (in_container YOLOX_PORT=1 /usr/local/bin/yolox health) >/dev/null 2>&1 || fail "yolox health is content without a server"
  kill -TERM "$server"
  wait "$pid" || fail "process 1 did not end well on SIGTERM: $?"
  say "process 1 ends on SIGTERM"
}

say "working in $work"
make_runtime_base
if [ -z "${REUSE_IMAGE:-}" ]; then
  make_build_base
  build
fi
check_configuration
container=$(store from --pull-never swift-yolox:test)
mounted=$(store mount "$container")
check_content
run
store rm "$container" >/dev/null
say "passed"
