#!/usr/bin/env bash
# Builds the container image with docker, or with buildah if docker is missing.
#
# usage: scripts/deploy-image.sh [TAG]
#
# WEIGHTS (yolox-nano), BUILD_IMAGE, RUNTIME_IMAGE and VERSION are passed to the Dockerfile. PLATFORM, for example
# linux/amd64,linux/arm64, selects architectures; it needs docker buildx or buildah.
set -euo pipefail
cd "$(dirname "$0")/.."
tag=${1:-swift-yolox:latest}

arguments=(
  --build-arg "WEIGHTS=${WEIGHTS-yolox-nano}"
  --build-arg "VERSION=${VERSION:-$(scripts/deploy-version.sh)}"
  --build-arg "REVISION=$(git rev-parse HEAD)"
  --build-arg "CREATED=$(git show -s --format=%cI HEAD)"
)
[ -z "${BUILD_IMAGE:-}" ] || arguments+=(--build-arg "BUILD_IMAGE=$BUILD_IMAGE")
[ -z "${RUNTIME_IMAGE:-}" ] || arguments+=(--build-arg "RUNTIME_IMAGE=$RUNTIME_IMAGE")
[ -z "${PLATFORM:-}" ] || arguments+=(--platform "$PLATFORM")

if docker info >/dev/null 2>&1; then
  exec docker build "${arguments[@]}" --tag "$tag" .
elif command -v buildah >/dev/null; then
  # The OCI format has no health check; docker's has.
  exec buildah bud --format docker "${arguments[@]}" --tag "$tag" .
else
  echo "deploy-image: neither a running docker nor buildah was found; install one of them" >&2
  exit 1
fi
