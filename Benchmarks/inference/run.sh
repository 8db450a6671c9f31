#!/usr/bin/env bash
# Times swift-yolox, ONNX Runtime and OpenVINO in turns and prints medians and ratios: networks alone, with memory and average
# precision, and from JPEG to boxes. Installs the others in .venv-bench.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ ! -x .venv-bench/bin/python ]; then
  python3 -m venv .venv-bench || {
    echo "bench: python3 with venv is missing (Debian: apt-get install python3-venv)" >&2
    exit 1
  }
fi
.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check \
  onnxruntime openvino nncf numpy opencv-python-headless
case " $* " in
*" --all "*)
  # Dependencies of the authors' exporter.
  .venv-bench/bin/python -m pip install --quiet --disable-pip-version-check \
    torch torchvision onnx loguru tabulate psutil thop pycocotools
  ;;
esac
.venv-bench/bin/python Benchmarks/inference/compare.py "$@"
echo
exec .venv-bench/bin/python Benchmarks/inference/end_to_end.py
