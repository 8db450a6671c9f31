#!/usr/bin/env bash
# Times our engine and ONNX Runtime in turns on this machine and prints tables of medians and ratios: of networks alone, and
# from JPEG to boxes.
# ONNX Runtime and OpenCV go into a virtual environment of its own, .venv-bench.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -x .venv-bench/bin/python ]; then
  python3 -m venv .venv-bench || {
    echo "bench: python3 with venv is missing (Debian: apt-get install python3-venv)" >&2
    exit 1
  }
fi
.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check onnxruntime numpy opencv-python-headless
.venv-bench/bin/python Benchmarks/inference.py "$@"
echo
exec .venv-bench/bin/python Benchmarks/end_to_end.py
