#!/usr/bin/env bash
# Times training iterations of yolox-train and of the authors' PyTorch code on this machine and prints a table.
# The first argument is a clone of the authors' repository. PyTorch goes into a virtual environment of its own,
# .venv-bench-train, unless YOLOX_PYTHON names a Python that has it.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ $# -lt 1 ] || [ ! -d "$1/yolox" ]; then
  echo "bench-train: YOLOX_REPOSITORY=path names a clone of https://github.com/Megvii-BaseDetection/YOLOX" >&2
  exit 1
fi
if [ -n "${YOLOX_PYTHON:-}" ]; then exec "$YOLOX_PYTHON" Benchmarks/training/compare.py "$@"; fi
if [ ! -x .venv-bench-train/bin/python ]; then
  python3 -m venv .venv-bench-train || {
    echo "bench-train: python3 with venv is missing (Debian: apt-get install python3-venv)" >&2
    exit 1
  }
fi
.venv-bench-train/bin/python -m pip install --quiet --disable-pip-version-check \
  torch torchvision loguru tabulate psutil thop opencv-python-headless pycocotools
exec .venv-bench-train/bin/python Benchmarks/training/compare.py "$@"
