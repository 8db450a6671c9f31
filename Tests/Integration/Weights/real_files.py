#!/usr/bin/env python3
"""Compares `yolox` with ONNX Runtime on a folder of weights files and prints a Markdown table: boxes by each, or the reason
for which yolox rejects a file.

    pip install -r requirements.txt
    real_files.py FOLDER IMAGE [--yolox .build/release/yolox]

FOLDER holds .onnx, .pth and other files, of any source; they stay there. IMAGE is any photograph. Exits with an error if
boxes differ, or if a file is accepted of which ONNX Runtime makes something else.

ONNX Runtime is given normalised RGB where yolox says that the weights are of the legacy kind.
"""
import argparse
import pathlib
import sys

import numpy
from PIL import Image

from comparison import NMS, SCORE, agreeing, by_yolox, clipped, decoded, detections, planes, session, suppressed


def by_onnx_runtime(path, photograph, legacy):
    runtime = session(str(path))
    source = runtime.get_inputs()[0]
    channels, height, width = source.shape[1:]
    factor = 2 if channels == 12 else 1
    size = (width * factor, height * factor)
    image = planes(photograph.resize(size), legacy)
    if channels == 12:
        image = numpy.concatenate([image[..., row::2, column::2] for row, column in ((0, 0), (1, 0), (0, 1), (1, 1))], 1)
    outputs = runtime.run(None, {source.name: image})
    output = outputs[0]
    if [value.name for value in runtime.get_outputs()] == ["dets", "labels"]:  # mmdeploy's, suppressed at another threshold
        rows = numpy.concatenate([output[0], outputs[1].reshape(-1, 1)], 1).astype(numpy.float64)
        return size, suppressed(rows[rows[:, 4] >= SCORE], NMS)
    if output.ndim == 2 and output.shape[1] == 7:  # batch, class, score, corners: suppressed in the file
        return size, output[:, [3, 4, 5, 6, 2, 1]].astype(numpy.float64)
    return size, detections(decoded(output[0], size[1], size[0]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("image")
    parser.add_argument("--yolox", default=".build/release/yolox")
    options = parser.parse_args()
    photograph = Image.open(options.image).convert("RGB")
    equal_files, rejected, alone, different = 0, 0, 0, 0
    print("| file | ONNX Runtime | yolox | agreeing, or the reason |\n| --- | --- | --- | --- |")
    for path in sorted(options.folder.iterdir()):
        if path.suffix in (".expected", ".data", ".json", ".txt"):
            continue
        try:
            _, answer = by_yolox(options.yolox, path, photograph.resize((416, 416)))
            size, theirs = by_onnx_runtime(path, photograph, "legacy kind" in answer)
        except Exception as error:  # not an ONNX file, or one that ONNX Runtime rejects
            # What another program makes of the file is only shown.
            kind = type(error).__name__
            foreign = {"InvalidProtobuf": "no ONNX file", "Fail": "rejected"}.get(kind, "not compared")
            theirs, size = None, (416, 416)
        ours, answer = by_yolox(options.yolox, path, photograph.resize(size))
        left = foreign if theirs is None else str(len(theirs))
        if ours is None:
            rejected += 1
            print(f"| {path.name} | {left} | rejected | {answer} |", flush=True)
        elif theirs is None:
            alone += 1
            print(f"| {path.name} | {left} | {len(ours)} | no comparison |", flush=True)
        else:
            equal, coordinate, score = agreeing(ours, clipped(theirs, size))
            is_equal = equal == len(ours) == len(theirs)
            equal_files, different = equal_files + is_equal, different + (not is_equal)
            print(f"| {path.name} | {left} | {len(ours)} | {equal} |", flush=True)
    print(f"\n{equal_files + rejected + alone + different} files: {equal_files} with equal boxes, {rejected} rejected, "
          f"{alone} without comparison, {different} different.")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
