#!/usr/bin/env bash
# A person with cameras: installs the Debian package on a bookworm made here, boots systemd there in namespaces of its own,
# opens the service to the local network by the documented block, reboots, and asks as a DeepStack client does. Also: is the
# hardened unit one under which the server really works, and what happens with bad weights? Needs root; ends by itself.
#
# usage: Tests/Integration/Deploy/package.sh DEB [WORKDIR]      WORKDIR keeps the base for the next run
#
# The package of yolox-train is tested too if it is beside DEB. What this machine's kernel or container does not allow is left
# out, with a line "note:".
set -euo pipefail
project=$(cd "$(dirname "$0")/../../.." && pwd)
deb=$(realpath "$1")
work=$(realpath -m "${2:-$(mktemp -d)}")
photo=$project/docs/images/street.png
root=$work/installed
own_group=
mkdir -p "$work"

say() { echo "package: $*" >&2; }
fail() {
  say "FAILED: $*"
  [ -z "${process1:-}" ] || inside journalctl --no-pager --lines 20 --unit yolox.service --unit yolox.socket >&2 || true
  exit 1
}

install_tools() {
  local missing=() pair
  for pair in debootstrap:debootstrap ip:iproute2 curl:curl nsenter:util-linux; do
    PATH=$PATH:/usr/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} -eq 0 ] || "$project/scripts/install-packages.sh" "${missing[@]}"
  export PATH=$PATH:/usr/sbin
}

# Both packages are clean by Debian's own checker.
lint() {
  local file
  command -v lintian >/dev/null || { say "note: lintian is not here; the packages are not checked by it"; return; }
  for file in "$deb" "$training"; do
    [ -z "$file" ] || lintian --fail-on error,warning "$file" >&2 || fail "lintian: $file"
  done
  say "lintian has no error and no warning"
}

prepare() {
  [ -e "$work/runtime/etc/os-release" ] \
    || debootstrap --variant=minbase --include=ca-certificates bookworm "$work/runtime" >"$work/debootstrap.log"
  rm -rf "$root"
  # Without the base's devices, which cannot be copied everywhere; boot() makes its own.
  mkdir -p "$root/dev"
  tar -C "$work/runtime" --exclude='./dev/*' -cf - . | tar -C "$root" -xf -
  cp "$deb" "$root/root/package.deb"
  [ -z "$training" ] || cp "$training" "$root/root/training.deb"
  chroot "$root" sh -ec 'apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends systemd /root/*.deb' \
    >"$work/install.log" 2>&1 || { tail -5 "$work/install.log" >&2; fail "the package does not install"; }
}

# A control group for the systemd that is booted: it must not change those of this machine.
make_group() {
  mounted=$(awk '{ for (i = 7; i < NF; i++) if ($i == "-" && $(i + 1) == "cgroup2") print $5 }' /proc/self/mountinfo | head -1)
  own_group=$mounted/yolox-package-test.$$
  if [ -z "$mounted" ] || ! mkdir "$own_group" 2>/dev/null; then
    own_group=
    say "note: no control group can be made here; systemd uses that of this shell"
  fi
}

