#!/usr/bin/env bash
# Installs the missing dependencies of a machine with a Swift toolchain: C libraries, a linker, curl and Python.
# A second run installs nothing.
set -euo pipefail

apt_packages=(
  binutils libc6-dev libgcc-12-dev libstdc++-12-dev  # for linking
  libxml2 libsqlite3-0 libcurl4 libedit2 libncurses6 libpython3.11 tzdata  # libraries of the toolchain
  git ca-certificates curl pkg-config python3
  libjpeg62-turbo-dev libpng-dev libwebp-dev nettle-dev libopenblas-dev zlib1g-dev
)

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "bootstrap: this needs root, and sudo is missing. Run as root: $*" >&2
    exit 1
  fi
}

install_with_apt() {
  local missing=() package
  for package in "${apt_packages[@]}"; do
    # Other releases have other names for some packages (libgcc-13-dev, libpython3.12). Unknown ones are skipped; the check
    # for a toolchain below finds what is really missing.
    if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
      missing+=("$package")
    fi
  done
  [ ${#missing[@]} -eq 0 ] && return
  as_root apt-get update -qq
  local known=()
  for package in "${missing[@]}"; do
    if apt-cache show "$package" >/dev/null 2>&1; then known+=("$package"); fi
  done
  [ ${#known[@]} -eq 0 ] && return
  echo "bootstrap: installing ${known[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${known[@]}" >/dev/null
}

case "$(uname -s)" in
  Darwin)
    if ! command -v brew >/dev/null; then
      echo "bootstrap: Homebrew is missing. Install it, then: brew install jpeg-turbo libpng webp pkg-config" >&2
      exit 1
    fi
    for formula in jpeg-turbo libpng webp pkg-config; do
      brew list --versions "$formula" >/dev/null || brew install "$formula"
    done
    ;;
  Linux)
    if command -v apt-get >/dev/null; then
      install_with_apt
    else
      echo "bootstrap: apt-get is missing. Install libjpeg-turbo, libpng, libwebp, Nettle, OpenBLAS, zlib (with headers), pkg-config and curl." >&2
    fi
    ;;
esac

# The first line of Package.swift is the only place that states the version: "// swift-tools-version: 6.3".
required=$(sed -n '1s/^.*swift-tools-version: *\([0-9][0-9.]*\).*$/\1/p' "$(dirname "$0")/../Package.swift")
if ! command -v swift >/dev/null; then
  echo "bootstrap: no Swift toolchain on the PATH. Install version $required or later: https://www.swift.org/install" >&2
  exit 1
fi
found=$(swift --version 2>/dev/null | sed -n 's/^.*Swift version \([0-9][0-9.]*\).*$/\1/p' | head -n 1)
if [ "$(printf '%s\n' "$required" "$found" | sort -V | head -n 1)" != "$required" ]; then
  echo "bootstrap: Swift is $found, but version $required or later is needed: https://www.swift.org/install" >&2
  exit 1
fi
