#!/usr/bin/env bash
# Installs Debian packages as root, or with sudo if it needs no password.
#
# usage: scripts/install-packages.sh PACKAGE...
set -euo pipefail
root=()
if [ "$(id -u)" -ne 0 ]; then
  root=(sudo -n)
  "${root[@]}" true 2>/dev/null || { echo "these need root, and sudo does not give it: $*" >&2; exit 1; }
fi
options=(-qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
"${root[@]}" apt-get "${options[@]}" update
# Do not start the services of the packages.
"${root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
  apt-get "${options[@]}" install -y --no-install-recommends "$@" >/dev/null
