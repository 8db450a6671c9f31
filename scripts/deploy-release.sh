#!/usr/bin/env bash
# Builds a release into dist/: a relocatable tarball, Debian packages of yolox and yolox-train, an SBOM, their digests.
#
# usage: scripts/deploy-release.sh [YOLOX]
#
# YOLOX is a command built with --static-swift-stdlib, with yolox-train beside it; if it is omitted, the script builds both.
# Tarball and package of yolox include YOLOX-Nano, so that the service works right after installation; a file in
# YOLOX_WEIGHTS_DIR or weights/ is used instead of a download.
set -euo pipefail
cd "$(dirname "$0")/.."
maintainer=${MAINTAINER:-the swift-yolox authors <swift-yolox@users.noreply.github.com>}
version=$(scripts/deploy-version.sh)
# Reproducible: all dates come from the commit.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
date=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)
architecture=$(dpkg --print-architecture)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Folders of a package are world-readable, whatever the umask.
umask 022

say() { echo "release: $*" >&2; }

for tool in dpkg-deb dpkg-shlibdeps lintian fakeroot strip; do
  command -v "$tool" >/dev/null || {
    say "installing Debian's packaging tools"
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      dpkg-dev lintian fakeroot binutils >/dev/null
    break
  }
done

yolox=${1:-}
if [ -z "$yolox" ]; then
  say "building"
  for product in yolox yolox-train; do
    swift build -c release --product "$product" --static-swift-stdlib --scratch-path .build-release
  done
  yolox=.build-release/release/yolox
fi
for command in yolox yolox-train; do
  strip --remove-section=.comment --remove-section=.note -o "$work/$command" "$(dirname "$yolox")/$command"
  [ "$("$work/$command" --version)" = "$version" ] || { say "$command is not of version $version"; exit 1; }
  if readelf -d "$work/$command" | grep -q 'libswift'; then
    say "$command needs Swift's libraries; build it with --static-swift-stdlib"
    exit 1
  fi
done

# PREFIX/bin and PREFIX/share are the same in both.
prefix=$work/prefix
weights=$prefix/share/yolox
install -D -m 0755 "$work/yolox" "$prefix/bin/yolox"
install -D -m 0644 weights/manifest.json "$weights/manifest.json"
"$prefix/bin/yolox" weights fetch yolox-nano --directory "$weights" >&2

# The manual page and the completions of a command, from the command.
describe() {
  local command=$1 prefix=$2 shell file
  install -d "$prefix/share/man/man1"
  python3 scripts/deploy-manpage.py "$work/$command" "$version" "$date" >"$prefix/share/man/man1/$command.1"
  for shell in bash zsh fish; do
    case $shell in
      bash) file=bash-completion/completions/$command ;;
      zsh) file=zsh/vendor-completions/_$command ;;
      fish) file=fish/vendor_completions.d/$command.fish ;;
    esac
    install -d "$prefix/share/$(dirname "$file")"
    # A completion is sourced, not run, so it has no interpreter.
    "$work/$command" --generate-completion-script "$shell" | sed '1{/^#!/d}' >"$prefix/share/$file"
  done
}
describe yolox "$prefix"

make_tarball() {
  local name=swift-yolox-$version-linux-$architecture
  cp -a "$prefix" "$work/$name"
  cp README.md CHANGELOG.md LICENSE "$work/$name/"
  # From the commit, because the working folder can contain keys.
  git archive HEAD deploy/systemd deploy/proxy deploy/prometheus deploy/compose deploy/kubernetes deploy/kserve \
    | tar -x -C "$work/$name"
  tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -C "$work" -c "$name" \
    | gzip -9n >"dist/$name.tar.gz"
}

make_service_package() {
  local root=$work/root
  mkdir -p "$root/DEBIAN" "$root/usr"
  cp -a "$prefix/." "$root/usr/"
  install -D -m 0644 -t "$root/lib/systemd/system" deploy/systemd/yolox.service deploy/systemd/yolox.socket
  install -D -m 0644 deploy/systemd/yolox.default "$root/etc/default/yolox"
  # For `yolox weights fetch`.
  install -d "$root/var/lib/yolox"

  local doc=$root/usr/share/doc/swift-yolox
  install -D -m 0644 -t "$doc" README.md
  install -D -m 0644 -t "$doc/docs" docs/*.md
  install -D -m 0644 -t "$doc/docs/guides" docs/guides/*.md
  install -D -m 0644 -t "$doc/docs/images" docs/images/street.png docs/images/detections.png
  install -D -m 0644 -t "$doc/examples" deploy/systemd/lan.conf deploy/prometheus/rules.yaml examples/cameras.json
  install -D -m 0644 -t "$doc/examples/python" examples/python/batch.py
  echo /etc/default/yolox >"$root/DEBIAN/conffiles"
  install -m 0755 deploy/package/postinst deploy/package/prerm deploy/package/postrm "$root/DEBIAN/"
  make_package swift-yolox yolox "$root" deploy/package/control
}

make_training_package() {
  local root=$work/root-train
  mkdir -p "$root/DEBIAN"
  install -D -m 0755 "$work/yolox-train" "$root/usr/bin/yolox-train"
  describe yolox-train "$root/usr"
  install -D -m 0644 -t "$root/usr/share/doc/swift-yolox-train" docs/training.md
  make_package swift-yolox-train yolox-train "$root" deploy/package/control-train
}

# What both packages have, and the package itself.
make_package() {
  local package=$1 command=$2 root=$3 control=$4 depends file doc
  doc=$root/usr/share/doc/$package
  file=${package}_${version}_$architecture.deb
  gzip -9n "$root/usr/share/man/man1/$command.1"
  install -D -m 0644 deploy/package/copyright "$doc/copyright"
  {
    echo "$package ($version) stable; urgency=medium"
    echo
    # The newest section, in Debian's format.
    sed -n '/^- /,$p' CHANGELOG.md | sed '/^$/,$d' \
      | awk '/^- / && NR > 1 { print "" } { sub(/^ +/, ""); printf "%s ", $0 } END { print "" }' \
      | fold -s -w 74 | sed 's/^/    /; s/^    - /  * /; s/ *$//'
    echo
    echo " -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")"
  } | gzip -9n >"$doc/changelog.gz"
  chmod 0644 "$doc/changelog.gz"
  sed "s/^swift-yolox:/$package:/" deploy/package/lintian-overrides >"$work/overrides"
  install -D -m 0644 "$work/overrides" "$root/usr/share/lintian/overrides/$package"

  # dpkg-shlibdeps needs a source package.
  mkdir -p "$work/source/debian"
  printf 'Source: swift-yolox\n\nPackage: swift-yolox\nArchitecture: any\n' >"$work/source/debian/control"
  depends=$(cd "$work/source" && dpkg-shlibdeps -O "$root/usr/bin/$command" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
  sed -e "s|@VERSION@|$version|; s|@ARCHITECTURE@|$architecture|; s|@MAINTAINER@|$maintainer|" \
    -e "s|@DEPENDS@|$depends|; s|@SIZE@|$(du -sk --apparent-size "$root/usr" | cut -f1)|" \
    "$control" >"$root/DEBIAN/control"
  (cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group --build "$root" "dist/$file" >&2
  say "lintian"
  lintian --fail-on error,warning --tag-display-limit 0 "dist/$file"
}

rm -rf dist
mkdir dist
make_tarball
make_service_package
make_training_package
scripts/deploy-sbom.py "$yolox" "$version" >"dist/swift-yolox-$version-$architecture.spdx.json"
(cd dist && sha256sum ./* >SHA256SUMS)
ls -l dist >&2
