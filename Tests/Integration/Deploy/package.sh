#!/usr/bin/env bash
# A person with cameras: installs the Debian package on a bookworm made here, boots systemd there in namespaces of its own,
# opens the service to the local network by the documented block, reboots, and asks as a DeepStack client does. Also: is the
# hardened unit one under which the server really works, and what happens with bad weights? Needs root; ends by itself.
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
    # Devices of its own: systemd makes links and sets modes there.
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    for device in null zero full random urandom tty; do
      : >"$root/dev/$device"
      mount --bind "/dev/$device" "$root/dev/$device"
    done
    mkdir "$root/dev/shm" "$root/dev/pts"
    mount -t tmpfs tmpfs "$root/dev/shm"
    ip link set lo up
    ip address add 192.168.77.2/24 dev lo
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

# PrivateDevices= needs mknod, which some containers do not give; the unit is the shipped one where it works.
without_private_devices() {
  mkdir -p "$root/etc/systemd/system/yolox.service.d"
  printf '[Service]\nPrivateDevices=no\n' >"$root/etc/systemd/system/yolox.service.d/container.conf"
  say "note: PrivateDevices= cannot work here and is off in this test"
}

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

lan_test() {
  local answer
  nsenter --target "$process1" --net curl -s --max-time 5 --data-binary "@$image" http://192.168.77.2:8080/detect >/dev/null \
    && fail "the service answers the local network before anybody opened it"
  # The commands of docs/deployment.md.
  inside sh -ec 'install -D -m 0644 /usr/share/doc/swift-yolox/examples/lan.conf /etc/systemd/system/yolox.socket.d/lan.conf
    systemctl daemon-reload && systemctl stop yolox.service && systemctl restart yolox.socket'
  answer=$(lan_detect)
  [[ $answer == *'"success":true'*'"label":"dog"'* || $answer == *'"label":"dog"'*'"success":true'* ]] \
    || fail "DeepStack's client gets $answer"
  say "one block opens the service to the local network; DeepStack's client gets a dog"
}

# As DeepStack's clients ask.
lan_detect() {
  nsenter --target "$process1" --net curl -s --max-time 60 -F "image=@$image" -F min_confidence=0.4 \
    http://192.168.77.2:8080/v1/vision/detection
}

reboot_test() {
  kill -KILL "$process1" "$outside" 2>/dev/null || true
  wait "$outside" 2>/dev/null || true
  boot
  lan_detect | grep -q '"label":"dog"' || fail "after a reboot nobody answers on the local network"
  say "a reboot keeps it"
}

bad_weights_test() {
  local seconds=$SECONDS
  inside sh -c 'cp /etc/default/yolox /tmp/saved; echo YOLOX_WEIGHTS=/home/me/best.onnx >>/etc/default/yolox; echo YOLOX_PORT=80 >>/etc/default/yolox'
  inside systemctl restart yolox.service 2>/dev/null && fail "a restart with bad weights succeeds"
  [ $((SECONDS - seconds)) -lt 30 ] || fail "a restart with bad weights takes $((SECONDS - seconds)) s to fail"
  sleep 12
  [ "$(property ActiveState yolox.socket)" = active ] || fail "the socket does not survive bad weights"
  inside journalctl --no-pager --unit yolox.service | grep -q 'move the file to /var/lib/yolox' || fail "the log does not name the cause"
  inside sh -c 'cp /tmp/saved /etc/default/yolox; echo YOLOX_PORT=80 >>/etc/default/yolox'
  inside systemctl restart yolox.service
  post | grep -q '"label":"dog"' || fail "it does not come back with good weights"
  inside journalctl --no-pager --unit yolox.service | grep -q 'port and unix-socket have no effect' || fail "YOLOX_PORT is ignored in silence"
  say "a restart with bad weights fails at once with its cause; the socket survives; YOLOX_PORT is warned of"
}

removal_test() {
  # What the owner has made.
  inside rm -rf /etc/systemd/system/yolox.socket.d /etc/systemd/system/yolox.service.d
  inside sh -c 'DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq swift-yolox' >"$work/purge.log" 2>&1 \
    || { tail -5 "$work/purge.log" >&2; fail "the package cannot be removed"; }
  [ -z "$(inside find / -xdev -path /proc -prune -o -name '*yolox*' ! -path '/var/lib/apt/*' ! -path '/var/log/*' -print)" ] \
    || fail "the package leaves something behind: $(inside find / -xdev -name '*yolox*' | head)"
  say "removed without a trace"
}

prepare
# Can a process of a new mount namespace make devices?
unshare --mount sh -c 'mount -t tmpfs tmpfs /mnt && mknod /mnt/null c 1 3 && : >/mnt/null' 2>/dev/null || without_private_devices
boot
work_test
restart_test
bad_weights_test
lan_test
reboot_test
removal_test
say "passed"
