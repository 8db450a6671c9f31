#!/usr/bin/env bash
# Assembles the files that the image adds to its base: binary, shared libraries, licences, weights.
#
# usage: assemble.sh BINARY ROOT [WEIGHTS]
set -euo pipefail
binary=$1 root=$2 weights=${3:-}
share=$root/usr/local/share/yolox

install -D -m 0755 "$binary" "$root/usr/local/bin/yolox"
install -D -m 0644 LICENSE "$share/LICENSE"
install -D -m 0644 weights/manifest.json "$share/manifest.json"

# All shared libraries except those of the C and C++ compilers, which every base for C++ programs has.
ldd "$binary" | awk '$2 == "=>" { print $3 }' | grep -vE '/lib(c|m|gcc_s|stdc\+\+)\.so' | while read -r library; do
  file=$(realpath "$library")
  install -D -m 0644 "$file" "$root$file"
  [ "$(basename "$library")" = "$(basename "$file")" ] \
    || ln -s "$(basename "$file")" "$root$(dirname "$file")/$(basename "$library")"
  # Package records, by which scanners find the libraries.
  package=$(dpkg-query -S "$file" 2>/dev/null || dpkg-query -S "${file#/usr}")
  package=${package%%:*}
  mkdir -p "$root/var/lib/dpkg/status.d" "$root/usr/share/doc/$package"
  dpkg-query -s "$package" > "$root/var/lib/dpkg/status.d/$package"
  cp "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
done

if [ -n "$weights" ]; then
  from=$PWD/weights
  # Downloads and verifies the weights in the folder that the installed command searches.
  YOLOX_WEIGHTS_DIR=$from "$root/usr/local/bin/yolox" weights fetch "$weights" --directory "$share"
  chmod 0644 "$share"/*
fi
mkdir -p "$root/weights"
