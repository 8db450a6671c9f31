#!/usr/bin/env bash
# Installs the Debian package on a bookworm made here, boots systemd there in namespaces of its own, and asks the service
# through its socket: is the hardened unit one under which the server really works? Needs root; ends by itself.
#
# usage: Tests/Integration/Deploy/package.sh DEB [WORKDIR]      WORKDIR keeps the base for the next run
set -euo pipefail
project=$(cd "$(dirname "$0")/../../.." && pwd)
deb=$(realpath "$1")
work=${2:-$(mktemp -d)}
image=${IMAGE:-$project/../shared/images/dog.jpg}
root=$work/installed
mkdir -p "$work"

say() { echo "package: $*" >&2; }
fail() {
  say "FAILED: $*"
  inside journalctl --no-pager --unit yolox.service --unit yolox.socket 2>/dev/null | tail -20 >&2 || true
  exit 1
}

prepare() {
  command -v debootstrap >/dev/null || apt-get install -y -qq debootstrap >/dev/null
  [ -e "$work/runtime/etc/os-release" ] \
    || debootstrap --variant=minbase --include=ca-certificates bookworm "$work/runtime" >"$work/debootstrap.log"
  rm -rf "$root"
  cp -a "$work/runtime" "$root"
  cp "$deb" "$root/root/package.deb"
  chroot "$root" sh -ec 'apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends systemd /root/package.deb' \
    >"$work/install.log" 2>&1 || { tail -5 "$work/install.log" >&2; fail "the package does not install"; }
}

# Process 1 of new namespaces, with what it needs of a machine mounted: as container managers do it.
boot() {
  # shellcheck disable=SC2016
  unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child bash -ec '
    root=$1
    mount --bind "$root" "$root"
    mount --make-private "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t cgroup2 none "$root/sys/fs/cgroup"
    mount -t tmpfs tmpfs "$root/run"
    mount -t tmpfs tmpfs "$root/tmp"
    ip link set lo up
    cd "$root"
    mkdir run/outside
    pivot_root . run/outside
    umount -l /run/outside
    export container=test
    exec /lib/systemd/systemd --system --show-status=no systemd.unit=multi-user.target' bash "$root" \
    >"$work/boot.log" 2>&1 &
  outside=$!
  for _ in $(seq 100); do
    process1=$(pgrep -P "$outside") && inside systemctl is-system-running >/dev/null 2>&1 && break
    sleep 0.1
  done
  # shellcheck disable=SC2064
  trap "kill -KILL $process1 $outside 2>/dev/null || true" EXIT
}

inside() { (cd / && nsenter --target "$process1" --mount --pid --uts --ipc --net --cgroup --root --wd=/ "$@"); }

post() { nsenter --target "$process1" --net curl -s --max-time 30 --data-binary "@$image" http://127.0.0.1:8080/detect; }

property() { inside systemctl show --property "$1" --value "$2"; }

work_test() {
  [ "$(property ActiveState yolox.socket)" = active ] || fail "the socket does not listen after the installation"
  [ "$(property ActiveState yolox.service)" = inactive ] || fail "the service runs before anybody asked"
  post | grep -q '"label":"dog"' || fail "no dog behind the socket"
  local pid user
  pid=$(property MainPID yolox.service)
  user=$(inside sh -c "awk '/^Uid:/ { print \$2 }' /proc/$pid/status")
  [ "$user" -ge 61184 ] || fail "the service runs as $user and not as a dynamic user"
  [ "$(inside sh -c "awk '/^CapBnd:/ { print \$2 }' /proc/$pid/status")" = 0000000000000000 ] || fail "it may get capabilities"
  [ "$(inside sh -c "awk '/^Seccomp:/ { print \$2 }' /proc/$pid/status")" = 2 ] || fail "no system call is filtered"
  say "the first request starts the hardened service, which finds a dog"
}

restart_test() {
  local failures
  # Requests while it restarts wait in the socket.
  (for _ in $(seq 20); do post | grep -q '"label":"dog"' || echo failed; done) >"$work/posts" &
  local posts=$!
  inside systemctl restart yolox.service
  inside systemctl restart yolox.service
  wait "$posts"
  failures=$(grep -c failed "$work/posts" || true)
  [ "$failures" = 0 ] || fail "$failures of 20 requests failed while the service restarted"
  inside sh -c "kill -KILL \$(systemctl show --property MainPID --value yolox.service)"
  sleep 1
  post | grep -q '"label":"dog"' || fail "it does not come back after kill -9"
  say "20 requests during two restarts, none failed; it comes back after kill -9"
}

removal_test() {
  inside sh -c 'DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq swift-yolox' >"$work/purge.log" 2>&1 \
    || { tail -5 "$work/purge.log" >&2; fail "the package cannot be removed"; }
  [ -z "$(inside find / -xdev -path /proc -prune -o -name '*yolox*' ! -path '/var/lib/apt/*' ! -path '/var/log/*' -print)" ] \
    || fail "the package leaves something behind: $(inside find / -xdev -name '*yolox*' | head)"
  say "removed without a trace"
}

prepare
boot
work_test
restart_test
removal_test
say "passed"
