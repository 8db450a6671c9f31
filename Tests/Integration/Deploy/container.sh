# Builds and runs the image without docker and without a registry of images. Sourced by image.sh and by Stories/cluster.sh,
# which set $project and $work and define say() and fail(). Needs root and Debian's packages.
# shellcheck shell=bash disable=SC2154,SC2034
release=bookworm
tag=localhost/swift-yolox:latest

install_container_tools() {
  local missing=() pair
  for pair in buildah:buildah debootstrap:debootstrap ip:iproute2 nsenter:util-linux curl:curl; do
    PATH=$PATH:/usr/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} -eq 0 ] || "$project/scripts/install-packages.sh" "${missing[@]}"
  export PATH=$PATH:/usr/sbin
}

# buildah keeps everything in $work, and runs the commands of a Dockerfile by chroot, which works in a container too.
configure_buildah() {
  local driver folder volumes
  trap clean_up EXIT
  mkdir -p "$work/storage" "$work/run"
  # vfs copies every layer, but works where overlays cannot be mounted.
  driver=vfs
  mkdir -p "$work/lower" "$work/upper" "$work/scratch" "$work/merged"
  # shellcheck disable=SC2016
  ! unshare --mount sh -c 'cd "$1" && mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=scratch merged' sh "$work" \
    2>/dev/null || driver=overlay
  printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' "$driver" "$work/storage" "$work/run" >"$work/storage.conf"
  : >"$work/gitconfig"
  git config --file "$work/gitconfig" --add safe.directory '*'
  volumes="\"$(toolchain):$(toolchain):ro\", "
  # Where git reads packages from folders instead of the network, the build has to see those folders.
  while read -r folder; do volumes+="\"$folder:$folder:ro\", "; done < <(git_mirrors)
  printf '[containers]\nvolumes = [%s"%s:/etc/gitconfig:ro"]\n' "$volumes" "$work/gitconfig" >"$work/containers.conf"
  export CONTAINERS_STORAGE_CONF=$work/storage.conf CONTAINERS_CONF=$work/containers.conf BUILDAH_ISOLATION=chroot
}

