#!/usr/bin/env bash
# Compares the service with FastAPI + uvicorn and LitServe, both with ONNX Runtime and OpenCV, under load from wrk. Installs the
# others in .venv-bench.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ ! -x .venv-bench/bin/python ]; then
  python3 -m venv .venv-bench || {
    echo "bench-service: python3 with venv is missing (Debian: apt-get install python3-venv)" >&2
    exit 1
  }
fi
command -v wrk >/dev/null || {
  echo "bench-service: wrk is missing (Debian: apt-get install wrk)" >&2
  exit 1
}
.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check \
  onnxruntime numpy opencv-python-headless fastapi uvicorn python-multipart litserve
exec .venv-bench/bin/python Benchmarks/service/compare.py "$@"
