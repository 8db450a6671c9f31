"""Quantises an ONNX network to int8 with NNCF, for OpenVINO.

nncf_int8.py NETWORK.onnx SIZE FOLDER COUNT OUTPUT.xml
"""

import sys
from pathlib import Path

import nncf
import openvino

from images import letterboxed


def main():
    source, size, folder, count, output = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    paths = sorted(folder.glob("*.jpg"))[:count]
    samples = nncf.Dataset(paths, lambda path: letterboxed(path, size)[0])
    network = openvino.Core().read_model(source)
    quantized = nncf.quantize(network, samples, subset_size=count, preset=nncf.QuantizationPreset.MIXED)
    openvino.save_model(quantized, output, compress_to_fp16=False)


if __name__ == "__main__":
    main()
