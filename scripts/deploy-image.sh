#!/usr/bin/env bash
# Builds the container image with docker, or with buildah if docker is missing.
#
# usage: scripts/deploy-image.sh [TAG...]
#
# Without TAG: swift-yolox:latest and, as the manifests in deploy/ want it, swift-yolox:VERSION.
#
# WEIGHTS (yolox-nano), BUILD_IMAGE, RUNTIME_IMAGE and VERSION are passed to the Dockerfile. PLATFORM, for example
# linux/amd64,linux/arm64, selects architectures; it needs docker buildx or buildah.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${VERSION:-$(scripts/deploy-version.sh)}
[ $# -gt 0 ] || set -- swift-yolox:latest "swift-yolox:$version"

arguments=(
  --build-arg "WEIGHTS=${WEIGHTS-yolox-nano}"
  --build-arg "VERSION=$version"
  --build-arg "REVISION=$(git rev-parse HEAD)"
  --build-arg "CREATED=$(git show -s --format=%cI HEAD)"
)
for tag in "$@"; do arguments+=(--tag "$tag"); done
[ -z "${BUILD_IMAGE:-}" ] || arguments+=(--build-arg "BUILD_IMAGE=$BUILD_IMAGE")
[ -z "${RUNTIME_IMAGE:-}" ] || arguments+=(--build-arg "RUNTIME_IMAGE=$RUNTIME_IMAGE")
[ -z "${PLATFORM:-}" ] || arguments+=(--platform "$PLATFORM")

if docker info >/dev/null 2>&1; then
  exec docker build "${arguments[@]}" .
elif command -v buildah >/dev/null; then
  # The OCI format has no health check; docker's has.
  exec buildah bud --format docker "${arguments[@]}" .
else
  echo "deploy-image: neither a running docker nor buildah was found; install one of them" >&2
  exit 1
fi
