#!/usr/bin/env bash
# Builds a release into dist/: a relocatable tarball, a Debian package, their digests.
#
# usage: scripts/deploy-release.sh [YOLOX]
#
# YOLOX is a command built with --static-swift-stdlib; if it is omitted, the script builds one. Both include YOLOX-Nano, so that
# the service works right after installation; a file in YOLOX_WEIGHTS_DIR or weights/ is used instead of a download.
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
  swift build -c release --product yolox --static-swift-stdlib --scratch-path .build-release
  yolox=.build-release/release/yolox
fi
strip --remove-section=.comment --remove-section=.note -o "$work/yolox" "$yolox"
[ "$("$work/yolox" --version)" = "$version" ] || { say "the command is not of version $version"; exit 1; }
if readelf -d "$work/yolox" | grep -q 'libswift'; then
  say "the command needs Swift's libraries; build it with --static-swift-stdlib"
  exit 1
fi

# PREFIX/bin and PREFIX/share are the same in both.
prefix=$work/prefix
weights=$prefix/share/yolox
install -D -m 0755 "$work/yolox" "$prefix/bin/yolox"
install -D -m 0644 weights/manifest.json "$weights/manifest.json"
"$prefix/bin/yolox" weights fetch yolox-nano --directory "$weights" >&2
install -d "$prefix/share/man/man1"
python3 scripts/deploy-manpage.py "$work/yolox" "$version" "$date" >"$prefix/share/man/man1/yolox.1"
for shell in bash zsh fish; do
  case $shell in
    bash) file=bash-completion/completions/yolox ;;
    zsh) file=zsh/vendor-completions/_yolox ;;
    fish) file=fish/vendor_completions.d/yolox.fish ;;
  esac
  install -d "$prefix/share/$(dirname "$file")"
  # A completion is sourced, not run, so it has no interpreter.
  "$work/yolox" --generate-completion-script "$shell" | sed '1{/^#!/d}' >"$prefix/share/$file"
done

make_tarball() {
  local name=swift-yolox-$version-linux-$architecture
  cp -a "$prefix" "$work/$name"
  cp README.md CHANGELOG.md LICENSE "$work/$name/"
  # From the commit, because the working folder can contain keys.
  git archive HEAD deploy/systemd deploy/proxy deploy/prometheus deploy/kubernetes deploy/kserve \
    | tar -x -C "$work/$name"
  tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -C "$work" -c "$name" \
    | gzip -9n >"dist/$name.tar.gz"
}

make_package() {
  local root=$work/root name=swift-yolox_${version}_$architecture.deb depends
  mkdir -p "$root/DEBIAN" "$root/usr"
  cp -a "$prefix/." "$root/usr/"
  gzip -9n "$root/usr/share/man/man1/yolox.1"
  install -D -m 0644 -t "$root/lib/systemd/system" deploy/systemd/yolox.service deploy/systemd/yolox.socket
  install -D -m 0644 deploy/systemd/yolox.default "$root/etc/default/yolox"
  # For `yolox weights fetch`.
  install -d "$root/var/lib/yolox"

  local doc=$root/usr/share/doc/swift-yolox
  install -D -m 0644 deploy/package/copyright "$doc/copyright"
  install -D -m 0644 README.md "$doc/README.md"
  {
    echo "swift-yolox ($version) stable; urgency=medium"
    echo
    # The newest section, in Debian's format.
    sed -n '/^- /,$p' CHANGELOG.md | sed '/^$/,$d' \
      | awk '/^- / && NR > 1 { print "" } { sub(/^ +/, ""); printf "%s ", $0 } END { print "" }' \
      | fold -s -w 74 | sed 's/^/    /; s/^    - /  * /; s/ *$//'
    echo
    echo " -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")"
  } | gzip -9n >"$doc/changelog.gz"
  chmod 0644 "$doc/changelog.gz"
  install -D -m 0644 deploy/package/lintian-overrides "$root/usr/share/lintian/overrides/swift-yolox"

  # dpkg-shlibdeps needs a source package.
  mkdir -p "$work/source/debian"
  printf 'Source: swift-yolox\n\nPackage: swift-yolox\nArchitecture: any\n' >"$work/source/debian/control"
  depends=$(cd "$work/source" && dpkg-shlibdeps -O "$root/usr/bin/yolox" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
  sed -e "s|@VERSION@|$version|; s|@ARCHITECTURE@|$architecture|; s|@MAINTAINER@|$maintainer|" \
    -e "s|@DEPENDS@|$depends|; s|@SIZE@|$(du -sk --apparent-size "$root/usr" | cut -f1)|" \
    deploy/package/control >"$root/DEBIAN/control"
  echo /etc/default/yolox >"$root/DEBIAN/conffiles"
  install -m 0755 deploy/package/postinst deploy/package/prerm deploy/package/postrm "$root/DEBIAN/"
  (cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group --build "$root" "dist/$name" >&2
  say "lintian"
  lintian --fail-on error,warning --tag-display-limit 0 "dist/$name"
}

rm -rf dist
mkdir dist
make_tarball
make_package
(cd dist && sha256sum ./* >SHA256SUMS)
ls -l dist >&2