# Process 1 of new namespaces, with what it needs of a machine mounted: as container managers do it.
start_systemd() {
  # shellcheck disable=SC2016
  exec bash -ec '[ -z "$1" ] || echo $$ >"$1/cgroup.procs"
    exec unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child bash -ec "$2" bash "$3"' bash "$own_group" '
    root=$1
    mount --bind "$root" "$root"
    mount --make-private "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t cgroup2 none "$root/sys/fs/cgroup"
    mount -t tmpfs tmpfs "$root/run"
    mount -t tmpfs tmpfs "$root/tmp"
    # Devices of its own: systemd makes links and sets modes there. Where mknod is not allowed, those of this machine.
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
      IFS=: read -r name major minor <<<"$device"
      mknod -m 666 "$root/dev/$name" c "$major" "$minor" 2>/dev/null \
        || { : >"$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; }
    done
    mkdir "$root/dev/shm" "$root/dev/pts"
    mount -t tmpfs tmpfs "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts" || true
    ln -s pts/ptmx "$root/dev/ptmx"
    ip link set lo up
    # In the local network, and in the internet.
    ip address add 192.168.77.2/24 dev lo
    ip address add 203.0.113.2/24 dev lo
    cd "$root"
    mkdir run/outside
    pivot_root . run/outside
    umount -l /run/outside
    export container=test
    exec /lib/systemd/systemd --system --show-status=no systemd.unit=multi-user.target' "$root"
}

boot() {
  start_systemd >"$work/boot.log" 2>&1 &
  outside=$!
  trap clean_up EXIT
  for _ in $(seq 600); do
    sleep 0.1
    process1=$(pgrep -P "$outside") || continue
    # Out of the group again, because a group with processes of its own gives no controllers to its children.
    [ -z "$own_group" ] || echo "$outside" >"$mounted$(sed -n 's/^0:://p' /proc/self/cgroup)/cgroup.procs" 2>/dev/null || true
    [ "$(inside systemctl is-active multi-user.target 2>/dev/null)" != active ] || return 0
    kill -0 "$outside" 2>/dev/null || break
  done
  tail -5 "$work/boot.log" >&2
  fail "systemd does not reach multi-user.target"
}

# Process 1 takes all others with it.
clean_up() {
  [ -z "${process1:-}" ] || kill -KILL "$process1" 2>/dev/null || true
  wait "$outside" 2>/dev/null || true
  [ -z "$own_group" ] || for _ in $(seq 50); do
    ! find "$own_group" -depth -type d -exec rmdir {} + 2>/dev/null || break
    sleep 0.1
  done
}

inside() { nsenter --target "$process1" --mount --pid --uts --ipc --net --cgroup --root --wd "$@"; }

# The unit is the shipped one where all of it can work.
without() {
  mkdir -p "$root/etc/systemd/system/yolox.service.d"
  printf '[Service]\n%s\n' "$1" >>"$root/etc/systemd/system/yolox.service.d/container.conf"
  say "note: $2; '$1' in this test"
}

adapt_unit() {
  # PrivateDevices= makes device nodes, which some containers forbid.
  # shellcheck disable=SC2016
  unshare --mount sh -c 'mount -t tmpfs tmpfs "$1" && mknod "$1/null" c 1 3 && : >"$1/null"' sh "$root/mnt" 2>/dev/null \
    || without PrivateDevices=no "no device nodes can be made here"
  # PrivateUsers= makes a user namespace, which some machines forbid even to root.
  unshare --user true 2>/dev/null || without PrivateUsers=no "no user namespaces can be made here"
}

at() { nsenter --target "$process1" --net curl --silent --max-time 60 "$@"; }

# Answers are compared as a whole: `grep -q` in a pipe ends early, and its writer then fails.
finds() { [[ $(at --data-binary "@$photo" http://127.0.0.1:8080/detect) == *'"label":"stop sign"'* ]]; }

property() { inside systemctl show --property "$1" --value "$2"; }

status() { inside sed -n "s/^$1:[[:space:]]*\([0-9a-f]*\).*/\1/p" "/proc/$2/status"; }

training_test() {
  [ -n "$training" ] || { say "note: no swift-yolox-train_*.deb beside the package; it is not tested"; return; }
  [ "$(inside yolox-train --version)" = "$(inside yolox --version)" ] || fail "the versions of yolox and yolox-train differ"
  inside sh -c 'cd /tmp && yolox-train shapes --train 4 --val 2 --output shapes >/dev/null && rm -r shapes' \
    || fail "yolox-train does not work"
  say "yolox-train works"
}

work_test() {
  [ "$(property ActiveState yolox.socket)" = active ] || fail "the socket does not listen after the installation"
  [ "$(property ActiveState yolox.service)" = inactive ] || fail "the service runs before anybody asked"
  finds || fail "no stop sign behind the socket"
  local pid user
  pid=$(property MainPID yolox.service)
  user=$(status Uid "$pid")
  [ "$user" -ge 61184 ] || fail "the service runs as $user and not as a dynamic user"
  [ "$(status CapBnd "$pid")" = 0000000000000000 ] || fail "it may get capabilities"
  [ "$(status Seccomp "$pid")" = 2 ] || fail "no system call is filtered"
  say "the first request starts the hardened service, which finds the stop sign"
}

restart_test() {
  local failures
  # Requests while it restarts wait in the socket.
  (for _ in $(seq 20); do finds || echo failed; done) >"$work/posts" &
  local posts=$!
  inside systemctl restart yolox.service
  inside systemctl restart yolox.service
  wait "$posts"
  failures=$(grep -c failed "$work/posts" || true)
  [ "$failures" = 0 ] || fail "$failures of 20 requests failed while the service restarted"
  inside sh -c "kill -KILL $(property MainPID yolox.service)"
  sleep 1
  finds || fail "it does not come back after kill -9"
  say "20 requests during two restarts, none failed; it comes back after kill -9"
}

# The commands of the block of docs/deployment.md that opens the service to the local network.
documented_block() {
  awk '/^    sudo install .*lan\.conf/ { on = 1 } on && !/^    / { exit } on' "$project/docs/deployment.md" | sed 's/sudo //g'
}

lan_test() {
  at --data-binary "@$photo" http://192.168.77.2:8080/detect >/dev/null \
    && fail "the service answers the local network before anybody opened it"
  [ -n "$(documented_block)" ] || fail "docs/deployment.md has no block that opens the service to the local network"
  inside sh -ec "$(documented_block)" 2>"$work/block.log" || fail "the documented block"
  deepstack_test
  say "the documented block opens the service to the local network; DeepStack's client gets the stop sign"
  # The socket is open for addresses of local networks only, where the kernel has filters for control groups.
  if at --max-time 5 --interface 203.0.113.2 http://203.0.113.2:8080/healthz >/dev/null; then
    inside journalctl --no-pager >"$work/journal"
    grep -qiE 'does not support BPF/cgroup firewalling|BPF.*(fail|not supported)' "$work/journal" \
      || fail "an address of the internet is answered"
    say "note: no BPF filter can be set here; addresses of the internet are not kept out in this test"
  else
    say "an address of the internet gets no answer"
  fi
}

# As DeepStack's clients ask. The box is that of the drawing, within 5 pixels.
deepstack_test() {
  at -F "image=@$photo" -F min_confidence=0.4 http://192.168.77.2:8080/v1/vision/detection >"$work/answer.json" \
    || fail "the service does not answer the local network"
  python3 - "$work/answer.json" <<'PYTHON' || fail "DeepStack's client gets $(cat "$work/answer.json")"
import json, sys
answer = json.load(open(sys.argv[1]))
sign = next(one for one in answer["predictions"] if one["label"] == "stop sign")
box = [sign[name] for name in ("x_min", "y_min", "x_max", "y_max")]
sys.exit(0 if answer["success"] and all(abs(a - b) <= 5 for a, b in zip(box, (61, 114, 240, 292))) else 1)
PYTHON
}

reboot_test() {
  # Without logind, of which this system has none, it says so and goes on.
  inside systemctl reboot 2>/dev/null || true
  for _ in $(seq 900); do
    kill -0 "$outside" 2>/dev/null || break
    sleep 0.1
  done
  ! kill -0 "$outside" 2>/dev/null || fail "systemd does not reboot"
  wait "$outside" 2>/dev/null || true
  boot
  [ "$(property ActiveState yolox.service)" = inactive ] || fail "the service runs after the reboot before anybody asked"
  deepstack_test
  say "a reboot keeps it"
}

bad_weights_test() {
  local seconds=$SECONDS
  inside sh -c 'cp /etc/default/yolox /root/saved; echo YOLOX_WEIGHTS=/home/me/best.onnx >>/etc/default/yolox'
  ! inside systemctl restart yolox.service 2>/dev/null || fail "a restart with bad weights succeeds"
  [ $((SECONDS - seconds)) -lt 30 ] || fail "a restart with bad weights takes $((SECONDS - seconds)) s to fail"
  sleep 12
  [ "$(property ActiveState yolox.socket)" = active ] || fail "the socket does not survive bad weights"
  logged 'move the file to /var/lib/yolox' || fail "the log does not name the cause"
  inside sh -c 'cp /root/saved /etc/default/yolox; echo YOLOX_PORT=80 >>/etc/default/yolox'
  inside systemctl restart yolox.service
  finds || fail "it does not come back with good weights"
  logged 'port and unix-socket have no effect' || fail "YOLOX_PORT is ignored in silence"
  inside mv /root/saved /etc/default/yolox
  say "a restart with bad weights fails at once with its cause; the socket survives; YOLOX_PORT is warned of"
}

logged() { [[ $(inside journalctl --no-pager --unit yolox.service) == *"$1"* ]]; }

removal_test() {
  # What the owner has made.
  inside rm -rf /etc/systemd/system/yolox.socket.d /etc/systemd/system/yolox.service.d
  inside sh -c 'DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq swift-yolox "swift-yolox*"' >"$work/purge.log" 2>&1 \
    || { tail -5 "$work/purge.log" >&2; fail "the package cannot be removed"; }
  local left
  left=$(inside find / -xdev -name '*yolox*' ! -path '/var/lib/apt/*' ! -path '/var/log/*' -print)
  [ -z "$left" ] || fail "the package leaves something behind: $left"
  say "removed without a trace"
}

training=$(find "$(dirname "$deb")" -maxdepth 1 -name 'swift-yolox-train_*.deb' | head -1)
install_tools
lint
prepare
make_group
adapt_unit
boot
training_test
work_test
restart_test
bad_weights_test
lan_test
reboot_test
removal_test
say "passed"
