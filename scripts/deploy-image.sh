#!/usr/bin/env bash
# Builds the container image with docker or, where there is none, with buildah.
#
# usage: scripts/deploy-image.sh [TAG]
#
# WEIGHTS (yolox-nano), BUILD_IMAGE, RUNTIME_IMAGE and VERSION are the Dockerfile's arguments of these names; PLATFORM,
# for example linux/amd64,linux/arm64, asks docker buildx or buildah for more than this machine's architecture.
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
  echo "deploy-image: there is neither a running docker nor buildah" >&2
  exit 1
fi
