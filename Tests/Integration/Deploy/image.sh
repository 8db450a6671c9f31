#!/usr/bin/env bash
# Builds the image by `make image` with buildah, on bases made here (debootstrap, and the same with this machine's Swift
# toolchain), then runs it as a container would: as its user, read-only root, process 1. Needs root and Debian's packages,
# and no registry of images.
#
# usage: Tests/Integration/Deploy/image.sh [WORKDIR]      WORKDIR keeps the bases for the next run
#
# With YOLOX, a command built with --static-swift-stdlib, the image gets that one, and nothing is compiled. With REUSE_IMAGE=1
# the image that the last run built there is tested again.
# shellcheck disable=SC2154
set -euo pipefail
project=$(cd "$(dirname "$0")/../../.." && pwd)
work=$(realpath -m "${1:-$(mktemp -d)}")
photo=$project/docs/images/street.png
limit_mb=40
mkdir -p "$work"

say() { echo "image: $*" >&2; }
fail() { say "FAILED: $*"; exit 1; }
# shellcheck source=/dev/null
. "$project/Tests/Integration/Deploy/container.sh"

check_configuration() {
  [ "$(image_config "c['User']")" = 65532:65532 ] || fail "the user is $(image_config "c['User']")"
  [ "$(image_config "c['Healthcheck']['Test']" | tail -1)" = health ] || fail "there is no health check"
  [ "$(image_config "c['StopSignal']")" = SIGTERM ] || fail "the stop signal is not SIGTERM"
  [ "$(image_config "c['Labels']['org.opencontainers.image.licenses']")" = Apache-2.0 ] || fail "labels are missing"
  [ "$(image_config "c['Labels']['org.opencontainers.image.revision']")" = "$(git -C "$project" rev-parse HEAD)" ] \
    || [ -n "${REUSE_IMAGE:-}" ] || fail "the revision is not in the labels"
  buildah inspect --type image "localhost/swift-yolox:$("$project/scripts/deploy-version.sh")" >/dev/null \
    || fail "the image has not the tag that the manifests name"
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
    | grep -vE '^(linux-vdso|/lib64/ld-|/lib/ld-|lib(c|m|gcc_s|stdc\+\+|jpeg|nettle|png16|webp|sharpyuv|z)\.so)' || true)
  [ -z "$foreign" ] || fail "the binary needs $foreign"
}

run() {
  local answer
  start_container "$mounted" --
  answer=$(at_server curl -sf --data-binary "@$photo" http://127.0.0.1:8080/detect) \
    || { cat "$work/server.log" >&2; fail "no answer"; }
  echo "$answer" | grep -q '"label":"stop sign"' || fail "no stop sign in $answer"
  say "it finds the stop sign"
  [ "$(awk '/^Uid:/ { print $2 }' "/proc/$server/status")" = 65532 ] || fail "it does not run as 65532"
  [ "$(awk '/^NSpid:/ { print $NF }' "/proc/$server/status")" = 1 ] || fail "it is not process 1"
  in_server /usr/local/bin/yolox health || fail "yolox health"
  ! in_server /usr/bin/env YOLOX_PORT=1 /usr/local/bin/yolox health 2>/dev/null || fail "yolox health is content without a server"
  kill -TERM "$server"
  wait "$engine" || fail "process 1 did not end well on SIGTERM: $?"
  server=
  say "process 1 ends on SIGTERM"
}

say "working in $work"
install_container_tools
configure_buildah
make_runtime_base
if [ -z "${REUSE_IMAGE:-}" ]; then
  [ -n "${YOLOX:-}" ] || make_build_base
  make_image
fi
check_configuration
container=$(buildah from --pull-never "$tag")
mounted=$(buildah mount "$container")
check_content
run
buildah rm "$container" >/dev/null
say "passed"