git_mirrors() {
  git config --get-regexp '^url\..*\.insteadof$' | while read -r key value; do
    local folder=${key#url.}
    folder=${folder%.insteadof}
    [ -d "$folder" ] || continue
    echo "$folder"
    git config --file "$work/gitconfig" --replace-all "url.$folder.insteadOf" "$value" "^${value}\$"
  done | sort -u
}

make_runtime_base() {
  [ -e "$work/runtime/etc/os-release" ] \
    || debootstrap --variant=minbase --include=ca-certificates "$release" "$work/runtime" >"$work/debootstrap.log"
  import "$work/runtime" localhost/debian:$release-slim
}

# As the official image, except that the toolchain is this machine's: a volume of the build, because copies of it in each layer
# take minutes.
make_build_base() {
  local root=$work/build
  if [ ! -e "$root/usr/bin/swift" ]; then
    rm -rf "$root"
    cp -a "$work/runtime" "$root"
    chroot "$root" sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
      --no-install-recommends binutils git libc6-dev libcurl4 libedit2 libgcc-12-dev libncurses6 libpython3.11 \
      libsqlite3-0 libstdc++-12-dev libxml2 pkg-config tzdata zlib1g-dev && apt-get clean' >"$work/packages.log" 2>&1
    mkdir -p "$root$(toolchain)"
    ln -s "$(toolchain)/bin/swift" "$root/usr/bin/swift"
  fi
  import "$root" localhost/swift:$release
}

# Its folder of bin and lib.
toolchain() { (cd "$(dirname "$(readlink -f "$(command -v swift)")")/.." && pwd); }

import() {
  local root=$1 name=$2 container
  ! buildah inspect --type image "$name" >/dev/null 2>&1 || return 0
  say "importing $name ($(du -sm "$root" | cut -f1) MB)"
  container=$(buildah from scratch)
  buildah copy -q "$container" "$root/" / >/dev/null
  buildah commit -q "$container" "$name" >/dev/null
  buildah rm "$container" >/dev/null
}

# `make image` in a copy of the tracked files, with the weights where a person would have put them. With YOLOX, that command is
# copied where the Dockerfile builds one.
make_image() {
  local build=localhost/swift:$release context=$work/context weights=${YOLOX_WEIGHTS_DIR:-$project/../shared/weights}/yolox_nano.onnx
  rm -rf "$context" && mkdir "$context"
  git -C "$project" ls-files -z --cached --others --exclude-standard \
    | (cd "$project" && xargs -0 cp --parents --no-dereference -t "$context")
  [ ! -e "$weights" ] || cp "$weights" "$context/weights/"
  if [ -n "${YOLOX:-}" ]; then
    say "note: the image gets $YOLOX and builds none"
    build=localhost/debian:$release-slim
    strip -o "$context/Sources/yolox" "$YOLOX"
    sed -i 's#^RUN swift build.*#COPY Sources/yolox .build/release/yolox#' "$context/Dockerfile"
  fi
  GIT_DIR=$(git -C "$project" rev-parse --absolute-git-dir) BUILD_IMAGE=$build \
    RUNTIME_IMAGE=localhost/debian:$release-slim make -C "$context" image >"$work/build.log" 2>&1 \
    || { tail -30 "$work/build.log" >&2; fail "make image"; }
}

# What the image says of itself, by a Python expression over its configuration `c`.
image_config() {
  buildah inspect --type image "$tag" | python3 -c "
import json, sys
c = json.load(sys.stdin)['Docker']['config']
value = $1
print('\n'.join(value) if isinstance(value, list) else value)"
}

# Runs a command of the image as a container engine would: its environment, its user, read-only root, /proc, process 1, and a
# network of its own.
#   in_container ROOT [SOURCE:TARGET]... -- [NAME=VALUE]... COMMAND...
in_container() {
  local environment=() mounts=() root=$1
  shift
  while [ "$1" != -- ]; do mounts+=("$1") && shift; done
  shift
  mapfile -t environment < <(image_config "c['Env']")
  # shellcheck disable=SC2016
  exec unshare --mount --pid --net --fork --kill-child sh -ec '
    root=$1; shift
    ip link set lo up
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    while [ "$1" != -- ]; do
      mkdir -p "$root${1#*:}"
      mount --bind "${1%%:*}" "$root${1#*:}"
      mount -o remount,bind,ro "$root${1#*:}"
      shift
    done
    shift
    mount -o remount,bind,ro "$root"
    exec chroot --userspec=65532:65532 "$root" /usr/bin/env -i "$@"' sh "$root" "${mounts[@]}" -- "${environment[@]}" "$@"
}

# Starts the image's command in the background, and waits until it is ready; then $server is its process, and at_server runs
# a command in its network. Arguments as for in_container, without a command.
start_container() {
  in_container "$@" /usr/local/bin/yolox serve >"$work/server.log" 2>&1 &
  engine=$!
  # The one child of the process that made the namespaces is process 1.
  for _ in $(seq 300); do
    server=$(pgrep -P "$engine" | tail -1) && at_server curl -sf http://127.0.0.1:8080/readyz >/dev/null && return
    kill -0 "$engine" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/server.log" >&2
  fail "the server does not become ready"
}

# As `docker exec` does.
in_server() {
  nsenter --target "$server" --mount --pid --net --root --wd --setuid 65532 --setgid 65532 "$@"
}

at_server() { nsenter --target "$server" --net "$@"; }

# Kills process 1, and so the namespace, and leaves nothing mounted.
clean_up() {
  [ -z "${server:-}" ] || kill -KILL "$server" 2>/dev/null || true
  [ -z "${prometheus:-}" ] || kill "$prometheus" 2>/dev/null || true
  buildah umount --all >/dev/null 2>&1 || true
  umount "$work/storage/overlay" 2>/dev/null || true
}
